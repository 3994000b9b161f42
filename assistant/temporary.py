"""Temporary conversations: kept while a tab shows them, erased soon after the last one has gone."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from assistant.background import end
from assistant.conversations import AWAY
from assistant.database import in_thread
from assistant.errors import NotFoundError
from assistant.models import Conversation
from assistant.runs.forget import forget
from imagine.models import Picture

logger = logging.getLogger(__name__)

# How long one stays after its last tab was closed, reloaded or led elsewhere: time enough to come back.
CLOSED = timedelta(minutes=1)
TICK_SECONDS = 10
BATCH = 200


class OpenConversations:
    """The temporary conversations that sockets of this process show. Use it as `async with OpenConversations()`.

    It prolongs them, and erases those of any process whose time has passed: at its start too.
    """

    def __init__(self) -> None:
        self._sockets: Counter[UUID] = Counter()

    async def __aenter__(self) -> "OpenConversations":
        self._task = asyncio.create_task(self._tick_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)

    async def join(self, conversation: UUID) -> None:
        """A socket shows it from now on. Raises NotFoundError once it is erased, DatabaseError."""
        self._sockets[conversation] += 1
        if not await prolong([conversation], AWAY):
            self._sockets -= Counter([conversation])
            raise NotFoundError

    async def leave(self, conversation: UUID, *, closed: bool) -> None:
        """A socket shows it no more; `closed` where the browser says that its page was left."""
        # Subtraction drops what has come to zero.
        self._sockets -= Counter([conversation])
        if conversation in self._sockets:
            return
        try:
            await prolong([conversation], CLOSED if closed else AWAY)
        except DatabaseError as error:
            # It ends when the last prolongation does.
            logger.warning("the end of temporary conversation %s comes later: %s", conversation, error)

    async def _tick_forever(self) -> None:
        while True:
            try:
                await self._tick()
            except DatabaseError as error:
                logger.warning("temporary conversations stay for now: %s", error)
            except Exception:
                # The edge of this task: it must go on for as long as the process does.
                logger.exception("the care for temporary conversations failed once")
            await asyncio.sleep(TICK_SECONDS)

    async def _tick(self) -> None:
        if self._sockets:
            await prolong(list(self._sockets), AWAY)
        runs = await in_thread(erase_ended)()
        if runs:
            await asyncio.to_thread(forget, runs)


@in_thread
def prolong(conversations: Collection[UUID], time: timedelta) -> int:
    """Have temporary conversations live for `time` from now; returns how many are still there."""
    alive = Conversation.objects.filter(id__in=conversations, temporary=True)
    return alive.update(alive_until=timezone.now() + time)


def erase_ended() -> list[UUID]:
    """Erase the temporary conversations whose time has passed, at most BATCH.

    Returns the ids of their runs, so that the caller can delete their logs in Redis. Raises DatabaseError.
    """
    now = timezone.now()
    ended = Conversation.objects.filter(temporary=True, alive_until__lt=now).values_list("id", flat=True)[:BATCH]
    return [run for conversation in list(ended) for run in _erase_ended(conversation, now)]


@transaction.atomic
def _erase_ended(conversation: UUID, now: datetime) -> list[UUID]:
    """Erase it unless a tab has come back since the query."""
    still_ended = Conversation.objects.select_for_update().filter(id=conversation, alive_until__lt=now).first()
    return erase(still_ended) if still_ended else []


@transaction.atomic
def erase(conversation: Conversation) -> list[UUID]:
    """Erase a temporary conversation with the pictures drawn in it; returns the ids of its runs."""
    runs = list(conversation.runs.values_list("id", flat=True))
    for picture in Picture.objects.filter(messages__conversation=conversation).distinct():
        picture.delete()
    conversation.delete()
    return runs
