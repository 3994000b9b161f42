"""From a run in the database to its answer: load the history, run the engine, save what was said."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from assistant import engine
from assistant.conversations import shown_messages
from assistant.database import in_thread
from assistant.engine import History
from assistant.errors import AssistantError, InterruptedRunError
from assistant.events import Event, TextDelta, TurnFailed, TurnFinished, Waiting
from assistant.llama.messages import ChatMessage
from assistant.models import Message, Run
from assistant.runs.forget import forget
from assistant.tools import create_image
from imagine.errors import ImagineError

if TYPE_CHECKING:
    from assistant.runtime import Runtime

logger = logging.getLogger(__name__)

SAVE_SECONDS = 2
SAVE_AGAIN_SECONDS = (0.5, 1, 2, 4)
LOG_WAIT_SECONDS = 5
ANSWER_CHARACTERS = 200_000
HISTORY_MESSAGES = 200
HISTORY_STEP = 100
FIRST_ANSWER = 2

End = TurnFinished | TurnFailed


class Responder:
    """One answer being made. `await respond()` makes it; `stop()` and `interrupt()` end it early."""

    def __init__(self, runtime: "Runtime", run: UUID) -> None:
        self.run = run
        self._runtime = runtime
        self._writer = runtime.journal.open(run)
        self._saved_number = 0
        self._first_token_at: datetime | None = None
        self._early_end: End | None = None
        self._work: asyncio.Task[End] | None = None

    def stop(self) -> None:
        """The person wants no more."""
        self._end_early(TurnFinished("stopped"))

    def interrupt(self) -> None:
        """The process must go."""
        self._end_early(TurnFailed(InterruptedRunError.code))

    def _end_early(self, end: End) -> None:
        self._early_end = self._early_end or end
        if self._work:
            self._work.cancel()

    async def respond(self) -> None:
        """Answer; whatever happens, the run ends in the database and in its log."""
        self._runtime.keeper.add(self.run, self.stop)
        saving = asyncio.create_task(self._save_on())
        try:
            end = await self._end_of_work()
        finally:
            saving.cancel()
            await asyncio.gather(saving, return_exceptions=True)
        await self._finish(end)
        self._runtime.keeper.remove(self.run)

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
            # The edge of a task nobody awaits: the person must hear of it, and the operator must read it.
            logger.exception("run %s failed", self.run)
            return TurnFailed(AssistantError.code)

    async def _answer(self) -> End:
        history, runtime = await load_history(self.run), self._runtime
        prompt = create_image.wanted(history.messages[-1].content)
        if prompt is not None:
            return await self._take_all(create_image.answer(runtime.redis, runtime.bell, self.run, prompt))
        async with runtime.line.seat(lambda place: self._writer.append(Waiting("line", place))):
            return await self._take_all(engine.answer(runtime.client, settings.SITE_NAME, history, today()))

    async def _take_all(self, events: AsyncGenerator[Event, None]) -> End:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, End):
                    return event
                self._take(event)
                if len(self._writer.text) > ANSWER_CHARACTERS:
                    return TurnFinished("length")
        raise AssistantError("the answer ended without an end")

    def _take(self, event: Event) -> None:
        if self._first_token_at is None and isinstance(event, TextDelta):
            self._first_token_at = timezone.now()
        self._writer.append(event)

    async def _save_on(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            number, text = self._writer.number, self._writer.written_text
            # Before the first word the log alone tells how the wait goes.
            if text and number > self._saved_number:
                try:
                    await save_progress(self.run, text, number)
                except DatabaseError as error:
                    logger.warning("run %s cannot be saved yet: %s", self.run, error)
                else:
                    self._saved_number = number

    async def _keep(self, outcome: "Outcome") -> bool:
        """Save the end, also when the database is away for some seconds. False when the run was erased."""
        for pause in SAVE_AGAIN_SECONDS:
            try:
                return await save_end(self.run, outcome)
            except DatabaseError as error:
                logger.warning("run %s cannot be ended yet: %s", self.run, error)
                await asyncio.sleep(pause)
        return await save_end(self.run, outcome)

    async def _finish(self, end: End) -> None:
        """The database first, so that whoever hears of the end finds it there."""
        await self._runtime.journal.written(self._writer, LOG_WAIT_SECONDS)
        kept = await self._keep(Outcome(self._writer.text, self._writer.number, self._first_token_at, end))
        if isinstance(end, TurnFinished) and end.reason == "stopped":
            # Only now: a picture is not asked for once its run has ended. One that was interrupted is drawn on.
            await create_image.stop(self.run)
        self._writer.append(end)
        if not await self._runtime.journal.written(self._writer, LOG_WAIT_SECONDS):
            self._runtime.journal.forget(self._writer)
            logger.warning("run %s ended without its log: Redis is away", self.run)
        elif not kept:
            await asyncio.to_thread(forget, [self.run])
        elif isinstance(end, TurnFinished) and (conversation := await unnamed(self.run)):
            await asyncio.to_thread(ask_for_title, conversation)


def today() -> date | None:
    """The date that the model is told. The small demonstration model talks about nothing else once it hears one."""
    return None if settings.LLAMA_DEMO else timezone.localdate()


@dataclass(frozen=True)
class Outcome:
    """How a run ended, for the database."""

    text: str
    number: int
    first_token_at: datetime | None
    end: End


@in_thread
def load_history(run_id: UUID) -> History:
    """The conversation before the run's answer, at most the newest `HISTORY_MESSAGES`, the person's turn last."""
    answer = Message.objects.select_related("conversation").get(run=run_id)
    before = shown_messages(answer.conversation).filter(position__lt=answer.position).exclude(text="")
    # The start moves in large steps, so that the prompt's head, and the server's work on it, last for many turns.
    start = max(0, before.count() - HISTORY_MESSAGES + HISTORY_STEP - 1) // HISTORY_STEP * HISTORY_STEP
    rows = before.order_by("position").values_list("role", "text")[start:]
    messages = [ChatMessage("user" if role == Message.Role.USER else "assistant", text) for role, text in rows]
    counted = answer.conversation.runs.exclude(token_factor=None).order_by("-created_at")
    return History(messages, counted.values_list("token_factor", flat=True).first() or 1.0)


@in_thread
def save_progress(run_id: UUID, text: str, number: int) -> None:
    """Keep the text reached so far and the number it stands for."""
    Message.objects.filter(run=run_id).update(text=text)
    Run.objects.filter(id=run_id).update(saved_number=number)


@in_thread
def save_end(run_id: UUID, outcome: Outcome) -> bool:
    """Keep the answer and how it ended, also when a reaper thought the run dead. False when it was erased."""
    Message.objects.filter(run=run_id).update(text=outcome.text)
    kept = Run.objects.filter(id=run_id).update(
        saved_number=outcome.number,
        first_token_at=outcome.first_token_at,
        finished_at=timezone.now(),
        **end_fields(outcome.end),
    )
    return bool(kept)


@in_thread
def unnamed(run_id: UUID) -> UUID | None:
    """The conversation of the run, when a worker shall name it: this was its first answer, the person gave no name.

    The demonstration model gives no good names.
    """
    answer = Message.objects.select_related("conversation").get(run=run_id)
    if answer.position > FIRST_ANSWER or answer.conversation.titled_by_person or settings.LLAMA_DEMO:
        return None
    return answer.conversation_id


def ask_for_title(conversation: UUID) -> None:
    """Have a worker name the conversation. It may take seconds where Redis is away: not for the database's threads."""
    try:
        # By name, as the worker's module needs this one; without retries, as the title matters little.
        current_app.send_task("assistant.tasks.title_conversation", [str(conversation)], retry=False)
    except OperationalError as error:
        logger.warning("no title for conversation %s: %s", conversation, error)


def end_fields(end: End) -> dict[str, object]:
    """The columns of Run that say how it ended."""
    match end:
        case TurnFinished():
            stopped = end.reason == "stopped"
            return {
                "status": Run.Status.STOPPED if stopped else Run.Status.DONE,
                "problem": "length" if end.reason == "length" else "",
                "model": end.model[:200],
                "prompt_tokens": end.prompt_tokens,
                "answer_tokens": end.answer_tokens,
                "token_factor": end.token_factor,
            }
        case TurnFailed():
            interrupted = end.problem == InterruptedRunError.code
            return {
                "status": Run.Status.INTERRUPTED if interrupted else Run.Status.FAILED,
                "problem": end.problem,
            }
        case _:
            assert_never(end)
