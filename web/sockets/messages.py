"""The messages of the sockets; those of the browser are validated. docs/protocol.md describes the protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from uuid import UUID

M = TypeVar("M")

# May be left out, as pages loaded before an update do.
UUIDS = tuple[UUID, ...]


class BadMessageError(Exception):
    """The message is not valid. The text says why, for the log."""


@dataclass(frozen=True)
class Open:
    conversation: UUID


@dataclass(frozen=True)
class Watch:
    run: UUID
    after: int


@dataclass(frozen=True)
class Send:
    conversation: UUID
    id: UUID
    text: str
    attachments: tuple[UUID, ...] = ()
    search: str = ""
    harder: bool = False


@dataclass(frozen=True)
class Edit:
    message: UUID
    id: UUID
    text: str
    attachments: tuple[UUID, ...] = ()
    search: str = ""
    harder: bool = False


@dataclass(frozen=True)
class Retry:
    message: UUID
    id: UUID
    revision: str = ""
    harder: bool = False


@dataclass(frozen=True)
class Stop:
    run: UUID


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Draw:
    sketch: UUID
    number: int
    prompt: str
    style: str
    shape: str
    seed: int
    hurry: bool
    without: str = ""


@dataclass(frozen=True)
class Hurry:
    sketch: UUID
    number: int


@dataclass(frozen=True)
class Leave:
    pass


@dataclass(frozen=True)
class Enter:
    room: UUID
    after: int


@dataclass(frozen=True)
class Say:
    id: UUID
    text: str
    attachments: tuple[UUID, ...] = ()
    quoted: UUID | None = None
    search: str = ""


@dataclass(frozen=True)
class Typing:
    pass


@dataclass(frozen=True)
class Drawing:
    sketch: UUID


@dataclass(frozen=True)
class Drawn:
    pass


@dataclass(frozen=True)
class Vote:
    poll: UUID
    option: int


@dataclass(frozen=True)
class Read:
    number: int


ConversationMessage = Open | Watch | Send | Edit | Retry | Stop | Ping
PictureMessage = Draw | Hurry | Leave | Ping
RoomMessage = Enter | Say | Typing | Drawing | Drawn | Vote | Read | Watch | Stop | Ping

PICTURE_MESSAGES: dict[str, type[PictureMessage]] = {"draw": Draw, "hurry": Hurry, "leave": Leave, "ping": Ping}
CONVERSATION_MESSAGES: dict[str, type[ConversationMessage]] = {
    "open": Open,
    "watch": Watch,
    "send": Send,
    "edit": Edit,
    "retry": Retry,
    "stop": Stop,
    "ping": Ping,
}
ROOM_MESSAGES: dict[str, type[RoomMessage]] = {
    "enter": Enter,
    "say": Say,
    "typing": Typing,
    "drawing": Drawing,
    "drawn": Drawn,
    "vote": Vote,
    "read": Read,
    "watch": Watch,
    "stop": Stop,
    "ping": Ping,
}


def parse(text: str, kinds: Mapping[str, type[M]]) -> M:
    """The message in `text`, one of `kinds`. Unknown fields are ignored. Raises BadMessageError."""
    value = _load(text)
    kind = kinds.get(value["type"]) if isinstance(value.get("type"), str) else None
    if kind is None:
        raise BadMessageError("the type is unknown")
    fields = {
        name: _field(value, name, wanted)
        for name, wanted in kind.__annotations__.items()
        # What has a default may be left out.
        if name in value or not hasattr(kind, name)
    }
    return kind(**fields)


def _load(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessageError("not JSON") from error
    if not isinstance(value, dict):
        raise BadMessageError("not an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessageError(f"{name} is no JSON")


def _field(value: dict[str, Any], name: str, wanted: Any) -> Any:
    item = value.get(name)
    if wanted in (UUID, UUID | None) and isinstance(item, str):
        return _uuid(item, name)
    if wanted == UUID | None and item is None:
        return None
    if wanted is int and isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 2**31:
        return item
    if wanted is bool and isinstance(item, bool):
        return item
    if wanted == UUIDS and (item is None or isinstance(item, list)):
        return tuple(_field({name: one}, name, UUID) for one in item or ())
    if wanted is str and isinstance(item, str) and _encodable(item):
        return item
    raise BadMessageError(f"{name} is missing or of the wrong kind")


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadMessageError(f"{name} is no id") from error


def _encodable(text: str) -> bool:
    """Whether it can be stored: a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode(kind: str, /, **fields: object) -> str:
    """A message to the browser, as JSON."""
    return json.dumps({"type": kind, **fields}, separators=(",", ":"), ensure_ascii=False)
