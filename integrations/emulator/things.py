"""What the emulator's world is made of, as plain values: `asdict` of each gives JSON, but for the bytes of media."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

App = Literal["whatsapp", "messenger", "instagram"]
Kind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "buttons",
    "list",
    "cards",
    "template",
    "link",
    "unsupported",
    "notice",
]
Progress = Literal["sending", "sent", "delivered", "read", "played", "failed"]
How = Literal["button", "list", "quick_reply", "postback", "template_button"]
APPS: tuple[App, ...] = get_args(App)


class ActionError(Exception):
    """What a person on a phone cannot do, in one sentence."""


@dataclass
class Account:
    """The business that the assistant answers for: a number, a Page, or an Instagram account.

    `profile` is what was set over the API: menu, ice breakers, get_started, greeting, commands, about. `fields` are
    those that the app asks for on WhatsApp; news of groups come only where theirs are among them.
    """

    app: App
    id: str
    name: str
    token: str
    username: str = ""
    number: str = ""
    account_id: str = ""
    profile: dict[str, Any] = field(default_factory=dict)
    subscribed: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)


@dataclass
class Person:
    """Somebody with the three apps. `phone` is digits without plus, and empty for who has a user name instead.

    `user_id` is WhatsApp's business-scoped id, `psid` Messenger's and `igsid` Instagram's.
    """

    id: str
    name: str
    phone: str
    username: str
    user_id: str
    psid: str
    igsid: str

    @property
    def handle(self) -> str:
        """The user name on Instagram, where everybody has one."""
        return self.username or self.name.lower().replace(" ", ".")


@dataclass
class Button:
    """`payload` comes back when it is tapped; one with a `url` leads there instead."""

    title: str
    payload: str = ""
    url: str = ""
    image_url: str = ""


@dataclass
class Row:
    title: str
    payload: str
    description: str = ""


@dataclass
class Section:
    title: str
    rows: list[Row]


@dataclass
class Card:
    title: str
    subtitle: str = ""
    media_id: str = ""
    url: str = ""
    buttons: list[Button] = field(default_factory=list)


@dataclass
class Place:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass
class ContactCard:
    name: str
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)


@dataclass
class Tap:
    """What was tapped: its payload, what stood on it, and of which kind it was."""

    how: How
    payload: str
    title: str
    description: str = ""
    ref: str = ""


@dataclass
class Fault:
    """Why a message failed."""

    code: int
    title: str
    details: str
    subcode: int = 0


@dataclass
class Bubble:
    """One message of a thread or a group. `id` is the id on the wire; all fields are plain: `asdict` gives JSON.

    In a group `author` is the id of the person who wrote it, `receipts` are the people who have it, each with how far
    it came; what the app itself says there, as that somebody joined, is a notice by "app".
    """

    id: str
    by: Literal["person", "bot", "app"]
    kind: Kind
    at: float
    text: str = ""
    caption: str = ""
    header: str = ""
    footer: str = ""
    media_id: str = ""
    voice: bool = False
    animated: bool = False
    buttons: list[Button] = field(default_factory=list)
    list_button: str = ""
    sections: list[Section] = field(default_factory=list)
    quick_replies: list[Button] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    place: Place | None = None
    contacts: list[ContactCard] = field(default_factory=list)
    template: str = ""
    link: str = ""
    story: str = ""
    tapped: Tap | None = None
    reply_to: str = ""
    private_reply_to: str = ""
    reactions: dict[str, str] = field(default_factory=dict)
    rating: Literal["", "good", "bad"] = ""
    status: Progress = "sending"
    fault: Fault | None = None
    edits: int = 0
    deleted: bool = False
    preview_url: bool = False
    metadata: str = ""
    marks: dict[Progress, float] = field(default_factory=dict)
    author: str = ""
    receipts: dict[str, Progress] = field(default_factory=dict)


@dataclass
class Thread:
    """One person with one app. `open`: the phone shows it, so that what arrives is read.

    `last_from_person` opens the window of 24 hours. `seen_by_bot` is the person's last bubble that the bot has read.
    """

    id: str
    app: App
    person: Person
    bubbles: list[Bubble] = field(default_factory=list)
    open: bool = True
    started: bool = False
    blocked: bool = False
    last_from_person: float | None = None
    typing_until: float = 0
    seen_by_bot: str = ""

    def bubble(self, bubble_id: str) -> Bubble | None:
        """The bubble of that id, or None."""
        return next((bubble for bubble in reversed(self.bubbles) if bubble.id == bubble_id), None)


@dataclass
class JoinRequest:
    """Somebody wants to come into a group whose joins are approved."""

    id: str
    person_id: str
    at: float


@dataclass
class Group:
    """A WhatsApp group that our number has made; people are named by their ids.

    `code` ends the invite link. Who was `removed` cannot come back by it, who `left` can. `open`: whose phones show it.
    `last_from_person` opens the window of 24 hours for all.
    """

    id: str
    subject: str
    description: str
    at: float
    approval: bool
    code: str
    members: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    requests: list[JoinRequest] = field(default_factory=list)
    suspended: bool = False
    picture_id: str = ""
    bubbles: list[Bubble] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    last_from_person: float | None = None

    @property
    def link(self) -> str:
        return f"https://chat.whatsapp.com/{self.code}"

    @property
    def join_approval_mode(self) -> str:
        return "approval_required" if self.approval else "auto_approve"

    def bubble(self, bubble_id: str) -> Bubble | None:
        """The bubble of that id, or None."""
        return next((bubble for bubble in reversed(self.bubbles) if bubble.id == bubble_id), None)


@dataclass
class Media:
    """A file, from a person's phone or from the assistant. `owner` is "person" or "bot"."""

    id: str
    data: bytes = field(repr=False)
    mime: str
    name: str
    at: float
    owner: Literal["person", "bot"]
    voice: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Comment:
    """Under a post. `person_id` is empty for what the assistant wrote; `parent` is the comment that it answers."""

    id: str
    text: str
    at: float
    person_id: str = ""
    name: str = ""
    parent: str = ""
    hidden: bool = False
    deleted: bool = False
    private_replies: int = 0


@dataclass
class Post:
    """Words and a picture of the Page or of the Instagram account, or of the person whose id is in `by`."""

    id: str
    app: App
    text: str
    at: float
    media_id: str = ""
    by: str = ""
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Switches:
    """How badly the world behaves.

    `duplicates` more copies of each webhook; `reorder` holds one back until the next has gone; `batch` gathers what
    comes within a moment; `delay` in seconds. The next `failures` sends are refused with the error `failure` (a key of
    `errors.CATALOGUE`), the next `late_failures` are taken and fail by a status. `refused_webhooks`: as many
    deliveries never reach the product; `unreachable`: none does. `ahead` moves the clock forward, in seconds.
    `official`: the number has the blue badge, without which WhatsApp offers it no groups.
    """

    duplicates: int = 0
    reorder: bool = False
    batch: bool = False
    delay: float = 0
    failures: int = 0
    failure: str = "131000"
    late_failures: int = 0
    refused_webhooks: int = 0
    unreachable: bool = False
    ahead: float = 0
    official: bool = True

    BOUNDS = {
        "duplicates": 10,
        "delay": 60,
        "failures": 100,
        "late_failures": 100,
        "refused_webhooks": 100,
        "ahead": 40 * 24 * 3600,
    }


@dataclass
class Exchange:
    """One request with its answer, as raw as they went: a webhook that we delivered, or a call that reached us.

    `about` are the ids of the bubbles and comments that it belongs to.
    """

    id: int
    at: float
    direction: Literal["webhook", "call"]
    app: App
    method: str
    url: str
    headers: dict[str, str]
    request: str
    status: int = 0
    response: str = ""
    seconds: float = 0
    about: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """What subscribers hear: which part of the world is new. Only the fields of its kind are set."""

    kind: Literal["person", "thread", "bubble", "group", "group_gone", "post", "account", "switches", "traffic"]
    person: Person | None = None
    thread: Thread | None = None
    bubble: Bubble | None = None
    group: Group | None = None
    post: Post | None = None
    account: Account | None = None
    exchange: Exchange | None = None
