"""The person's rooms beside what a page shows: it is told once when something unread is in one of them."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.db import DatabaseError

from assistant.background import end
from assistant.database import in_thread
from assistant.models import Person
from assistant.rooms import records
from assistant.runs import keys
from assistant.runtime import Runtime

logger = logging.getLogger(__name__)

# What is said in a lively room is looked up once, and what its own page has read meanwhile is not told.
SETTLE_SECONDS = 2


class RoomBells:
    """Listens to the rooms in which the person is now; `tell` is called with each that is unread, once."""

    def __init__(self, runtime: Runtime, person: Person, tell: Callable[[UUID], None]) -> None:
        self._runtime = runtime
        self._person = person
        self._tell = tell
        self._heard: dict[UUID, Callable[[bytes | None], None]] = {}
        self._rung: set[UUID] = set()
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to listen, and tell what is unread: it may have come since the page was made. Raises DatabaseError."""
        for room in await in_thread(records.listed)(self._person):
            self._heard[room.pk] = partial(self._hear, room.pk)
            await self._runtime.doorbell.subscribe(keys.conversation(room.pk), self._heard[room.pk])
        if self._heard:
            self._rung = set(self._heard)
            self._came.set()
            self._task = asyncio.create_task(self._look_forever())

    async def close(self) -> None:
        """Listen no more."""
        for room in tuple(self._heard):
            await self._leave(room)
        if self._task:
            await end(self._task)

    async def _leave(self, room: UUID) -> None:
        if subscriber := self._heard.pop(room, None):
            await self._runtime.doorbell.unsubscribe(keys.conversation(room), subscriber)

    def _hear(self, room: UUID, _data: bytes | None) -> None:
        self._rung.add(room)
        self._came.set()

    async def _look_forever(self) -> None:
        while self._heard:
            await self._came.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._came.clear()
            rung, self._rung = self._rung, set()
            try:
                rooms = {one.pk: one.unread for one in await in_thread(records.listed)(self._person)}
            except DatabaseError as error:
                logger.warning("the rooms of %s cannot be looked up: %s", self._person.pk, error)
                continue
            for room in rung:
                if rooms.get(room):
                    self._tell(room)
                if rooms.get(room, True):
                    # Told, or not the person's any more.
                    await self._leave(room)
