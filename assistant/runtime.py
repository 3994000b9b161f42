"""The connections that a process needs in order to answer."""

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from django.conf import settings
from redis.asyncio import Redis

from assistant.cache import Cache
from assistant.code.shield import Shield
from assistant.doorbell import Doorbell
from assistant.guard.categories import Category, version_of
from assistant.guard.classifier import Classifier
from assistant.guard.client import GuardClient
from assistant.guard.guard import Guard
from assistant.guard.prompt_guard import PromptGuard
from assistant.guard.turns import slice_bytes
from assistant.limits import Limits
from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_choice import ToolChoice
from assistant.meter import Meter
from assistant.model_server import ModelServer
from assistant.pages.library import Library
from assistant.queue import ModelQueue
from assistant.runs.heartbeat import Heartbeat
from assistant.runs.log import Journal
from assistant.seats import SharedSeats, process_name
from assistant.temporary import OpenConversations
from assistant.translator import Translator
from assistant.usage import USUAL, Tally
from assistant.websearch.options import SearchOptions
from assistant.websearch.search import WebSearch


def llama_options(role: str = "") -> LlamaOptions:
    """The model server that the settings name for a `role` of LLAMA_ROLES; where they name none, the one for all."""
    options = LlamaOptions(
        url=settings.LLAMA_URL,
        model=settings.LLAMA_MODEL,
        key=settings.LLAMA_KEY,
        context=settings.LLAMA_CONTEXT,
        max_tokens=settings.LLAMA_MAX_TOKENS,
        temperature=settings.LLAMA_TEMPERATURE,
        connect_seconds=settings.LLAMA_CONNECT_SECONDS,
        first_token_seconds=settings.LLAMA_FIRST_TOKEN_SECONDS,
        silence_seconds=settings.LLAMA_SILENCE_SECONDS,
        answer_seconds=settings.LLAMA_ANSWER_SECONDS,
    )
    own = settings.LLAMA_ROLES.get(role)
    return replace(options, **{name: own[name] for name in ("url", "model", "key", "context")}) if own else options


def guard_of_settings(tally: Tally) -> Guard | None:
    """The guard that the settings name, or none. What it reads is noted in `tally`."""
    role = settings.LLAMA_ROLES.get("guard")
    if not role:
        return None
    options = llama_options("guard")
    version = version_of(options.model, settings.LLAMA_GUARD_VERSION)
    client = GuardClient(options, version, role["parallel"], partial(tally.note, "guard"))
    ignored = frozenset(map(Category, settings.LLAMA_GUARD_IGNORED))
    return Guard(client, ignored, slice_bytes(options.context), open_when_away=settings.LLAMA_GUARD_AWAY == "open")


def prompt_guard_of_settings() -> PromptGuard | None:
    """The Prompt Guard that the settings name, or none."""
    if not settings.PROMPT_GUARD_URL:
        return None
    options = LlamaOptions(
        url=settings.PROMPT_GUARD_URL,
        model=settings.PROMPT_GUARD_MODEL,
        key=settings.PROMPT_GUARD_KEY,
        connect_seconds=settings.LLAMA_CONNECT_SECONDS,
    )
    threshold = settings.PROMPT_GUARD_THRESHOLD
    open_when_away = settings.PROMPT_GUARD_AWAY == "open"
    return PromptGuard(Classifier(options, threshold), threshold, open_when_away=open_when_away)


def search_options() -> SearchOptions:
    """The search engines as the settings name them."""
    return SearchOptions(
        engines=tuple(settings.SEARCH_ENGINES),
        seconds=settings.SEARCH_SECONDS,
        # Wikipedia wants to know where to complain.
        agent=f"Chaski ({settings.SITE_URL})",
        searxng_url=settings.SEARXNG_URL,
        brave_key=settings.BRAVE_KEY,
        tavily_key=settings.TAVILY_KEY,
    )


def model_server(redis: Redis, process: str, tally: Tally, role: str = "") -> tuple[ModelServer, SharedSeats]:
    """The server for a `role` of LLAMA_ROLES that has one, or the one for all, and its ledger of seats."""
    own, options = settings.LLAMA_ROLES.get(role), llama_options(role)
    client = LlamaClient(options, partial(tally.note, role or USUAL))
    queue = ModelQueue(own["parallel"] if own else settings.LLAMA_PARALLEL, settings.LLAMA_QUEUE)
    # Llama 3.2 Vision calls no tools while it looks at a picture.
    tools = "off" if role == "eyes" else settings.LLAMA_TOOLS
    choice = ToolChoice(client, options, tools, is_demo=settings.LLAMA_DEMO and not own)
    return ModelServer(client, queue, choice), SharedSeats(redis, process, role)


class Runtime:
    """Use it as `async with Runtime() as runtime`; it belongs to one event loop.

    The `usual` model answers; `best` is the one for hard questions, `eyes` the one that sees, where there are such.
    """

    def __init__(self) -> None:
        self.redis: Redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5)
        self.doorbell = Doorbell(settings.REDIS_URL)
        self.journal = Journal(self.redis)
        self.heartbeat = Heartbeat(self.redis)
        self.open_conversations = OpenConversations()
        name = process_name()
        self.limits = Limits(settings.REDIS_URL, name)
        self.meter = Meter()
        self.usual, seats = model_server(self.redis, name, self.meter.tally)
        self._servers = [(self.usual, seats)]
        self.best, self.eyes = (self._server_of(role, name) for role in ("best", "eyes"))
        translating = self._server_of("translate", name) or (None if settings.LLAMA_DEMO else self.usual)
        self.translator = Translator(translating, Cache(self.redis, "translations"), self.meter)
        self.guard = guard_of_settings(self.meter.tally)
        self.shield = Shield(settings.CODE_SHIELD) if settings.CODE_SHIELD else None
        self.prompt_guard = prompt_guard_of_settings()
        self.web_search = WebSearch(self.redis, search_options())
        self.library = Library(self.redis, self.limits)

    @property
    def guards(self) -> list[Guard | PromptGuard]:
        """Those whose decisions are counted."""
        return [guard for guard in (self.guard, self.prompt_guard) if guard]

    def _server_of(self, role: str, process: str) -> ModelServer | None:
        if not settings.LLAMA_ROLES.get(role):
            return None
        server, seats = model_server(self.redis, process, self.meter.tally, role)
        self._servers.append((server, seats))
        return server

    async def __aenter__(self) -> "Runtime":
        async with AsyncExitStack() as stack:
            for closing in (self.redis.aclose, self.limits.close, self.web_search.close):
                stack.push_async_callback(closing)
            if self.guard:
                stack.push_async_callback(self.guard.client.close)
            if self.shield:
                await stack.enter_async_context(self.shield)
            if self.prompt_guard:
                stack.push_async_callback(self.prompt_guard.classifier.close)
                self.prompt_guard.classifier.begin()
            await stack.enter_async_context(self.meter)
            await stack.enter_async_context(self.doorbell)
            for server, seats in self._servers:
                await stack.enter_async_context(server.open(seats, self.doorbell))
            for part in (self.journal, self.heartbeat, self.open_conversations, self.library):
                await stack.enter_async_context(part)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()
