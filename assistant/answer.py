"""One answer, from a run in the database to its end, there and in its log."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from assistant import afterwards, engine, usage
from assistant.changes import announce
from assistant.code.watch import CodeWatch
from assistant.conversations import ANSWER_CHARACTERS
from assistant.engine import History
from assistant.errors import AssistantError, CrowdedError, InterruptedRunError
from assistant.events import (
    Event,
    PictureMade,
    ReasoningReplaced,
    SourcesFound,
    TextDelta,
    TextReplaced,
    TurnFailed,
    TurnFinished,
    Waiting,
)
from assistant.guard.counts import save_counts
from assistant.guard.errors import GuardAwayError, GuardError
from assistant.guard.watch import TurnWatch, in_slices
from assistant.llama.errors import LlamaError
from assistant.llama.sight import pictures_of
from assistant.means import means_of, pages_named
from assistant.memory_wishes import concerns_memory
from assistant.model_server import ModelServer
from assistant.room_pictures import in_view
from assistant.runs import saving
from assistant.runs.forget import forget
from assistant.runs.saving import End, Outcome
from assistant.runtime import Runtime
from assistant.tools import offers, toolbox
from assistant.tools.create_image import create_image
from assistant.tools.kit import Kit
from assistant.usage import Payer
from imagine.errors import ImagineError

logger = logging.getLogger(__name__)

SAVE_SECONDS = 2
SAVE_AGAIN_SECONDS = (0.5, 1, 2, 4)
LOG_WAIT_SECONDS = 5


class Answer:
    """One answer being made. `await make()` makes it; `stop()` and `interrupt()` end it early."""

    def __init__(
        self,
        runtime: Runtime,
        run: UUID,
        history: History | None = None,
        *,
        public: bool = False,
        payer: str = Payer.ROOMS,
    ) -> None:
        self.run = run
        self._public = public
        self._payer = payer
        self._runtime = runtime
        self._writer = runtime.journal.open(run)
        self._saved_number = 0
        self._saved_reasoning: ReasoningReplaced | None = None
        self._first_token_at: datetime | None = None
        self._early_end: End | None = None
        self._work: asyncio.Task[End] | None = None
        self._history = history
        self._watch: TurnWatch | None = None
        self._code = CodeWatch(self._runtime.shield) if self._runtime.shield else None
        self._offered = ""
        """What is said of tools in a prompt of this answer."""
        self._instead = False
        """Whether the usual model answers in place of the best one."""

    @property
    def is_in_room(self) -> bool:
        """Whether others may have called meanwhile. Known once it was made."""
        return self._history is not None and self._history.in_room

    def stop(self) -> None:
        """End it: the person asked for that."""
        self._end_early(TurnFinished("stopped"))

    def interrupt(self) -> None:
        """End it: this process has to."""
        self._end_early(TurnFailed(InterruptedRunError.code))

    def _end_early(self, end: End) -> None:
        self._early_end = self._early_end or end
        if self._work:
            self._work.cancel()

    async def make(self) -> None:
        """Answer; whatever happens, the run ends in the database and in its log."""
        usage.payer.set(self._payer)
        try:
            await self._make()
        finally:
            # Who comes now finds the end in the database, also where the log never got it.
            self._writer.over = True

    async def _make(self) -> None:
        self._runtime.heartbeat.add(self.run, self.stop)
        saving_loop = asyncio.create_task(self._save_periodically())
        try:
            end = await self._judged(await self._end_of_work())
        finally:
            saving_loop.cancel()
            await asyncio.gather(saving_loop, return_exceptions=True)
        await self._finish(end)
        await self._index()
        for guard in self._runtime.guards:
            await save_counts(guard)
        self._runtime.heartbeat.remove(self.run)

    async def _end_of_work(self) -> End:
        self._work = asyncio.create_task(self._answer())
        if self._early_end:
            self._work.cancel()
        try:
            return await self._work
        except asyncio.CancelledError:
            return self._early_end or TurnFailed(InterruptedRunError.code)
        except (AssistantError, ImagineError) as error:
            logger.warning("run %s failed: %s: %s", self.run, error.code, error)
            return TurnFailed(error.code, error.retry)
        except Exception:
            # The edge of a task that is awaited by nothing: the run must end, and the operator must read why.
            logger.exception("run %s failed", self.run)
            return TurnFailed(AssistantError.code)

    async def _judged(self, end: End) -> End:
        """`end`, or that of a turn which the guard does not let stand: nothing of its answer stays then."""
        if self._watch:
            try:
                error = await self._watch.conclude(self._writer.text, self._thought)
            except Exception:
                # The edge of a task that is awaited by nothing. What was not judged does not stand.
                logger.exception("run %s was not judged", self.run)
                error = GuardAwayError("it was not judged")
            end = TurnFailed(error.code, error.retry) if error else end
        if saving.is_withdrawn(end):
            self._writer.withdraw()
            self._first_token_at = None
        return end

    @property
    def _thought(self) -> str:
        return self._writer.reasoning.text if self._writer.reasoning else ""

    def _watched(self, history: History) -> TurnWatch | None:
        """What has this turn judged, where there is a guard. The prompt of a picture is judged by its tool."""
        guard, call = self._runtime.guard, history.tool_call
        if guard is None:
            return None
        watch = TurnWatch(guard, history.messages, self._refuse, guest=history.is_guest or self._public)
        if call is None or call.name != create_image.name:
            watch.begin()
        return watch

    def _refuse(self, error: GuardError) -> None:
        logger.info("run %s is ended by the guard: %s", self.run, error.code)
        self._end_early(TurnFailed(error.code, error.retry))

    async def _answer(self) -> End:
        history, runtime = self._history or await in_view(await saving.load_history(self.run)), self._runtime
        if self._public:
            history = replace(history, instructions="", memories=(), remembers=False, revision="public")
        self._history = history
        self._watch = self._watched(history)
        if history.sources:
            self._writer.append(SourcesFound([source.to_json() for source in history.sources]))
        self._writer.steps = [step.to_json() for step in history.steps]
        if history.begun:
            self._writer.append(TextDelta(history.begun))
        connections = runtime.redis, runtime.doorbell, runtime.web_search, runtime.library, runtime.limits
        asked = history.messages[-1].content
        judging = runtime.guard, history.is_guest or self._public
        named, is_command = pages_named(history.messages), history.tool_call is not None
        kit = Kit(self.run, *connections, is_command, named, asked, *judging, runtime.translator)
        if runtime.eyes and pictures_of(history.messages):
            return await self._answer_by(runtime.eyes, history, kit)
        if history.harder:
            if end := await self._answer_by_best(history, kit):
                return end
            self._instead = True
        return await self._answer_by(runtime.usual, history, kit)

    async def _answer_by_best(self, history: History, kit: Kit) -> End | None:
        """Have the best model answer; None where it does not, and another one can begin. Raises as `_answer_by`."""
        best = self._runtime.best
        if best is None or best.is_away:
            return None
        try:
            end = await self._answer_by(best, history, kit)
        except (LlamaError, CrowdedError) as error:
            has_begun = self._writer.text != history.begun or len(self._writer.steps) > len(history.steps)
            if has_begun or (isinstance(error, LlamaError) and not error.elsewhere):
                raise
            if isinstance(error, LlamaError):
                best.failed()
            logger.warning("the usual model answers run %s in place of the best one: %s", self.run, error)
            return None
        best.answered()
        return end

    async def _answer_by(self, server: ModelServer, history: History, kit: Kit) -> End:
        """Have one model answer. Raises AssistantError, ImagineError."""
        memory = history.remembers and concerns_memory(kit.asked)
        with server.tool_choice.answering():
            means = await means_of(
                self._runtime,
                server,
                kit,
                self._report_place,
                memory=memory,
                permitted=self._watch.permitted if self._watch else None,
            )
            self._offered = "" if means.native else offers.text(means.offered)
            return await self._take_all(engine.answer(means, settings.SITE_NAME, history, today()))

    def _report_place(self, place: int) -> None:
        self._writer.append(Waiting("queue", place))

    async def _take_all(self, events: AsyncGenerator[Event, None]) -> End:
        async with aclosing(events):
            async for event in events:
                if self._watch and not isinstance(event, Waiting):
                    await self._watch.permitted()
                if isinstance(event, End):
                    return event
                room = max(0, ANSWER_CHARACTERS - len(self._writer.text))
                if isinstance(event, TextDelta) and len(event.text) > room:
                    self._take(TextDelta(event.text[:room]))
                    return TurnFinished("length")
                if self._watch:
                    await self._take_watched(self._watch, event)
                else:
                    self._take(event)
                await self._writer.throttle()
        raise AssistantError("the answer ended without an end")

    async def _take_watched(self, watch: TurnWatch, event: Event) -> None:
        for piece in in_slices(event):
            self._take(piece)
            await watch.grown(self._writer.text, self._thought)

    def _take(self, event: Event) -> None:
        if self._first_token_at is None and isinstance(event, TextDelta | PictureMade):
            self._first_token_at = timezone.now()
        elif isinstance(event, TextReplaced):
            self._first_token_at = None
            if self._watch:
                self._watch.replaced()
        self._writer.append(event)
        if self._code:
            self._code.grown(self._writer.text)

    async def _save_periodically(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            number, text, reasoning = self._writer.number, self._writer.written_text, self._writer.written_reasoning
            # Before the first word or thought only the log says how the wait goes.
            if (text or reasoning) and number > self._saved_number:
                new = reasoning if reasoning != self._saved_reasoning else None
                try:
                    await saving.save_progress(self.run, text, number, new, self._writer.steps, self._writer.sources)
                except DatabaseError as error:
                    logger.warning("run %s cannot be saved yet: %s", self.run, error)
                else:
                    self._saved_number, self._saved_reasoning = number, reasoning

    async def _keep(self, outcome: Outcome) -> bool:
        """Save the end, with retries while the database is away for some seconds. False when the run was erased."""
        for pause in SAVE_AGAIN_SECONDS:
            try:
                return await saving.save_end(self.run, outcome)
            except DatabaseError as error:
                logger.warning("run %s cannot be ended yet: %s", self.run, error)
                await asyncio.sleep(pause)
        return await saving.save_end(self.run, outcome)

    async def _finish(self, end: End) -> None:
        """The database first: what reads of the end in the log finds it there."""
        if self._instead and isinstance(end, TurnFinished):
            end = replace(end, instead=True)
        await self._runtime.journal.written(self._writer, LOG_WAIT_SECONDS)
        writer = self._writer
        issues = await self._code.conclude(writer.text) if self._code else []
        found = writer.steps, writer.sources, [issue.to_json() for issue in issues]
        kept = await self._keep(
            Outcome(writer.text, writer.number, self._first_token_at, end, writer.reasoning, *found)
        )
        if isinstance(end, TurnFinished) and end.reason == "stopped":
            # Only now: a tool begins nothing for a run that has ended. What an interrupted run began goes on.
            await toolbox.cancel(self.run)
        self._writer.append(end)
        if not await self._runtime.journal.written(self._writer, LOG_WAIT_SECONDS):
            self._runtime.journal.forget(self._writer)
            logger.warning("run %s ended without its log: Redis is away", self.run)
        elif not kept:
            await asyncio.to_thread(forget, [self.run])
        elif isinstance(end, TurnFinished):
            await afterwards.follow(self._runtime, self.run, self._history, writer.text, self._offered, end)

    async def mark_late(self) -> None:
        """Keep the issues of its code that were found after its end, and have pages look again; not those of rooms."""
        if self._code is None or not (issues := await self._code.late()):
            return
        try:
            conversation = await saving.save_issues(self.run, [issue.to_json() for issue in issues])
        except DatabaseError as error:
            logger.warning("code of run %s is not marked: %s", self.run, error)
            return
        if conversation:
            await announce(self._runtime, conversation)

    async def _index(self) -> None:
        """Last, so that no word waits for it. What is not indexed here is by the person's next search."""
        try:
            await saving.index(self.run)
        except DatabaseError as error:
            logger.warning("run %s is not indexed yet: %s", self.run, error)


def today() -> date | None:
    """The date for the prompt. None for the small demonstration model, which talks of nothing else once it has one."""
    return None if settings.LLAMA_DEMO else timezone.localdate()
