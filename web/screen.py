"""What the browsers that follow a run see: rendered once per process, however many tabs look at it."""

import asyncio
import json
from collections.abc import Callable
from time import perf_counter
from uuid import UUID

from assistant.events import TextDelta, TextReplaced, Waiting
from assistant.runs import keys
from assistant.runs.follower import Follower
from assistant.runs.log import Entry
from assistant.runtime import Runtime
from web.markdown_stream import Append, MarkdownStream
from web.shown import EndOfRun, end_of_run, waiting_sentence

# In each window at most this much time goes into rendering; under load the rest waits for the next one.
WINDOW_SECONDS = 1 / 30
PAINT_SECONDS = WINDOW_SECONDS / 2

# Takes one frame, encoded. Must not wait.
Viewer = Callable[[str], None]

Block = tuple[int, str]


def encode(frame: dict[str, object]) -> str:
    """A frame as it goes over the socket."""
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


class Screen:
    """One run as it looks now, and who looks at it."""

    def __init__(self, run: UUID, screens: "Screens") -> None:
        self.run = run
        self.viewers: set[Viewer] = set()
        self.expected = 0
        self.follower = Follower(run, screens.runtime.redis, self)
        self._screens = screens
        self._number = 0  # of the last event taken
        self._sent = 0  # of the last frame shown
        self._stream = MarkdownStream()
        self._shown_length = 0
        self._anew = False
        self._waiting: Waiting | None = None
        self._end: EndOfRun | None = None

    # What the follower tells

    def take(self, entry: Entry) -> None:
        """The next event of the run."""
        self._number = entry.number
        match entry.event:
            case TextDelta(text):
                self._stream.feed(text)
                self._screens.paint_soon(self)
            case TextReplaced(text):
                self._stream = MarkdownStream(text)
                self._anew = True
                self._screens.paint_soon(self)
            case Waiting():
                self._waiting = entry.event
                self._show("waiting", sentence=waiting_sentence(entry.event))

    async def end(self) -> None:
        """Show the whole answer as the database has it."""
        self._end = await end_of_run(self.run)
        shown, final = self._stream.blocks, self._end.blocks
        changed = [(i, html) for i, html in enumerate(final) if i >= len(shown) or shown[i] != html]
        cleared = [(i, "") for i in range(len(final), self._shown_length)]
        self._show("finished", **self._end_fields(self._end, changed + cleared))
        await self._screens.close(self)

    async def vanish(self) -> None:
        """The run was erased."""
        await self._screens.close(self)

    # What viewers see

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

    def join(self, viewer: Viewer, after: int) -> None:
        """Show what there is to one who has seen the events up to `after`, and then what comes."""
        if self._end:
            viewer(self._frame("finished", **self._end_fields(self._end, list(enumerate(self._end.blocks)))))
            return
        self.paint()
        if self._stream.blocks and after != self._sent:
            viewer(self._frame("text", blocks=self._all_blocks()))
        elif self._waiting and not self._stream.blocks:
            viewer(self._frame("waiting", sentence=waiting_sentence(self._waiting)))
        self.viewers.add(viewer)

    def _all_blocks(self) -> list[Block]:
        blocks: list[Block] = list(enumerate(self._stream.blocks))
        return blocks + [(i, "") for i in range(len(blocks), self._shown_length)]

    def _end_fields(self, end: EndOfRun, blocks: list[Block]) -> dict[str, object]:
        return {"status": end.status, "blocks": blocks, "pictures": end.pictures, "footer": end.footer}

    def _frame(self, kind: str, **fields: object) -> str:
        return encode({"type": kind, "run": str(self.run), "number": self._sent, **fields})

    def _show(self, kind: str, **fields: object) -> None:
        self._sent = self._number
        frame = self._frame(kind, **fields)
        for viewer in tuple(self.viewers):
            viewer(frame)


class Screens:
    """The screens of this process, one for each run that somebody looks at."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._screens: dict[UUID, Screen] = {}
        self._unpainted: dict[UUID, Screen] = {}
        self._spent_seconds = 0.0
        self._window: asyncio.TimerHandle | None = None

    async def watch(self, run: UUID, viewer: Viewer, after: int = 0) -> None:
        """Send `viewer` what came after event `after`, and all that follows. The caller has checked whose run it is."""
        screen = self._screens.get(run) or Screen(run, self)
        screen.expected += 1
        try:
            if run not in self._screens:
                self._screens[run] = screen
                await self.runtime.bell.listen(keys.log(run), screen.follower.hear)
                screen.follower.catch_up_soon()
            await screen.follower.ready.wait()
        finally:
            screen.expected -= 1
        screen.join(viewer, after)

    async def leave(self, run: UUID, viewer: Viewer) -> None:
        """Send `viewer` no more; a run nobody looks at is forgotten."""
        screen = self._screens.get(run)
        if screen:
            screen.viewers.discard(viewer)
            if not screen.viewers and not screen.expected:
                await self.close(screen)

    async def close_all(self) -> None:
        """Forget all screens: nothing reads on."""
        for screen in tuple(self._screens.values()):
            await self.close(screen)

    async def close(self, screen: Screen) -> None:
        """Forget `screen`."""
        if self._screens.get(screen.run) is screen:
            del self._screens[screen.run]
        self._unpainted.pop(screen.run, None)
        screen.follower.stop()
        await self.runtime.bell.leave(keys.log(screen.run), screen.follower.hear)

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
