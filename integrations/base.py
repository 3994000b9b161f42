"""What each app is to the rest of the house: it reads deliveries, and sends."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from integrations.errors import ChannelError, RefusedError
from integrations.graph import Graph
from integrations.inbound import Comment, InboundComment, Media, Parsed, Post, Sender
from integrations.outbound import FileForm, OutboundMessage, Recipient
from integrations.text.dialect import Dialect


@dataclass(frozen=True)
class Limits:
    """What an app shows: `buttons` under a bubble, `rows` of a list that a button opens, in characters.

    0 rows: it has no lists. `caption` is the longest text beside a picture, `above` that above buttons; 0: none, and as
    long as a bubble.
    """

    buttons: int
    title: int
    payload: int
    rows: int = 0
    row_title: int = 0
    row_about: int = 0
    caption: int = 0
    above: int = 0


@dataclass(frozen=True)
class Pace:
    """How fast an app takes messages, of one of our accounts and to one contact, as the limits library reads it."""

    account: str
    contact: str


@dataclass(frozen=True)
class Takes:
    """Which files of one kind an app takes from us: of these types, or all where none is named, and how large."""

    types: frozenset[str]
    most: int


@dataclass(frozen=True)
class File:
    """Bytes to send, with their type and a name."""

    data: bytes
    mime_type: str
    name: str


class Posts(ABC):
    """What is said under the posts of our account. All raise ChannelError: RefusedError for what is not there."""

    limit: ClassVar[int]
    """The longest answer under a post, in characters."""
    username: str = ""
    """The one name that nobody else has there, once `names` was asked."""

    @abstractmethod
    async def names(self) -> tuple[str, ...]:
        """What people call our account there, without the sign @; none where the app does not say."""

    @abstractmethod
    def is_own(self, comment: InboundComment) -> bool:
        """Whether it stands under a post of ours, where it can be answered privately too."""

    @abstractmethod
    async def comment(self, comment: InboundComment) -> Comment:
        """The comment as it stands now."""

    @abstractmethod
    async def parent(self, comment_id: str) -> Comment:
        """The comment to which one replies."""

    @abstractmethod
    async def post(self, comment: InboundComment) -> Post:
        """The post under which it stands."""

    @abstractmethod
    async def delete(self, comment_id: str) -> None:
        """Delete an answer of ours."""


class Channel(ABC):
    """One app. Made only where its Setup is on, with the settings as they are then."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What people call the app."""
    object: ClassVar[str]
    """The `object` of its deliveries."""
    dialect: ClassVar[Dialect]
    limits: ClassVar[Limits]
    pace: ClassVar[Pace]
    loop: ClassVar[FileForm]
    """The form in which it takes a picture that moves."""
    typing_seconds: ClassVar[float]
    """After how long the sign that we write has to be sent again."""
    stickers: ClassVar[bool] = False
    """Whether it takes stickers from us."""
    reactions: ClassVar[bool] = False
    """Whether we can react to what somebody wrote."""
    takes: ClassVar[Mapping[str, Takes]]
    """What it takes besides pictures, by the kind: "audio", "video", "document"."""
    has_groups: ClassVar[bool] = False
    """Whether it has groups that we can make."""

    @property
    @abstractmethod
    def account(self) -> str:
        """The id of our account there."""

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """Its server."""

    @property
    def posts(self) -> Posts | None:
        """What is said under posts; None for an app that has none."""
        return None

    def takes_file(self, kind: str, content_type: str, size: int) -> bool:
        """Whether it takes a file of that kind, type and number of bytes."""
        takes = self.takes.get(kind)
        return takes is not None and size <= takes.most and (not takes.types or content_type in takes.types)

    def admits(self, sender: Sender) -> bool:
        """Whether we may answer this person. Everybody, unless the app's terms say otherwise."""
        return True

    def failure(self, problem: str) -> type[ChannelError]:
        """What it means that a message which was taken has failed, by the app's code of the reason."""
        return RefusedError

    @abstractmethod
    def parse(self, entries: Sequence[Any]) -> Parsed:
        """All that is in a delivery's `entry`. One broken item never loses the others; nothing is raised."""

    @abstractmethod
    async def send(self, to: Recipient, message: OutboundMessage, file: File | None, key: str) -> str:
        """Send one bubble, with the `file` of its picture; returns the app's id for it.

        `key` is ours: the app gives it back in what it tells us about the message. Raises ChannelError.
        """

    @abstractmethod
    async def show_typing(self, to: Recipient, seen: str) -> None:
        """Mark the message `seen` as read, and show that we write. Raises ChannelError."""

    @abstractmethod
    async def download(self, media: Media, most: int) -> bytes:
        """A file that somebody sent, at most so many bytes. Raises ChannelError (MediaGoneError)."""


def mapping(value: object) -> Mapping[str, Any]:
    """`value`, where it is a JSON object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[Any]:
    """`value`, where it is a JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else ()
