"""What we send to an app, as typed values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from imagine.files.forms import MessengerForm

FileForm = MessengerForm


@dataclass(frozen=True)
class Choice:
    """Something to tap: the app shows `title` and sends us `payload` back. `about` is a second line, in lists."""

    title: str
    payload: str
    about: str = ""


@dataclass(frozen=True)
class Drawn:
    """One of our pictures, by its id, in a form of imagine/files."""

    picture: str
    form: FileForm


@dataclass(frozen=True)
class Enclosed:
    """A file that a member of a room sent, by its id: a RoomFile, or where `kind` is "text" an Attachment."""

    id: str
    kind: Literal["audio", "video", "document", "text"]


@dataclass(frozen=True)
class OutboundMessage:
    """One bubble: `text` in the app's dialect and within its limits, a picture or a file, or both, and what can be
    tapped.

    `quotes` is the app's id of a message to which it is a reply. `menu` is the word that opens a list of choices,
    where the app has such lists; without it few choices are buttons. `instead` is what is sent where the app refuses
    the file. With `reacts` it is no bubble, but an emoji under the message that it `quotes`; empty takes that back.
    """

    text: str = ""
    drawn: Drawn | None = None
    choices: tuple[Choice, ...] = ()
    menu: str = ""
    quotes: str = ""
    enclosed: Enclosed | None = None
    instead: str = ""
    reacts: str | None = None

    @property
    def has_file(self) -> bool:
        """Whether a file goes along."""
        return bool(self.drawn or self.enclosed)

    def to_json(self) -> dict[str, Any]:
        """For the outbox; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "OutboundMessage":
        """What `to_json` wrote. Raises LookupError or TypeError for anything else."""
        # Rows of older versions have no files but pictures.
        drawn, enclosed = value["drawn"], value.get("enclosed")
        choices = tuple(Choice(**one) for one in value["choices"])
        files = {"drawn": Drawn(**drawn) if drawn else None, "enclosed": Enclosed(**enclosed) if enclosed else None}
        return cls(**{**value, **files, "choices": choices})


@dataclass(frozen=True)
class Recipient:
    """To whom, from our account `account`: a person by their ids, or under the comment `comment`.

    `privately`: who wrote the comment gets it, once, as a message. `post` is where the comment stands, if that is not
    a post of ours; the same as `comment` where a post itself is answered. `group`: to all who are in it, instead.
    """

    account: str
    user_id: str = ""
    phone: str = ""
    comment: str = ""
    privately: bool = False
    post: str = ""
    group: str = ""
