"""The answers that this process makes: begun, waited for, and ended with it."""

import asyncio
import logging
from contextvars import Context
from uuid import UUID

from django.db import DatabaseError

from assistant.answer import Answer
from assistant.database import in_thread
from assistant.engine import History
from assistant.errors import AssistantError
from assistant.rooms import talk
from assistant.runtime import Runtime
from assistant.usage import Payer

logger = logging.getLogger(__name__)

INTERRUPT_SECONDS = 10


class Answering:
    """Makes, starts, drains and ends answers over the connections of `runtime`."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.ending = False
        """Whether this process ends: what it interrupts now is for another one."""
        self._answers: dict[asyncio.Task[None], Answer] = {}

    def start(
        self, run: UUID, history: History | None = None, *, public: bool = False, payer: str = Payer.ROOMS
    ) -> None:
        """Answer `run` in the background; its `history` is loaded unless it is given.

        A `public` answer is short, and knows nothing of the person who asks. `payer` is whose budget it comes from.
        """
        answer = Answer(self.runtime, run, history, public=public, payer=payer)
        # In a context of its own: the request that asked ends long before the answer, and its thread with it.
        task = asyncio.create_task(self._make(answer), context=Context())
        self._answers[task] = answer
        task.add_done_callback(self._done)

    async def _make(self, answer: Answer) -> None:
        await answer.make()
        if answer.is_in_room:
            await self._go_on(answer.run)
        if not self.ending:
            await answer.mark_late()

    async def _go_on(self, run: UUID) -> None:
        """In a room: answer the call that came meanwhile."""
        try:
            waiting = await in_thread(talk.after)(run)
        except (DatabaseError, AssistantError) as error:
            logger.warning("what follows on run %s is left to another process: %s", run, error)
            return
        if waiting and not self.ending:
            self.start(waiting.id)

    def _done(self, task: asyncio.Task[None]) -> None:
        answer = self._answers.pop(task)
        self.runtime.heartbeat.remove(answer.run)
        if not task.cancelled() and (error := task.exception()):
            logger.error("run %s could not be ended", answer.run, exc_info=error)

    async def wait(self, run: UUID) -> None:
        """Wait until `run` has ended, if this process answers it."""
        tasks = [task for task, answer in self._answers.items() if answer.run == run]
        if tasks:
            await asyncio.wait(tasks)

    async def drain(self, seconds: float) -> None:
        """Wait for the answers in progress; interrupt those that take longer than `seconds`."""
        self.ending = True
        if self._answers:
            await asyncio.wait(self._answers, timeout=seconds)
        for answer in tuple(self._answers.values()):
            answer.interrupt()
        if self._answers:
            await asyncio.wait(self._answers, timeout=INTERRUPT_SECONDS)
