"""The numbered event log of a run: a Redis stream whose ids are the numbers.

One journal per process writes the events of all its runs, each run at most thirty times a second and less often
in a crowd, and those that are due together in one pipeline: a token costs no round trip of its own. Each event is
also published, so that readers need not poll; those in this process get it from the journal, once it is written.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.background import end
from assistant.events import (
    Event,
    ReasoningDelta,
    ReasoningReplaced,
    SourcesFound,
    StepTaken,
    TextDelta,
    TextReplaced,
    TurnFailed,
    TurnFinished,
    Unknown,
    Waiting,
    from_json,
)
from assistant.runs import keys

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1 / 30
# Runs are written a few at a time, each at its own moment: none waits behind all the others.
TICK_SECONDS = 1 / 60
# When more answer at once each is written less often, so that all together cost only so much.
EVENTS_PER_SECOND = 1000
LOG_SECONDS = 3600
READ_LIMIT = 20_000
# What a model thinks beyond this is dropped: an answer counts, and nobody reads that much.
REASONING_CHARACTERS = 50_000

RESTATED = TextDelta | TextReplaced | ReasoningDelta | ReasoningReplaced


@dataclass(frozen=True)
class Entry:
    """One event with its number in the run, counted from 1."""

    number: int
    event: Event

    def encode(self) -> bytes:
        return json.dumps({"number": self.number, **self.event.to_json()}, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Entry":
        value = json.loads(data)
        return cls(value.pop("number"), from_json(value))


def encoded(run: UUID, entry: Entry) -> bytes:
    """An entry of `run` for the log. One that cannot be serialised is logged, and keeps its number as `Unknown`."""
    try:
        return entry.encode()
    except (TypeError, ValueError):
        logger.exception("run %s has an event that cannot be written: %s", run, type(entry.event).__name__)
        return Entry(entry.number, Unknown()).encode()


# Called with the next event once it is in the log, or with None where one may have been lost.
Listener = Callable[[Entry | None], None]


async def read(redis: "Redis", run: UUID, after: int) -> list[Entry]:
    """The entries of the log with a number above `after`, oldest first."""
    rows: Any = await redis.xrange(keys.log(run), min=f"({after}-0", count=READ_LIMIT)
    return [Entry.decode(fields[b"e"]) for _, fields in rows]


@dataclass
class RunWriter:
    """The events of one run on their way to the log. `text` is the whole answer so far, `reasoning` what was thought.

    `steps` and `sources` are what was done for it and what it cites, as JSON.
    `number`, `written_text`, `written_reasoning` and `waiting`, the last wait, are what has been handed to the log: the
    number stands for them; `over`: the end has. `listeners` hear of each event that was written.
    `due` is when what waits shall be written, in the loop's time.
    """

    run: UUID
    journal: "Journal"
    text: str = ""
    reasoning: ReasoningReplaced | None = None
    number: int = 0
    written_text: str = ""
    written_reasoning: ReasoningReplaced | None = None
    waiting: Waiting | None = None
    over: bool = False
    listeners: set[Listener] = field(default_factory=set)
    steps: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    pending: list[Event] = field(default_factory=list)
    written_at: float = 0.0
    due: float = 0.0

    def append(self, event: Event) -> None:
        """Take an event; text and reasoning are merged with their like that still waits. Nothing is awaited."""
        urgent = True
        if isinstance(event, TextDelta):
            self.text += event.text
            if self.pending and isinstance(self.pending[-1], TextDelta):
                self.pending[-1] = TextDelta(self.pending[-1].text + event.text)
                return
            urgent = self.text == event.text
        elif isinstance(event, TextReplaced):
            self.text = event.text
        elif isinstance(event, ReasoningDelta):
            event = self._reason(event)
            if self.pending and isinstance(self.pending[-1], ReasoningDelta):
                self.pending[-1] = ReasoningDelta(self.pending[-1].text + event.text, event.seconds)
                return
            urgent = self.reasoning is None or self.reasoning.text == event.text
        elif isinstance(event, StepTaken):
            self.steps = [*self.steps, event.step]
        elif isinstance(event, SourcesFound):
            self.sources = list(event.sources)
        self.pending.append(event)
        # The page says by itself that an answer is awaited: the first word, which may follow at once, goes first.
        self.journal.wake(self, urgent, later=isinstance(event, Waiting))

    async def throttle(self) -> None:
        """In a crowd, wait until what waits is soon written: what comes by then is read at once, not word by word.

        Nothing comes by itself after other events: a model is to be asked, or a tool begun.
        """
        if self.pending and isinstance(self.pending[-1], TextDelta | ReasoningDelta) and self.journal.is_crowded:
            await asyncio.sleep(self.due - TICK_SECONDS - asyncio.get_running_loop().time())

    def withdraw(self) -> None:
        """Take back all that was said and thought."""
        if self.text or self.reasoning:
            self.append(TextReplaced(""))
        if self.reasoning:
            self.reasoning = None
            self.append(ReasoningReplaced("", 0))

    def _reason(self, event: ReasoningDelta) -> ReasoningDelta:
        """Add to the reasoning, as far as there is room. Returns what was added."""
        before = self.reasoning.text if self.reasoning else ""
        added = event.text[: REASONING_CHARACTERS - len(before)]
        self.reasoning = ReasoningReplaced(before + added, event.seconds)
        return ReasoningDelta(added, event.seconds)

    def take(self) -> Iterator[Entry]:
        """Hand out what waits, numbered."""
        for event in self.pending:
            self.number += 1
            self.waiting = event if isinstance(event, Waiting) else self.waiting
            self.over = self.over or isinstance(event, TurnFinished | TurnFailed)
            yield Entry(self.number, event)
        self.pending = []
        self.written_text, self.written_reasoning = self.text, self.reasoning

    def written(self) -> list[Entry]:
        """All that was handed to the log, in the fewest events."""
        reasoning = [self.written_reasoning] if self.written_reasoning else []
        # What was thought before a text is over with it, so the text goes first, also where there is none yet.
        text = [TextReplaced(self.written_text)] if self.written_text or reasoning else []
        sources = [SourcesFound(self.sources)] if self.sources else []
        waiting = [self.waiting] if self.waiting and not text else []
        events: list[Event] = [*text, *sources, *reasoning, *waiting]
        return [Entry(self.number, event) for event in events] if self.number else []

    def tell(self, entry: Entry | None) -> None:
        """Have all listeners hear of an event that was written, or that one may have been lost."""
        for listener in tuple(self.listeners):
            try:
                listener(entry)
            except Exception:
                # The edge between listeners: an error of one must not keep the event from the others, and the log.
                logger.exception("a listener of run %s failed", self.run)

    def restate(self, lost: list[Entry]) -> None:
        """After a write that may have failed: say the whole text and reasoning again, then whatever was neither."""
        events = [*(entry.event for entry in lost), *self.pending]
        others = [event for event in events if not isinstance(event, RESTATED)]
        reasoning = [self.reasoning] if self.reasoning else []
        # The text first: readers, those of an older version too, go on from there after a gap.
        self.pending = [TextReplaced(self.text), *reasoning, *others]


class Journal:
    """Writes the events of all runs of this process. Use it as `async with Journal(redis) as journal`."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._dirty: dict[UUID, RunWriter] = {}
        self._writing: dict[UUID, RunWriter] = {}
        self._writers: WeakValueDictionary[UUID, RunWriter] = WeakValueDictionary()
        # Runs that have begun to say something and have not ended.
        self._telling: WeakValueDictionary[UUID, RunWriter] = WeakValueDictionary()
        self._awake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._flushed = asyncio.Condition()

    async def __aenter__(self) -> "Journal":
        self._task = asyncio.create_task(self._write_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)

    def open(self, run: UUID) -> RunWriter:
        """A writer for the events of `run`, of which this process is the only author."""
        writer = self._writers[run] = RunWriter(run, self)
        return writer

    def writer_of(self, run: UUID) -> RunWriter | None:
        """The writer of a run that this process answers; None where another does, or nobody any more."""
        writer = self._writers.get(run)
        return None if writer is None or writer.over else writer

    @property
    def is_crowded(self) -> bool:
        """Whether so many answer at once that each is written less often."""
        return self._interval > INTERVAL_SECONDS

    @property
    def _interval(self) -> float:
        return max(INTERVAL_SECONDS, len(self._telling) / EVENTS_PER_SECOND)

    def wake(self, writer: RunWriter, urgent: bool, *, later: bool = False) -> None:
        """`writer` has something to write: at once, or so long after its last that each run gets its share.

        `later`: not at once even where it has written nothing lately.
        """
        if later:
            if writer.run not in self._dirty:
                writer.due = asyncio.get_running_loop().time() + INTERVAL_SECONDS
        else:
            self._telling[writer.run] = writer
            if urgent:
                writer.due = 0
                self._urgent.set()
            elif writer.run not in self._dirty:
                writer.due = writer.written_at + self._interval
        self._dirty[writer.run] = writer
        self._awake.set()

    async def written(self, writer: RunWriter, seconds: float) -> bool:
        """Write all that `writer` has, and wait for it; False when that took longer than `seconds`."""
        if writer.run in self._dirty:
            self.wake(writer, urgent=True)
        try:
            async with asyncio.timeout(seconds), self._flushed:
                await self._flushed.wait_for(lambda: not self._has(writer))
        except TimeoutError:
            return False
        return True

    def _has(self, writer: RunWriter) -> bool:
        return writer.run in self._dirty or writer.run in self._writing

    def forget(self, writer: RunWriter) -> None:
        """Give up on what `writer` still has."""
        self._dirty.pop(writer.run, None)
        self._telling.pop(writer.run, None)

    async def _write_forever(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            self._urgent.clear()
            try:
                written = await self._write()
            except Exception:
                # The edge of this task: it writes for all runs, and must go on for as long as the process does.
                logger.exception("the run log failed once")
                written = False
            await self._pause(TICK_SECONDS if written else 1)
            if self._dirty:
                self._awake.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._urgent.wait()
        except TimeoutError:
            return

    async def _write(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._writing = {run: writer for run, writer in self._dirty.items() if writer.due <= now}
        for run, writer in self._writing.items():
            del self._dirty[run]
            writer.written_at = now
        if not self._writing:
            return True
        taken = {writer.run: list(writer.take()) for writer in self._writing.values()}
        try:
            await self._send(taken)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("the run log cannot be written: %s", error)
            self._restate(taken)
            return False
        except Exception:
            self._restate(taken)
            raise
        else:
            for run, writer in self._writing.items():
                if writer.over:
                    self._telling.pop(run, None)
                for entry in taken[run]:
                    writer.tell(entry)
        finally:
            self._writing = {}
        async with self._flushed:
            self._flushed.notify_all()
        return True

    def _restate(self, taken: dict[UUID, list[Entry]]) -> None:
        for writer in self._writing.values():
            writer.restate(taken[writer.run])
            self.wake(writer, urgent=False)
            writer.tell(None)

    async def _send(self, taken: dict[UUID, list[Entry]]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for run, entries in taken.items():
            key = keys.log(run)
            for entry in entries:
                data = encoded(run, entry)
                pipe.xadd(key, {"e": data}, id=f"{entry.number}-0")
                pipe.publish(key, data)
            # At the start and at the end; an answer never takes that long.
            if entries[0].number == 1 or not isinstance(entries[-1].event, TextDelta | ReasoningDelta):
                pipe.expire(key, LOG_SECONDS)
        await pipe.execute()
