"""What reaches us from an app, as typed values; each app makes them from its own JSON. All text in them is hostile.

Texts are cut and cleaned where they are made, by `label` and `words` below.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

# The longest name, title or address of a place that is kept, and the longest message.
LABEL_CHARACTERS = 200
TEXT_CHARACTERS = 16_000
PAYLOAD_CHARACTERS = 1_000
MOST_MEDIA = 10
MOST_CARDS = 10
# Meta puts 1,000 things into a delivery at most; what is beyond this is not read, so that it ends.
MOST_ITEMS = 20_000


@dataclass(frozen=True)
class Sender:
    """Who wrote, by the app's own ids: `user_id` never changes on its own account, `phone` may be missing or change.

    `phone` is digits without a plus. `name` and `username` are chosen by the person and prove nothing.
    """

    user_id: str = ""
    phone: str = ""
    name: str = ""
    username: str = ""


@dataclass(frozen=True)
class Media:
    """A file in a message: by its `id` at the app, or by an address. `name` is a label, `mime_type` a claim."""

    kind: Literal["image", "video", "audio", "document", "sticker"]
    id: str = ""
    url: str = ""
    mime_type: str = ""
    name: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Place:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True)
class Card:
    """A contact that somebody sends: a name, phone numbers and e-mail addresses."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """Something of our account `account`, from `sender`, at `at` by the app's clock."""

    account: str
    sender: Sender
    at: datetime


@dataclass(frozen=True)
class Kept(Event):
    """An event that stands in the inbox until it is answered."""

    def to_json(self) -> dict[str, Any]:
        """For the inbox; `from_json` reads it."""
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises LookupError, TypeError or ValueError for anything else."""
        return cls(**_plain(value))


@dataclass(frozen=True)
class InboundMessage(Kept):
    """A message, or a tap: then `payload` is what we gave the button, and `text` its title.

    `quoted` is the app's id of the message it replies to, `story` the address of a story it replies to, `ref` what a
    link into the chat carried, `group` the group it was said in, `unknown` the kind of a message that the app itself
    cannot pass on.
    """

    id: str
    text: str = ""
    payload: str = ""
    media: tuple[Media, ...] = ()
    place: Place | None = None
    cards: tuple[Card, ...] = ()
    links: tuple[str, ...] = ()
    quoted: str = ""
    story: str = ""
    ref: str = ""
    group: str = ""
    forwarded: bool = False
    unknown: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises LookupError, TypeError or ValueError for anything else."""
        place = value["place"]
        return cls(
            **{
                **_plain(value),
                "media": tuple(Media(**one) for one in value["media"]),
                "place": Place(**place) if place else None,
                "cards": tuple(Card(one["name"], tuple(one["phones"]), tuple(one["emails"])) for one in value["cards"]),
                "links": tuple(value["links"]),
            }
        )


@dataclass(frozen=True)
class InboundEdit(Kept):
    """The message `id` now reads `text`; `group` is that in which it was said."""

    id: str
    text: str
    group: str = ""


@dataclass(frozen=True)
class InboundUnsend(Event):
    """The message `id` was taken back: no copy may stay. `group` is that in which it was said."""

    id: str
    group: str = ""


@dataclass(frozen=True)
class InboundReaction(Event):
    """A reaction to the message `id`; empty where it was taken back. Thumbs under an answer come as 👍 and 👎."""

    id: str
    emoji: str
    group: str = ""


@dataclass(frozen=True)
class InboundOpening(Kept):
    """The chat was opened without a word: by an advertisement, a button, or a link, which may carry a `ref`."""

    ref: str = ""


@dataclass(frozen=True)
class InboundComment(Kept):
    """A comment `id` under `post`, or a post itself that names us, where both are one. `parent` is the comment above.

    `verb` is "add", "edit", "remove" or "hide". `named`: the app itself says that it names us; elsewhere the words
    tell. The sender is empty, and so may the text be, where the app does not say: then it has to be asked.
    """

    id: str
    post: str
    text: str = ""
    parent: str = ""
    verb: Literal["add", "edit", "remove", "hide"] = "add"
    named: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment as it stands now, or a post that names us. `parent` is the comment above."""

    text: str
    sender: Sender
    parent: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Post:
    """What a post says. `pictured`: it shows a picture or a video besides."""

    text: str = ""
    pictured: bool = False


@dataclass(frozen=True)
class StatusChange(Event):
    """How far what we sent has come: the message `id`, or all up to `until` where there is no id.

    `key` is what we gave the app with it, `problem` its code of an error, `detail` its words on that.
    """

    status: Literal["sent", "delivered", "read", "failed"]
    id: str = ""
    until: datetime | None = None
    key: str = ""
    problem: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Echo(Event):
    """Our own message `id`, as the app shows it to us: `sender` is the person it went to.

    `key` is what we gave the app with it. `human`: somebody of the operator's wrote it, in the app's own inbox. An app
    that names neither key nor sender calls all human: what we sent ourselves is told by its id, once that is known,
    or by its `text`.
    """

    id: str
    key: str = ""
    human: bool = False
    text: str = ""


@dataclass(frozen=True)
class ContactChange(Event):
    """The person in `sender`, as known so far, has other ids from now on; empty ones stay."""

    user_id: str = ""
    phone: str = ""


@dataclass(frozen=True)
class HandOver(Event):
    """Another app, or a human, took the conversation over (`ours` False), or gave it back."""

    ours: bool


@dataclass(frozen=True)
class AccountNotice(Event):
    """The app says something about our account: a warning, a block. `detail` is for the operator."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class GroupNews(Event):
    """Something happened to the group `group`. `request` is the app's id of what we asked for, where it names one."""

    group: str
    request: str = ""


@dataclass(frozen=True)
class GroupMade(GroupNews):
    """A group is there, behind `link`; or it was not made: `problem` is the app's code of an error then."""

    subject: str = ""
    link: str = ""
    problem: str = ""
    detail: str = ""


@dataclass(frozen=True)
class GroupEnded(GroupNews):
    """A group was deleted, or was not: with a `problem`."""

    problem: str = ""


@dataclass(frozen=True)
class GroupJoined(GroupNews):
    people: tuple[Sender, ...] = ()


@dataclass(frozen=True)
class GroupLeft(GroupNews):
    """People went, or were removed, `by_us` or by another tool of ours.

    `staying` should have been removed: `problem` is the app's code of what came between, `detail` its words.
    """

    people: tuple[Sender, ...] = ()
    by_us: bool = False
    staying: tuple[Sender, ...] = ()
    problem: str = ""
    detail: str = ""


@dataclass(frozen=True)
class GroupRenamed(GroupNews):
    subject: str = ""


@dataclass(frozen=True)
class GroupSuspended(GroupNews):
    """The app itself closed a group, or opened it again."""

    suspended: bool = True


@dataclass(frozen=True)
class Ignored:
    """Something that is not for us, or that we do not know, or of which a part was broken: counted and logged.

    `what` names the kind, never what somebody wrote.
    """

    what: str


InboundEvent = Event | Ignored


@dataclass
class Parsed:
    """What is in one delivery."""

    events: list[Event] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read in it."""
        return len(self.events) + len(self.ignored) >= MOST_ITEMS


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event, with those that all have as they were."""
    return {**value, "sender": Sender(**value["sender"]), "at": datetime.fromisoformat(value["at"])}


def label(value: object, most: int = LABEL_CHARACTERS) -> str:
    """A name, title or id from outside as one short line: without control and direction marks; empty if no text."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    kept = "".join(character if is_shown(character) else " " for character in text[: 4 * most])
    return " ".join(kept.split())[:most]


def words(value: object, most: int = TEXT_CHARACTERS) -> str:
    """What somebody wrote, with its lines, without NUL and lone surrogates; empty if it is no text."""
    text = value if isinstance(value, str) else ""
    return text[:most].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def identifier(value: object, most: int = LABEL_CHARACTERS) -> str:
    """An id from outside: printable ASCII, as text; empty if it is something else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isprintable() and len(text) <= most else ""


def is_shown(character: str) -> bool:
    """Whether a character of a label may stay: no control, no mark that turns the direction of what follows."""
    return character.isprintable() or character in "\u200c\u200d"


def moment(value: object) -> datetime:
    """A time by an app's clock: seconds or milliseconds since 1970, as number or text. Raises ValueError."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except OverflowError as error:
        raise ValueError("no time") from error
    if not 0 < number < 1e14:
        raise ValueError("no time")
    # Messenger's are in milliseconds, though some of its samples are in seconds.
    return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)


def moment_or_now(*values: object) -> datetime:
    """The first of some times that is one, as `moment` reads it; now where none is: what was said is not lost."""
    for value in values:
        try:
            return moment(value)
        except ValueError:
            continue
    return datetime.now(UTC)
