"""The events of a person's pictures, published on the channel of keys.person: plain values as JSON.

Live previews come on the same channel as binary messages, see live.py: these are no events.
"""

import json
import logging
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureEvent:
    """The root. `kind` names the event on the channel, as `type`."""

    kind: ClassVar[str]

    def to_bytes(self) -> bytes:
        return json.dumps({"type": self.kind, **asdict(self)}).encode()


@dataclass(frozen=True)
class PictureProgress(PictureEvent):
    """`done` of `of` steps of picture `id` are made (0 of 0: not begun); `status` is one of Picture.Status."""

    kind = "picture"
    id: str
    status: str
    done: int
    of: int


@dataclass(frozen=True)
class PromptRefused(PictureEvent):
    """The preview of a live prompt is not shown. `code` is that of an ImagineError."""

    kind = "refused"
    canvas: str
    number: int
    code: str


@dataclass(frozen=True)
class PromptRead(PictureEvent):
    """What the preview of a live prompt shows differs from it: `drawn` in its place, and without what was left out."""

    kind = "read"
    canvas: str
    number: int
    left_out: str
    drawn: str = ""


EVENTS: dict[str, type[PictureEvent]] = {event.kind: event for event in (PictureProgress, PromptRefused, PromptRead)}


def from_bytes(data: bytes) -> PictureEvent | None:
    """The event that `to_bytes` wrote; None for a binary message, and for an event of another version.

    Raises ValueError for what is no JSON.
    """
    if not data.startswith(b"{"):
        return None
    value: dict[str, Any] = json.loads(data)
    try:
        event = EVENTS[value["type"]]
        known = {field.name for field in fields(event)}
        return event(**{name: item for name, item in value.items() if name in known})
    except (LookupError, TypeError):
        logger.warning("an event of another version is skipped: %.40s", value.get("type"))
        return None
