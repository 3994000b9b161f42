"""Files that people send in Messenger and Instagram. A message names their address, so anybody may have chosen it."""

from dataclasses import replace
from urllib.parse import urlsplit

from assistant.fetch.errors import FetchError
from assistant.fetch.fetcher import Fetcher, Kind
from assistant.pages.library import fetch_options
from integrations.errors import LargeMediaError, MediaGoneError, TemporaryError
from integrations.inbound import Media

# Where Meta keeps what people send. Addresses there need no token, and get none.
HOSTS = "fbcdn.net", "fbsbx.com", "cdninstagram.com"
SECONDS = 60

ANY = {"application/octet-stream", "binary/octet-stream"}
SOUNDS = {
    "audio/aac",
    "audio/amr",
    "audio/m4a",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "audio/x-m4a",
    "audio/x-wav",
    # A recording is an MP4 without a picture, and some servers call it so.
    "video/mp4",
}
PICTURES = {"image/gif", "image/jpeg", "image/png", "image/webp"}
TYPES = {
    "image": PICTURES,
    "sticker": PICTURES,
    "audio": SOUNDS,
    "video": {"video/mp4", "video/ogg", "video/quicktime", "video/webm", "video/x-msvideo"},
    "document": {
        "application/json",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/xml",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/plain",
        "text/xml",
    },
}


async def download(media: Media, most: int, stand_in: str = "") -> bytes:
    """The bytes of a file, at most so many, from Meta's hosts or from the server `stand_in`, without a token.

    Raises MediaGoneError, TemporaryError.
    """
    host = _host(media.url, stand_in)
    options = replace(fetch_options(), allowed=frozenset({host} if host else ()), total_seconds=SECONDS)
    kind = Kind(frozenset(TYPES[media.kind] | ANY), most)
    try:
        async with Fetcher(options) as fetcher:
            fetched = await fetcher.fetch(media.url, kind)
    except FetchError as error:
        if error.retry:
            raise TemporaryError(f"a file of somebody cannot be fetched: {error}") from error
        raise MediaGoneError(f"a file of somebody cannot be fetched: {error}") from error
    # It may have been a redirect that led elsewhere.
    _host(fetched.url, stand_in)
    if fetched.cut:
        raise LargeMediaError(most)
    return fetched.body


def _host(url: str, stand_in: str) -> str:
    """The host, with its port, if it is that of the stand-in; empty for one of Meta's. Raises MediaGoneError."""
    parts, ours = urlsplit(url), urlsplit(stand_in)
    if stand_in and (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
        return parts.netloc
    host = parts.hostname or ""
    if parts.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in HOSTS):
        return ""
    raise MediaGoneError("a file of somebody lies on a host that is not the app's")
