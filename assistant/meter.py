"""The meter of a process: it counts what its models use, writes that down, and holds it against the budgets."""

import asyncio
import logging

from django.conf import settings
from django.db import DatabaseError

from assistant.background import end
from assistant.database import in_thread
from assistant.usage import Tally, refuse_when_spent, used_today

logger = logging.getLogger(__name__)

# So late other processes learn of it, and so much is lost with a process that is killed.
SAVE_SECONDS = 10


class Meter:
    """Use it as `async with Meter() as meter`; it belongs to one event loop."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._used: dict[str, int] = {}

    async def __aenter__(self) -> "Meter":
        await self._save()
        self._task = asyncio.create_task(self._save_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)
        await self._save()

    def check(self, payer: str) -> None:
        """Raise BudgetSpentError where the budget of the day is used up."""
        refuse_when_spent(self._used, self.tally, payer)

    async def _save_forever(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await self._save()

    async def _save(self) -> None:
        try:
            if self.tally.tokens():
                await in_thread(self.tally.save)()
            if any(settings.BUDGETS.values()):
                self._used = await in_thread(used_today)()
        except DatabaseError as error:
            logger.warning("what the models used is not written down yet: %s", error)
        except Exception:
            # The edge of this task: it must go on for as long as the process does.
            logger.exception("what the models used was not written down once")
