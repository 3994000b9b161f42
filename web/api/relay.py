"""Events of an answer on their way to a program: made in a task of their own, so that waits for them are bounded."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from contextvars import Context

from assistant.background import end
from assistant.errors import AssistantError, InvalidKeyError
from assistant.events import Event
from assistant.models import ApiKey
from web.api import access

# So long a wait takes, and so old is at most what is known of the key.
PAUSE_SECONDS = 10.0
# Who reads slowly has so many waiting; the model then waits as well.
MOST_WAITING = 1000


class Relay:
    """Takes `events` as they come, for whoever has `key`."""

    def __init__(self, events: AsyncGenerator[Event, None], key: ApiKey) -> None:
        self._events = events
        self._key = key
        self._waiting: list[Event] = []
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._known_until = self._loop.time() + PAUSE_SECONDS
        # In a context of its own, as it may end in another one than the request's.
        self._task = asyncio.create_task(self._take_all(), context=Context())
        self._task.add_done_callback(lambda _: self._news.set())

    async def take(self, seconds: float) -> list[Event]:
        """All that has come; none where nothing came for so long, or until the key is to be looked up again.

        Raises what the events raise, AssistantError after the last one, InvalidKeyError once the key has ended.
        """
        if self._loop.time() >= self._known_until:
            if not await access.holds(self._key):
                raise InvalidKeyError("the key ended while an answer was made")
            self._known_until = self._loop.time() + PAUSE_SECONDS
        if not self._waiting and not self._task.done():
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(self._loop.time() + seconds, self._known_until)):
                    await self._news.wait()
        taken, self._waiting = self._waiting, []
        self._room.set()
        if not taken and self._task.done():
            self._task.result()
            raise AssistantError("the answer had no end")
        return taken

    async def close(self) -> None:
        """Take no more; whatever makes the events has ended then."""
        await end(self._task)
        if not self._task.cancelled():
            # Nobody is left to be told of its error.
            self._task.exception()

    def close_soon(self) -> None:
        """The same from any thread, without waiting."""
        self._loop.call_soon_threadsafe(self._task.cancel)

    async def _take_all(self) -> None:
        async with aclosing(self._events) as events:
            async for event in events:
                self._waiting.append(event)
                self._news.set()
                if len(self._waiting) >= MOST_WAITING:
                    self._room.clear()
                    await self._room.wait()
