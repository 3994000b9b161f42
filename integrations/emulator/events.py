"""What happened on a phone or to a message, as far as a webhook tells of it."""

from dataclasses import dataclass
from typing import Literal

from integrations.emulator.group_events import GroupEvent
from integrations.emulator.things import App, Bubble, Comment, Fault, Person, Post, Thread

Verb = Literal["add", "edited", "remove", "hide", "unhide"]


@dataclass(frozen=True)
class Wrote:
    """A person sent something: words, media, a place, a contact, or a tap on what we offered (`bubble.tapped`)."""

    thread: Thread
    bubble: Bubble


@dataclass(frozen=True)
class Opened:
    """A person came by a link into a chat that was there already (Messenger and Instagram)."""

    thread: Thread
    ref: str


@dataclass(frozen=True)
class Reacted:
    """A person reacted to `bubble`, or took the reaction back: no `emoji` then, but the `former` one."""

    thread: Thread
    bubble: Bubble
    emoji: str | None
    former: str | None = None


@dataclass(frozen=True)
class Edited:
    thread: Thread
    bubble: Bubble


@dataclass(frozen=True)
class Unsent:
    thread: Thread
    bubble: Bubble


@dataclass(frozen=True)
class Rated:
    """Thumbs up or down under a message of the assistant (Messenger)."""

    thread: Thread
    bubble: Bubble
    good: bool


@dataclass(frozen=True)
class Seen:
    """The phone is open: the person has seen all of the assistant's messages up to `bubble`."""

    thread: Thread
    bubble: Bubble


@dataclass(frozen=True)
class Sent:
    """The assistant's message was taken; Messenger and Instagram echo it."""

    thread: Thread
    bubble: Bubble


@dataclass(frozen=True)
class Status:
    """The assistant's message went on: sent, delivered, read or failed, as `bubble` says."""

    thread: Thread
    bubble: Bubble
    status: str


@dataclass(frozen=True)
class Undeliverable:
    """A message that was taken for a number that nobody has (WhatsApp)."""

    message_id: str
    recipient: str
    fault: Fault
    metadata: str = ""


@dataclass(frozen=True)
class Commented:
    post: Post
    comment: Comment
    verb: Verb = "add"


@dataclass(frozen=True)
class NumberChanged:
    person: Person
    former: str


@dataclass(frozen=True)
class UserIdChanged:
    person: Person
    former: str


@dataclass(frozen=True)
class Raw:
    """A payload as somebody wrote it: one item of `messages` (WhatsApp) or of `messaging`, delivered as it is."""

    app: App
    item: dict[str, object]
    field: str = ""


Event = (
    Wrote
    | Opened
    | Reacted
    | Edited
    | Unsent
    | Rated
    | Seen
    | Sent
    | Status
    | Undeliverable
    | Commented
    | NumberChanged
    | UserIdChanged
    | Raw
    | GroupEvent
)
