"""What a process needs in order to answer: its connections, its line, and the answers it is making."""

import asyncio
import logging
from contextlib import AsyncExitStack
from contextvars import Context
from uuid import UUID

from django.conf import settings
from redis.asyncio import Redis

from assistant.line import Line
from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from assistant.respond import Responder
from assistant.runs.bell import Bell
from assistant.runs.keeper import Keeper
from assistant.runs.log import Journal

logger = logging.getLogger(__name__)


def llama_options() -> LlamaOptions:
    """The model server as the settings name it."""
    return LlamaOptions(
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


class Runtime:
    """Use it as `async with Runtime() as runtime`; it belongs to one event loop."""

    def __init__(self) -> None:
        self.redis: Redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5)
        self.bell = Bell(settings.REDIS_URL)
        self.journal = Journal(self.redis)
        self.keeper = Keeper(self.redis)
        self.client = LlamaClient(llama_options())
        self.line = Line(settings.LLAMA_PARALLEL, settings.LLAMA_QUEUE)
        self._answers: dict[asyncio.Task[None], Responder] = {}

    async def __aenter__(self) -> "Runtime":
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.redis.aclose)
            stack.push_async_callback(self.client.close)
            for part in (self.bell, self.journal, self.keeper):
                await stack.enter_async_context(part)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def start(self, run: UUID) -> None:
        """Answer `run` in the background."""
        responder = Responder(self, run)
        # In a context of its own: the request that asked ends long before the answer, and its thread with it.
        task = asyncio.create_task(responder.respond(), context=Context())
        self._answers[task] = responder
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        responder = self._answers.pop(task)
        self.keeper.remove(responder.run)
        if not task.cancelled() and (error := task.exception()):
            logger.error("run %s could not be ended", responder.run, exc_info=error)

    async def drain(self, seconds: float) -> None:
        """Let the running answers end; interrupt those that take longer than `seconds`."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=seconds)
        for responder in tuple(self._answers.values()):
            responder.interrupt()
        if self._answers:
            await asyncio.wait(self._answers, timeout=10)
