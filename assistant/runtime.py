"""The connections that a process needs in order to answer."""

from contextlib import AsyncExitStack
from dataclasses import replace

from django.conf import settings
from redis.asyncio import Redis

from assistant.doorbell import Doorbell
from assistant.limits import Limits
from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_choice import ToolChoice
from assistant.pages.library import Library
from assistant.queue import ModelQueue
from assistant.runs.heartbeat import Heartbeat
from assistant.runs.log import Journal
from assistant.seats import SharedSeats, process_name
from assistant.temporary import OpenConversations
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


class Eyes:
    """The model that sees, with seats of its own."""

    def __init__(self, redis: Redis, name: str, seats: int) -> None:
        self.client = LlamaClient(llama_options("EYES"))
        self.seats = SharedSeats(redis, name, ":eyes")
        self.queue = ModelQueue(seats, settings.LLAMA_QUEUE)


class Runtime:
    """Use it as `async with Runtime() as runtime`; it belongs to one event loop."""

    def __init__(self) -> None:
        self.redis: Redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5)
        self.doorbell = Doorbell(settings.REDIS_URL)
        self.journal = Journal(self.redis)
        self.heartbeat = Heartbeat(self.redis)
        self.open_conversations = OpenConversations()
        name = process_name()
        self.limits = Limits(settings.REDIS_URL, name)
        self.client = LlamaClient(llama_options())
        self.tool_choice = ToolChoice(self.client, llama_options(), settings.LLAMA_TOOLS, is_demo=settings.LLAMA_DEMO)
        self.web_search = WebSearch(self.redis, search_options())
        self.seats = SharedSeats(self.redis, name)
        self.queue = ModelQueue(settings.LLAMA_PARALLEL, settings.LLAMA_QUEUE)
        eyes = settings.LLAMA_ROLES.get("EYES")
        self.eyes = Eyes(self.redis, name, eyes["parallel"]) if eyes else None
        self.library = Library(self.redis, self.limits)

    async def __aenter__(self) -> "Runtime":
        async with AsyncExitStack() as stack:
            for closing in (self.redis.aclose, self.limits.close, self.client.close, self.web_search.close):
                stack.push_async_callback(closing)
            for part in (
                self.doorbell,
                self.queue.shared_by(self.seats, self.doorbell),
                self.journal,
                self.heartbeat,
                self.open_conversations,
                self.library,
                self.tool_choice,
            ):
                await stack.enter_async_context(part)
            if self.eyes:
                stack.push_async_callback(self.eyes.client.close)
                await stack.enter_async_context(self.eyes.queue.shared_by(self.eyes.seats, self.doorbell))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()
