"""What is attached to a message in Messenger and Instagram. Every address in it is a stranger's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from integrations.base import mapping, sequence
from integrations.inbound import MOST_MEDIA, Media, Place, identifier, label
from integrations.messaging.envelope import name

URL_CHARACTERS = 2_000
MOST_LINKS = 10
MOST_ATTACHMENTS = 50

# The thumb beside the field for words, in its three sizes. The first is documented, the others are recalled.
THUMBS = {"369239263222822", "369239343222814", "369239383222810"}
FILES: dict[str, Literal["image", "video", "audio", "document", "sticker"]] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "document",
    "sticker": "sticker",
    "animated_image": "image",
}
LINKS = {"fallback", "share", "post", "ig_post", "reel", "ig_reel", "ig_story", "xma"}


@dataclass(frozen=True)
class Attached:
    """`text` is an emoji that the app sends as a picture. `unknown` is the kind of what cannot be shown to us.

    `mentioned`: our account was named in a story, which is nothing that was said to us.
    """

    text: str = ""
    media: tuple[Media, ...] = ()
    links: tuple[str, ...] = ()
    place: Place | None = None
    unknown: str = ""
    mentioned: bool = False


def read(value: object, site: str) -> Attached:
    """The attachments of a message. `site` is where addresses without a host belong."""
    media: list[Media] = []
    links: list[str] = []
    text, unknown, place, mentioned = "", "", None, False
    for attachment in map(mapping, sequence(value)[:MOST_ATTACHMENTS]):
        kind = name(attachment.get("type"))
        payload = mapping(attachment.get("payload"))
        url = address(payload.get("url") or attachment.get("url"), site)
        sticker = identifier(payload.get("sticker_id"))
        if sticker in THUMBS:
            text = "👍"
        elif kind == "like_heart":
            text = "❤️"
        elif kind == "location":
            place = place or _place(attachment, payload)
            unknown = unknown if place else kind
        elif kind == "story_mention":
            mentioned = True
        elif kind in FILES and url:
            media.append(
                Media(
                    "sticker" if sticker else FILES[kind],
                    url=url,
                    name=label(payload.get("title") or payload.get("name") or attachment.get("title")),
                )
            )
        elif kind in LINKS and url:
            links.append(url)
        else:
            unknown = kind
    return Attached(
        text, tuple(media[:MOST_MEDIA]), tuple(dict.fromkeys(links))[:MOST_LINKS], place, unknown, mentioned
    )


def address(value: object, site: str = "") -> str:
    """An address of the web, made whole with `site` where it has no host; empty for anything else."""
    if not isinstance(value, str) or not value or len(value) > URL_CHARACTERS:
        return ""
    if not value.isprintable() or " " in value:
        return ""
    try:
        whole = urljoin(site, value) if value.startswith("/") else value
        parts = urlsplit(whole)
        # Asked for because it raises too, where it is no number.
        return whole if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else ""
    except ValueError:
        return ""


def _place(attachment: Mapping[str, Any], payload: Mapping[str, Any]) -> Place | None:
    where = mapping(payload.get("coordinates"))
    latitude, longitude = _degrees(where.get("lat"), 90), _degrees(where.get("long"), 180)
    if latitude is None or longitude is None:
        return None
    return Place(latitude, longitude, label(attachment.get("title") or payload.get("title")))


def _degrees(value: object, most: int) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and -most <= number <= most else None
