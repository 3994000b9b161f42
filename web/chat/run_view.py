"""What the browsers that follow a run show: rendered once per process and language, however many of them there are."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from uuid import UUID

from django.utils.translation import override

from assistant.events import ReasoningDelta, ReasoningReplaced, SourcesFound, TextDelta, TextReplaced, Waiting
from assistant.runs import keys
from assistant.runs.follower import Follower
from assistant.runs.log import Entry
from assistant.runtime import Runtime
from assistant.sentences import waiting_sentence
from web.chat.presenter import EndOfRun, end_of_run, reasoning_sentence
from web.markdown.stream import Append, MarkdownStream
from web.sockets.messages import encode

# In each window at most this much time goes into rendering; under load the rest waits for the next one.
WINDOW_SECONDS = 1 / 30
PAINT_SECONDS = WINDOW_SECONDS / 2

# Takes one message, encoded. Must not wait.
Viewer = Callable[[str], None]
# A run, and the language in which it is shown.
Key = tuple[UUID, str]

Block = tuple[int, str]


class ShownReasoning:
    """What the model thought, for how long, and what of it viewers have not seen yet. `thinking`: no text followed."""

    def __init__(self) -> None:
        self.text = ""
        self.seconds = 0.0
        self.thinking = False
        self.changed = False
        self._shown: int | None = None
        """How much viewers have seen; None where they are to see all of it anew."""

    def add(self, text: str, seconds: float) -> None:
        self.text += text
        self.seconds, self.thinking, self.changed = seconds, True, True

    def replace(self, text: str, seconds: float) -> None:
        """Take the whole reasoning; whether the model still thinks, the text before it has shown."""
        self.text, self.seconds, self.changed, self._shown = text, seconds, True, None

    def pause(self) -> None:
        """Text follows."""
        self.thinking = False
        self.changed = bool(self.text)

    def take(self) -> tuple[str, bool]:
        """What viewers are to see now, and whether that is the whole."""
        shown, self._shown, self.changed = self._shown, len(self.text), False
        return self.text[shown or 0 :], shown is None


class RunView:
    """One run as it looks now in one language, and its viewers."""

    def __init__(self, key: Key, views: "RunViews") -> None:
        self.key = key
        self.run, self.language = key
        self.viewers: set[Viewer] = set()
        self.expected = 0
        self.follower = Follower(self.run, views.runtime.redis, self)
        self._views = views
        self._number = 0  # of the last event taken
        self._sent = 0  # of the last message shown
        self._texts: list[str] = []
        self._sources: tuple[str, ...] = ()
        self._stream = MarkdownStream()
        self._shown_length = 0
        self._anew = False
        self._waiting: Waiting | None = None
        self._reasoning = ShownReasoning()
        self._end: EndOfRun | None = None

    # In: from the follower

    def take(self, entry: Entry) -> None:
        """The next event of the run."""
        if isinstance(entry.event, Waiting):
            # A busy process may not have shown the words before it yet, and they would hide it.
            self.paint()
        self._number = entry.number
        match entry.event:
            case TextDelta(text):
                self._texts.append(text)
                self._stream.feed(text)
                if self._reasoning.thinking:
                    self._reasoning.pause()
                self._views.paint_soon(self)
            case TextReplaced(text):
                self._texts = [text]
                self._begin_anew()
                self._reasoning.thinking = not text
                self._views.paint_soon(self)
            case SourcesFound(sources):
                self._sources = tuple(str(source.get("url")) for source in sources)
                if any(self._texts):
                    self._begin_anew()
                    self._views.paint_soon(self)
                else:
                    self._stream = MarkdownStream("", self._sources)
            case ReasoningDelta(text, seconds):
                self._reasoning.add(text, seconds)
                self._views.paint_soon(self)
            case ReasoningReplaced(text, seconds):
                self._reasoning.replace(text, seconds)
                self._views.paint_soon(self)
            case Waiting():
                self._waiting = entry.event
                self._show("waiting", sentence=self._waiting_sentence(entry.event))

    def _begin_anew(self) -> None:
        """Render all of the text once more."""
        self._stream = MarkdownStream("".join(self._texts), self._sources)
        self._anew = True

    async def end(self) -> None:
        """Show the whole answer as the database has it."""
        with override(self.language):
            self._end = await end_of_run(self.run)
        shown, final = self._stream.blocks, self._end.blocks
        changed = [(i, html) for i, html in enumerate(final) if i >= len(shown) or shown[i] != html]
        cleared = [(i, "") for i in range(len(final), self._shown_length)]
        self._show("finished", **self._end_fields(self._end, changed + cleared))
        if self._end.follow_ups:
            self._show("suggested", **self._follow_ups(self._end))
        await self._views.drop(self)

    async def vanish(self) -> None:
        """The run was erased."""
        await self._views.drop(self)

    # Out: to viewers

    def paint(self) -> None:
        """Show what has changed since the last time."""
        with override(self.language):
            changes = self._stream.changes()
        if self._anew:
            self._anew = False
            self._show("text", blocks=self._all_blocks())
        elif isinstance(changes, Append):
            self._show("append", previous=self._sent, block=changes.block, text=changes.text)
        elif changes:
            self._show("text", blocks=changes)
        self._shown_length = max(self._shown_length, len(self._stream.blocks))
        if self._reasoning.changed:
            text, whole = self._reasoning.take()
            self._show("reasoning", previous=None if whole else self._sent, **self._reasoning_fields(text))

    def join(self, viewer: Viewer, after: int) -> None:
        """Add a viewer that has the events up to `after`: show what came since, and then what comes."""
        if self._end:
            viewer(self._encoded("finished", **self._end_fields(self._end, list(enumerate(self._end.blocks)))))
            if self._end.follow_ups:
                viewer(self._encoded("suggested", **self._follow_ups(self._end)))
            return
        self.paint()
        if self._reasoning.text and after != self._sent:
            viewer(self._encoded("reasoning", previous=None, **self._reasoning_fields(self._reasoning.text)))
        if self._stream.blocks and after != self._sent:
            viewer(self._encoded("text", blocks=self._all_blocks()))
        elif self._waiting and not self._stream.blocks and not self._reasoning.text:
            viewer(self._encoded("waiting", sentence=self._waiting_sentence(self._waiting)))
        self.viewers.add(viewer)

    def _waiting_sentence(self, event: Waiting) -> str:
        with override(self.language):
            return waiting_sentence(event)

    def _reasoning_fields(self, text: str) -> dict[str, object]:
        shown = self._reasoning
        with override(self.language):
            sentence = reasoning_sentence(shown.seconds, thinking=shown.thinking)
        return {"text": text, "thinking": shown.thinking, "sentence": sentence}

    def _all_blocks(self) -> list[Block]:
        blocks: list[Block] = list(enumerate(self._stream.blocks))
        return blocks + [(i, "") for i in range(len(blocks), self._shown_length)]

    def _follow_ups(self, end: EndOfRun) -> dict[str, object]:
        return {"answer": str(end.answer), "html": end.follow_ups}

    def _end_fields(self, end: EndOfRun, blocks: list[Block]) -> dict[str, object]:
        return {
            "status": end.status,
            "reasoning": end.reasoning,
            "blocks": blocks,
            "sources": end.sources,
            "pictures": end.pictures,
            "footer": end.footer,
        }

    def _encoded(self, kind: str, **fields: object) -> str:
        return encode(kind, run=str(self.run), number=self._sent, **fields)

    def _show(self, kind: str, **fields: object) -> None:
        self._sent = self._number
        message = self._encoded(kind, **fields)
        for viewer in tuple(self.viewers):
            viewer(message)


class RunViews:
    """The views of this process, one for each run and language that has viewers."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._views: dict[Key, RunView] = {}
        self._unpainted: dict[Key, RunView] = {}
        self._spent_seconds = 0.0
        self._window: asyncio.TimerHandle | None = None

    async def watch(self, run: UUID, language: str, viewer: Viewer, after: int = 0) -> None:
        """Send `viewer` what came after event `after`, and all that follows. The caller has checked whose run it is."""
        key = run, language
        view = self._views.get(key) or RunView(key, self)
        view.expected += 1
        try:
            if key not in self._views:
                self._views[key] = view
                await self._follow(view)
            await view.follower.ready.wait()
        finally:
            view.expected -= 1
        view.join(viewer, after)

    async def _follow(self, view: RunView) -> None:
        if writer := self.runtime.journal.writer_of(view.run):
            view.follower.listen(writer)
            return
        await self.runtime.doorbell.subscribe(keys.log(view.run), view.follower.notify)
        view.follower.catch_up_soon()

    async def leave(self, run: UUID, language: str, viewer: Viewer) -> None:
        """Send `viewer` no more; a view without viewers is dropped."""
        view = self._views.get((run, language))
        if view:
            view.viewers.discard(viewer)
            if not view.viewers and not view.expected:
                await self.drop(view)

    async def close(self) -> None:
        """Drop all views: nothing is followed any more."""
        for view in tuple(self._views.values()):
            await self.drop(view)

    async def drop(self, view: RunView) -> None:
        """Follow the run of `view` no more."""
        if self._views.get(view.key) is view:
            del self._views[view.key]
        self._unpainted.pop(view.key, None)
        view.follower.stop()
        await self.runtime.doorbell.unsubscribe(keys.log(view.run), view.follower.notify)

    def paint_soon(self, view: RunView) -> None:
        """Paint `view` now, or in a later window when this one's time is spent."""
        self._unpainted[view.key] = view
        if self._spent_seconds < PAINT_SECONDS:
            self._paint()

    def _paint(self) -> None:
        started = perf_counter()
        while self._unpainted and self._spent_seconds < PAINT_SECONDS:
            view = self._unpainted.pop(next(iter(self._unpainted)))
            view.paint()
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
