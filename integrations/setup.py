"""What an app needs of its operator: settings here, and what Meta must know of us, as far as its API can look or act.

Each app has a `setup.py` with a Setup of its own. Sentences are for the operator; none repeats a token or a secret.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings

from integrations.base import mapping, sequence
from integrations.errors import ChannelError, PermissionMissingError, TemporaryError, TokenError, UncertainError
from integrations.graph import Graph
from integrations.tokens import Health, inspect, judge

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
RUN_SETUP = "Run manage.py channels setup."
UNSEEN = f"People do not see what they can ask for. {RUN_SETUP}"

# What a Page is subscribed to. It stands here, as Instagram may stand behind the same Page: to subscribe a Page again
# replaces what it was subscribed to.
PAGE_FIELDS = (
    "messages", "messaging_postbacks", "message_deliveries", "message_reads", "message_echoes", "message_edits",
    "message_reactions", "messaging_referrals", "messaging_handovers", "messaging_policy_enforcement",
    "response_feedback", "standby", "feed", "mention",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, how it stands, and a sentence about what to do; none where all is well."""

    about: str
    text: str
    mend: str = ""


@dataclass(frozen=True)
class Step:
    """One call that tells Meta of us. To do it again changes nothing.

    `as_app`: with the app's token. `otherwise` is done in its place where Meta refuses it.
    """

    text: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    as_app: bool = False
    otherwise: "Step | None" = None


# Looks at one thing with the account's token. Raises ChannelError.
Look = Callable[[Graph], Awaitable[Finding]]


class Setup(ABC):
    """One app, from its operator's side."""

    name: ClassVar[str]
    title: ClassVar[str]
    object: ClassVar[str]
    """The `object` of its deliveries."""
    own: ClassVar[tuple[str, ...]]
    """The settings of this app; the first one is what it is mostly about."""
    fields: ClassVar[tuple[str, ...]]
    """What Meta shall deliver of it."""
    extra_fields: ClassVar[tuple[str, ...]] = ()
    """The same, where Meta knows these fields: not all of its pages do."""
    permissions: ClassVar[tuple[str, ...]]

    @property
    def unbegun(self) -> str:
        """What is to be known where nothing of it is set."""
        return f"not set up, see integrations/{self.name}/README.md"

    @property
    def begun(self) -> bool:
        """Whether any of its settings is set."""
        return any(getattr(settings, name) for name in self.own)

    @property
    def is_on(self) -> bool:
        """Whether people are answered there."""
        return not self.missing()

    @property
    @abstractmethod
    def token(self) -> str:
        """The token of its account; empty where none is set."""

    @property
    @abstractmethod
    def account(self) -> str:
        """The id of its account; empty where none is set."""

    @abstractmethod
    def missing(self) -> dict[str, str]:
        """The settings that keep the app off, each with a sentence about it. Empty: it is on."""

    def graph(self) -> Graph:
        """Its server, with its token."""
        return Graph(f"{settings.GRAPH_URL}/{settings.GRAPH_VERSION}", self.token, judge)

    async def health(self, graph: Graph) -> Health:
        """What Meta says of its token. Raises ChannelError."""
        app = app_graph()
        if app is None:
            return await inspect(graph, self.token)
        async with app:
            return await inspect(app, self.token)

    @property
    def renews(self) -> bool:
        """Whether its token ends, and can be renewed from here."""
        return False

    async def renew(self) -> datetime:
        """Renew the token, and keep it for the next start. Returns when it ends. Raises ChannelError and OSError."""
        raise NotImplementedError

    @abstractmethod
    def looks(self) -> dict[str, Look]:
        """What can be looked at there, each under what it is about."""

    @abstractmethod
    def steps(self) -> list[Step]:
        """What the API can set."""


def stands_in() -> bool:
    """Whether GRAPH_URL is a stand-in for Meta on this machine, the emulator: it needs no HTTPS."""
    return urlsplit(settings.GRAPH_URL).hostname in LOOPBACK


def app_graph() -> Graph | None:
    """The server with the token of our app itself; None where its id and secret are not both set."""
    if not (settings.META_APP_ID and settings.META_APP_SECRET):
        return None
    token = f"{settings.META_APP_ID}|{settings.META_APP_SECRET}"
    return Graph(f"{settings.GRAPH_URL}/{settings.GRAPH_VERSION}", token, judge)


def unset(what: Mapping[str, str]) -> dict[str, str]:
    """Those of the settings that are not set, each with a sentence: `what` says what it is."""
    return {name: f"Set {name}: {text}." for name, text in what.items() if not getattr(settings, name)}


async def looked(about: str, look: Look, graph: Graph) -> Finding:
    """What a look found; where it failed, that."""
    try:
        return await look(graph)
    except ChannelError as error:
        return Finding(about, f"could not be asked: {error}", remedy(error))


def remedy(error: ChannelError) -> str:
    """What to do about an error of a look or a step."""
    if isinstance(error, TokenError):
        return "Make a new token, set it, and restart."
    if isinstance(error, PermissionMissingError):
        return "Give the token the permissions that are named above, or make one that has them."
    if isinstance(error, TemporaryError | UncertainError):
        return "See that this machine reaches the internet, and try again later."
    return "Meta's words say why; often an id in the settings is not of the account that the token is for."


async def subscribed(graph: Graph, account: str, fields: tuple[str, ...]) -> Finding:
    """Whether our app gets what comes to the account, and all of it. Raises ChannelError."""
    found = await graph.get(f"{account}/subscribed_apps")
    apps = [mapping(app) for app in sequence(found.get("data"))]
    app = ours(apps)
    if app is None:
        return Finding("Subscribed", "no app of ours" if apps else "no app", f"No message comes. {RUN_SETUP}")
    lacking = [name for name in fields if name not in names(app.get("subscribed_fields"))]
    if not lacking:
        return Finding("Subscribed", f"to {len(fields)} fields" if fields else "yes")
    return Finding("Subscribed", f"not to {listed(lacking)}", f"Meta delivers only a part of it. {RUN_SETUP}")


def ours(apps: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Our app among some of Meta's, or the first where META_APP_ID is not set; None where it is not there."""
    return next((app for app in apps if settings.META_APP_ID in ("", str(app.get("id")))), None)


def subscribing(fields: Iterable[str]) -> dict[str, str]:
    """How a call names the fields that it subscribes to."""
    return {"subscribed_fields": ",".join(fields)}


async def profile(graph: Graph, account: str, parts: Mapping[str, str], **parameters: str) -> Finding:
    """What people see before they write: `parts` are its fields, each with words for it. Raises ChannelError."""
    found = await graph.get(f"{account}/messenger_profile", fields=",".join(parts), **parameters)
    rows = [mapping(row) for row in sequence(found.get("data"))]
    lacking = [text for name, text in parts.items() if not any(row.get(name) for row in rows)]
    if not lacking:
        return Finding("Profile", listed(parts.values()))
    return Finding("Profile", f"without {listed(lacking)}", UNSEEN)


def names(rows: object, key: str = "name") -> list[str]:
    """The names in a list of the API, of objects or of plain words."""
    found = [mapping(row).get(key) if isinstance(row, Mapping) else row for row in sequence(rows)]
    return [str(name) for name in found if name]


def listed(items: Iterable[str], most: int = 12) -> str:
    """`items` in a line, cut after `most`."""
    found = list(items)
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def words(value: object, most: int = 80) -> str:
    """A text of the API in one printable line; empty for what is none."""
    text = value if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:most].strip()
