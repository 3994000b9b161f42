"""The line before the model: so many answers at once, the others wait and know their place."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from assistant.errors import CrowdedError


@dataclass
class Ticket:
    called: asyncio.Future[None]
    tell_place: Callable[[int], None]


class Line:
    """First come, first served, within one process. At most `seats` are served and `length` wait."""

    def __init__(self, seats: int, length: int) -> None:
        self._free = seats
        self._length = length
        self._waiting: deque[Ticket] = deque()

    @asynccontextmanager
    async def seat(self, tell_place: Callable[[int], None]) -> AsyncIterator[None]:
        """Hold a seat; until there is one, `tell_place` hears how many are before us. Raises CrowdedError."""
        await self._enter(tell_place)
        try:
            yield
        finally:
            self._free += 1
            self._call_next()

    async def _enter(self, tell_place: Callable[[int], None]) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        if len(self._waiting) >= self._length:
            raise CrowdedError(f"{self._length} people wait for the model already")
        ticket = Ticket(asyncio.get_running_loop().create_future(), tell_place)
        self._waiting.append(ticket)
        tell_place(len(self._waiting) - 1)
        try:
            await ticket.called
        except asyncio.CancelledError:
            self._give_up(ticket)
            raise

    def _give_up(self, ticket: Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            self._tell_places()
        elif not ticket.called.cancelled():
            self._free += 1
            self._call_next()

    def _call_next(self) -> None:
        while self._free and self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.called.cancelled():
                self._free -= 1
                ticket.called.set_result(None)
        self._tell_places()

    def _tell_places(self) -> None:
        for place, ticket in enumerate(self._waiting):
            ticket.tell_place(place)
