"""What the browsers that follow a run see: rendered once per process, however many tabs look at it."""

import asyncio
import json
import logging
from collections.abc import Callable
from time import perf_counter
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from redis.exceptions import RedisError

from assistant.events import TextDelta, TextReplaced, TurnFailed, TurnFinished, Waiting
from assistant.runs import keys
from assistant.runs.log import Entry, read
from assistant.runtime import Runtime
from web.markdown_stream import Append, MarkdownStream
from web.shown import EndOfRun, end_of_run, reached_text, waiting_sentence

logger = logging.getLogger(__name__)

# In each window at most this much time goes into rendering; under load the rest waits for the next one.
WINDOW_SECONDS = 1 / 30
PAINT_SECONDS = WINDOW_SECONDS / 2

# Takes one frame, encoded. Must not wait.
Viewer = Callable[[str], None]

Block = tuple[int, str]


class GapError(Exception):
    """The log lacks events that the database does not hold yet."""


def encode(frame: dict[str, object]) -> str:
    """A frame as it goes over the socket."""
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


class Screen:
    """One run as it looks now."""

    def __init__(self, run: UUID, screens: "Screens") -> None:
        self.run = run
        self.ready = asyncio.Event()
        self.viewers: set[Viewer] = set()
        self.expected = 0
        self._screens = screens
        self._number = 0  # of the last event taken
        self._sent = 0  # of the last frame shown
        self._stream = MarkdownStream()
        self._shown_length = 0
        self._anew = False
        self._waiting: Waiting | None = None
        self._end: EndOfRun | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._behind = False

    # Hearing

    def hear(self, data: bytes | None) -> None:
        """The doorbell: the next event, or None when some may have been missed."""
        if not self.ready.is_set():
            return  # The log has yet to be read, and holds it.
        entry = Entry.decode(data) if data else None
        if entry and self._fits(entry):
            self._take(entry)
        elif entry is None or entry.number > self._number or isinstance(entry.event, TurnFinished | TurnFailed):
            self.catch_up_soon()

    def catch_up_soon(self) -> None:
        """Read what was missed, in the background; once more where that is being done, as it may miss this."""
        self._behind = True
        if self._end is None and (self._catching_up is None or self._catching_up.done()):
            self._catching_up = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        while self._behind and self._end is None:
            self._behind = False
            try:
                await self._read_on()
            except GapError:
                self._behind = True
                await asyncio.sleep(0.5)
            except ObjectDoesNotExist:
                # It was erased: nothing more will come, and nobody may wait for it.
                self.ready.set()
                await self._screens.close(self)
                return
            except (RedisError, DatabaseError, OSError, TimeoutError) as error:
                logger.warning("the log of run %s cannot be read: %s", self.run, error)
                self._behind = True
                await asyncio.sleep(1)

    async def _read_on(self) -> None:
        """From the database where the log does not reach back, then from the log."""
        reached = await reached_text(self.run)
        if reached.over:
            await self._finish()
            return
        if reached.number > self._number:
            self._replace(reached.text, reached.number)
        self.ready.set()
        for entry in await read(self._screens.runtime.redis, self.run, self._number):
            if entry.number > self._number:
                if not self._fits(entry):
                    raise GapError
                self._take(entry)

    def _fits(self, entry: Entry) -> bool:
        return entry.number == self._number + 1 or (
            entry.number > self._number and isinstance(entry.event, TextReplaced)
        )

    def _take(self, entry: Entry) -> None:
        match entry.event:
            case TextDelta(text):
                self._number = entry.number
                self._stream.feed(text)
                self._screens.paint_soon(self)
            case TextReplaced(text):
                self._replace(text, entry.number)
            case Waiting():
                self._number = entry.number
                self._waiting = entry.event
                self._show("waiting", sentence=waiting_sentence(entry.event))
            case TurnFinished() | TurnFailed():
                # The database was told first: the end is read from there.
                self._number = entry.number
                asyncio.get_running_loop().call_soon(self.catch_up_soon)

    def _replace(self, text: str, number: int) -> None:
        self._stream = MarkdownStream(text)
        self._number = number
        self._anew = True
        self._screens.paint_soon(self)

    async def _finish(self) -> None:
        self._end = await end_of_run(self.run)
        shown, final = self._stream.blocks, self._end.blocks
        changed = [(i, html) for i, html in enumerate(final) if i >= len(shown) or shown[i] != html]
        cleared = [(i, "") for i in range(len(final), self._shown_length)]
        self._show("finished", **self._end_fields(self._end, changed + cleared))
        self.ready.set()
        await self._screens.close(self)

    # Showing

    def paint(self) -> None:
        """Show what has changed since the last time."""
        changes = self._stream.changes()
        if self._anew:
            self._anew = False
            self._show("text", blocks=self._all_blocks())
        elif isinstance(changes, Append):
            self._show("append", previous=self._sent, block=changes.block, text=changes.text)
        elif changes:
            self._show("text", blocks=changes)
        self._shown_length = max(self._shown_length, len(self._stream.blocks))

    def join(self, viewer: Viewer) -> None:
        """Show all there is to one who has just come, and then what comes."""
        if self._end:
            viewer(self._frame("finished", **self._end_fields(self._end, list(enumerate(self._end.blocks)))))
            return
        self.paint()
        if self._stream.blocks:
            viewer(self._frame("text", blocks=self._all_blocks()))
        elif self._waiting:
            viewer(self._frame("waiting", sentence=waiting_sentence(self._waiting)))
        self.viewers.add(viewer)

    def _all_blocks(self) -> list[Block]:
        blocks: list[Block] = list(enumerate(self._stream.blocks))
        return blocks + [(i, "") for i in range(len(blocks), self._shown_length)]

    def _end_fields(self, end: EndOfRun, blocks: list[Block]) -> dict[str, object]:
        return {"status": end.status, "blocks": blocks, "footer": end.footer}

    def _frame(self, kind: str, **fields: object) -> str:
        return encode({"type": kind, "run": str(self.run), "number": self._sent, **fields})

    def _show(self, kind: str, **fields: object) -> None:
        self._sent = self._number
        frame = self._frame(kind, **fields)
        for viewer in tuple(self.viewers):
            viewer(frame)

    def close(self) -> None:
        """Stop reading."""
        if self._catching_up and self._catching_up is not asyncio.current_task():
            self._catching_up.cancel()


class Screens:
    """The screens of this process, one for each run that somebody looks at."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._screens: dict[UUID, Screen] = {}
        self._unpainted: dict[UUID, Screen] = {}
        self._spent_seconds = 0.0
        self._window: asyncio.TimerHandle | None = None

    async def watch(self, run: UUID, viewer: Viewer) -> None:
        """Send `viewer` what the answer is now, and all that follows. The caller has checked whose run it is."""
        screen = self._screens.get(run) or Screen(run, self)
        screen.expected += 1
        try:
            if run not in self._screens:
                self._screens[run] = screen
                await self.runtime.bell.listen(keys.log(run), screen.hear)
                screen.catch_up_soon()
            await screen.ready.wait()
        finally:
            screen.expected -= 1
        screen.join(viewer)

    async def leave(self, run: UUID, viewer: Viewer) -> None:
        """Send `viewer` no more; a run nobody looks at is forgotten."""
        screen = self._screens.get(run)
        if screen:
            screen.viewers.discard(viewer)
            if not screen.viewers and not screen.expected:
                await self.close(screen)

    async def close(self, screen: Screen) -> None:
        """Forget `screen`."""
        if self._screens.get(screen.run) is screen:
            del self._screens[screen.run]
        self._unpainted.pop(screen.run, None)
        screen.close()
        await self.runtime.bell.leave(keys.log(screen.run), screen.hear)

    def paint_soon(self, screen: Screen) -> None:
        """Paint `screen` now, or in a later window when this one's time is spent."""
        self._unpainted[screen.run] = screen
        if self._spent_seconds < PAINT_SECONDS:
            self._paint()

    def _paint(self) -> None:
        started = perf_counter()
        while self._unpainted and self._spent_seconds < PAINT_SECONDS:
            screen = self._unpainted.pop(next(iter(self._unpainted)))
            screen.paint()
            now = perf_counter()
            self._spent_seconds += now - started
            started = now
        if self._window is None:
            self._window = asyncio.get_running_loop().call_later(WINDOW_SECONDS, self._open_window)

    def _open_window(self) -> None:
        self._window = None
        self._spent_seconds = 0.0
        if self._unpainted:
            self._paint()
