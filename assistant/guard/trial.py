"""How a server of a guard has to be asked: found out before the first verdict, and anew after it failed.

A server that fails is left alone, for longer and longer, and tried again beside what people do: nobody waits for one
that is dead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from assistant.background import end
from assistant.backoff import Backoff
from assistant.guard.errors import GuardAwayError, VerdictError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)

# What the trial finds: all that a request needs to know.
Found = TypeVar("Found")
Answer = TypeVar("Answer")


class Trial(Generic[Found]):
    """The trial of one server, and the way to ask it. It belongs to one event loop."""

    def __init__(self, name: str, host: str, find: Callable[[], Awaitable[Found]], seconds: float, seats: int) -> None:
        """`name` and `host` are for the log. `find` raises GuardAwayError with what the operator has to know; it has so
        many `seconds`. `seats` requests are made at once.
        """
        self._name = name
        self._host = host
        self._find = find
        self._seconds = seconds
        self._seats = asyncio.Semaphore(seats)
        self._found: Found | None = None
        self._task: asyncio.Task[None] | None = None
        self._backoff = Backoff()
        self._failure = ""
        self._hangs = False
        """Whether somebody has waited for the trial in vain."""

    def begin(self) -> None:
        """Try the server in the background, unless that is being done or it is left alone."""
        if (self._task is None or self._task.done()) and not self._backoff.is_on:
            self._task = asyncio.create_task(self._try())

    async def ask(self, request: Callable[[Found], Awaitable[Answer]], seconds: float) -> Answer:
        """What `request` says, which is given what was found, within so many `seconds` with the wait for a seat.

        Raises GuardAwayError where the server is away, too slow, or unfit, and what `request` raises.
        """
        asked = False
        try:
            async with asyncio.timeout(seconds):
                found = self._found or await self._wait()
                async with self._seats:
                    asked = True
                    return await request(found)
        except TimeoutError:
            failure = GuardAwayError(f"{self._host} gave no verdict within {seconds:g} s")
            self._hangs = self._hangs or not asked
        except VerdictError:
            # The server is there. The next verdict may be one.
            raise
        except GuardAwayError as error:
            failure = error
        if asked and self._found:
            self._found = None
            self._note_failure(str(failure))
        raise failure

    async def close(self) -> None:
        """Cancel what is under way."""
        if self._task:
            await end(self._task)

    async def _wait(self) -> Found:
        """What was found: the first ones wait for it, after a failure nobody does. Raises GuardAwayError."""
        self.begin()
        if self._task and not (self._hangs or self._backoff.failures):
            await asyncio.shield(self._task)
        if self._found is None:
            raise GuardAwayError(self._failure or f"{self._host} is not asked for now")
        return self._found

    async def _try(self) -> None:
        failure = f"{self._host} gave no verdict"
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                try:
                    self._found = await self._find()
                except GuardAwayError as error:
                    failure = str(error)
                else:
                    self._backoff.worked()
                    self._hangs = False
                    return
        self._note_failure(failure)

    def _note_failure(self, failure: str) -> None:
        logger.warning("%s is away: %s", self._name, failure)
        self._failure = failure
        self._backoff.failed(PAUSE_SECONDS)
