"""Follows a run from any process: its events in order, put together from doorbell, log and database.

Beside who writes them, in the same process, they are heard from the journal.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from django.db.models import QuerySet
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.events import ReasoningReplaced, SourcesFound, TextReplaced, TurnFailed, TurnFinished
from assistant.models import Run
from assistant.prepared import Prepared
from assistant.runs.log import Entry, RunWriter, read

logger = logging.getLogger(__name__)

GAP_SECONDS = 0.5
REDIS_AWAY_SECONDS = 1.0
# A poll without a message: what marked the run as ended may have died before it published that.
POLL_SECONDS = 10


class Reader(Protocol):
    """What a follower passes the events of a run to."""

    def take(self, entry: Entry) -> None:
        """The next event. A TextReplaced is the whole text so far, where single events are out of reach."""

    async def end(self) -> None:
        """The run is over; how it ended stands in the database."""

    async def vanish(self) -> None:
        """The run was erased; nothing more will come."""


class GapError(Exception):
    """The log lacks events that the database does not hold yet."""


class Follower:
    """Call `listen`, or subscribe `notify` and call `catch_up_soon`.

    `ready` is set once the reader has all that is saved.
    """

    def __init__(self, run: UUID, redis: "Redis", reader: Reader) -> None:
        self.run = run
        self.ready = asyncio.Event()
        self._redis = redis
        self._reader = reader
        self._number = 0
        self._behind = False
        self._over = False
        self._catching_up: asyncio.Task[None] | None = None
        self._next_poll: asyncio.TimerHandle | None = None
        self._writer: RunWriter | None = None

    def listen(self, writer: RunWriter) -> None:
        """Hear from the journal of this process what `writer` wrote, and what it writes."""
        for entry in writer.written():
            self._take(entry)
        self.ready.set()
        self._writer = writer
        writer.listeners.add(self._hear)
        self._poll_later()

    def notify(self, data: bytes | None) -> None:
        """The next event as it was published, or None when some may have been missed."""
        if not self.ready.is_set():
            return  # The log has yet to be read, and holds it.
        self._hear(Entry.decode(data) if data else None)

    def _hear(self, entry: Entry | None) -> None:
        if entry and self._fits(entry):
            self._take(entry)
        elif entry is None or entry.number > self._number or is_end(entry):
            self.catch_up_soon()

    def catch_up_soon(self) -> None:
        """Read what was missed, in the background; once more where that is being done, as it may miss this."""
        self._behind = True
        if not self._over and (self._catching_up is None or self._catching_up.done()):
            self._cancel_poll()
            self._catching_up = asyncio.create_task(self._catch_up())

    def stop(self) -> None:
        """Read no more."""
        self._over = True
        if self._writer:
            self._writer.listeners.discard(self._hear)
        self._cancel_poll()
        if self._catching_up and self._catching_up is not asyncio.current_task():
            self._catching_up.cancel()

    async def _catch_up(self) -> None:
        while self._behind and not self._over:
            self._behind = False
            try:
                await self._read_on()
            except GapError:
                self._behind = True
                await asyncio.sleep(GAP_SECONDS)
            except ObjectDoesNotExist:
                await self._close(self._reader.vanish())
            except (RedisError, DatabaseError, OSError, TimeoutError) as error:
                logger.warning("run %s cannot be followed: %s", self.run, error)
                self._behind = True
                await asyncio.sleep(REDIS_AWAY_SECONDS)
        if not self._over:
            self._poll_later()

    def _poll_later(self) -> None:
        self._next_poll = asyncio.get_running_loop().call_later(POLL_SECONDS, self.catch_up_soon)

    def _cancel_poll(self) -> None:
        if self._next_poll:
            self._next_poll.cancel()

    async def _read_on(self) -> None:
        """From the database where the log does not reach back, then from the log."""
        reached = await reached_text(self.run)
        if reached.over:
            await self._close(self._reader.end())
            return
        if reached.number > self._number:
            self._take(Entry(reached.number, TextReplaced(reached.text)))
            if reached.sources:
                self._take(Entry(reached.number, SourcesFound(reached.sources)))
            if reached.reasoning:
                self._take(Entry(reached.number, ReasoningReplaced(reached.reasoning, reached.reasoned_seconds)))
        self.ready.set()
        for entry in await read(self._redis, self.run, self._number):
            if entry.number > self._number:
                if not self._fits(entry):
                    raise GapError
                self._take(entry)

    async def _close(self, last_words: Coroutine[None, None, None]) -> None:
        await last_words
        self._over = True
        self.ready.set()

    def _fits(self, entry: Entry) -> bool:
        if isinstance(entry.event, TextReplaced):
            return entry.number > self._number
        return entry.number == self._number + 1

    def _take(self, entry: Entry) -> None:
        self._number = entry.number
        if is_end(entry):
            # The end is in the database before it is in the log, and is read from there.
            asyncio.get_running_loop().call_soon(self.catch_up_soon)
        else:
            self._reader.take(entry)


def is_end(entry: Entry) -> bool:
    """Whether nothing comes after this event."""
    return isinstance(entry.event, TurnFinished | TurnFailed)


class Reached(NamedTuple):
    """How far an answer has come, as the database knows it."""

    text: str
    number: int
    over: bool
    reasoning: str = ""
    reasoned_seconds: float = 0.0
    sources: Sequence[dict[str, Any]] = ()


@Prepared
def _reached(run: UUID) -> QuerySet[Run, Any]:
    fields = ("answer__text", "saved_number", "status", "reasoning", "reasoned_seconds", "sources")
    return Run.objects.filter(id=run).values_list(*fields)


@in_thread
def reached_text(run_id: UUID) -> Reached:
    """The saved text of a run, its number, whether the run is over, what was thought, and what the text cites.

    Raises Run.DoesNotExist for one that was erased.
    """
    row = _reached.first(run_id)
    if row is None:
        raise Run.DoesNotExist(f"run {run_id} was erased")
    text, number, status, reasoning, seconds, sources = row
    return Reached(text, number, status != Run.Status.RUNNING, reasoning, seconds or 0.0, sources or ())
