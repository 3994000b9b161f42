"""What happened in a WhatsApp group, as far as a webhook tells of it."""

from dataclasses import dataclass, field
from typing import Literal

from integrations.emulator.things import Bubble, Fault, Group, Person


@dataclass(frozen=True)
class GroupEvent:
    """Something in this group."""

    group: Group


@dataclass(frozen=True)
class GroupMade(GroupEvent):
    """A group is there, or could not be made: `fault` says why."""

    request_id: str
    fault: Fault | None = None


@dataclass(frozen=True)
class GroupDeleted(GroupEvent):
    request_id: str


@dataclass(frozen=True)
class GroupJoined(GroupEvent):
    """People came in by the link; `approved` where we let them in."""

    people: list[Person]
    approved: bool = False


@dataclass(frozen=True)
class JoinAsked(GroupEvent):
    """Somebody asks to come in, or takes that back."""

    person: Person
    request_id: str
    revoked: bool = False


@dataclass(frozen=True)
class GroupLeft(GroupEvent):
    person: Person


@dataclass(frozen=True)
class GroupRemoved(GroupEvent):
    """We removed people, named as in our call; `failed` are those of them who were not in the group.

    With a `fault` nobody was removed, for another reason.
    """

    request_id: str
    removed: list[str]
    failed: list[str] = field(default_factory=list)
    fault: Fault | None = None


@dataclass(frozen=True)
class GroupSettings(GroupEvent):
    """We changed what is not None. `fault` is about the picture: words that are wrong are refused at once."""

    request_id: str
    subject: str | None = None
    description: str | None = None
    picture_sha256: str | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class GroupSuspended(GroupEvent):
    """WhatsApp suspends a group, or clears it."""

    suspended: bool


@dataclass(frozen=True)
class GroupWrote(GroupEvent):
    person: Person
    bubble: Bubble


@dataclass(frozen=True)
class GroupReacted(GroupEvent):
    """Somebody reacted, or took it back: no `emoji` then."""

    person: Person
    bubble: Bubble
    emoji: str | None


@dataclass(frozen=True)
class GroupStatus(GroupEvent):
    """Our message went on: sent or failed for the group (no `people`), delivered or read for these."""

    bubble: Bubble
    status: Literal["sent", "delivered", "read", "failed"]
    people: list[Person] = field(default_factory=list)
