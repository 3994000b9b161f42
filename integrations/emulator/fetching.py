"""Media by a link: only addresses of this machine are ever fetched."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

SECONDS = 10
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class FetchError(Exception):
    """A link could not be fetched, in one sentence."""


@dataclass(frozen=True)
class Fetched:
    data: bytes
    mime: str
    name: str


Fetch = Callable[[str, int], Awaitable[Fetched]]


def is_loopback(url: str) -> bool:
    """Whether an address is HTTP on this machine."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  It raises for a port that is no number.
    except ValueError:
        return False
    # A name in the address, as in http://127.0.0.1@elsewhere/, is a trick.
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK and "@" not in parts.netloc


class Fetcher:
    """Fetches what a send links to."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def fetch(self, url: str, limit: int) -> Fetched:
        """The file behind a link, at most `limit` bytes. Raises FetchError; redirects are not followed."""
        if not is_loopback(url):
            raise FetchError("The emulator fetches only from this machine.")
        try:
            async with self._session.get(
                url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=SECONDS)
            ) as response:
                if response.status != 200:
                    raise FetchError(
                        f"Downloading media from weblink failed with http code {response.status}, "
                        f"status message {response.reason}"
                    )
                data = b""
                async for piece in response.content.iter_chunked(64 * 1024):
                    data += piece
                    if len(data) > limit:
                        raise FetchError(f"The file has more than {limit} bytes.")
                name = urlsplit(url).path.rpartition("/")[2]
                return Fetched(data, response.headers.get("Content-Type", ""), name)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FetchError(f"Downloading media from weblink failed: {type(error).__name__}") from error
