"""The queue before the model: so many answers at once, the others wait and know their place."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from assistant.errors import CrowdedError


@dataclass
class Ticket:
    """One who waits. `admitted` is set when there is a seat; `report_place` is called when the place changes."""

    admitted: asyncio.Future[None]
    report_place: Callable[[int], None]


class ModelQueue:
    """First come, first served, within one process. At most `seats` are served and `length` wait."""

    def __init__(self, seats: int, length: int) -> None:
        self._free = seats
        self._length = length
        self._waiting: deque[Ticket] = deque()

    @asynccontextmanager
    async def seat(self, report_place: Callable[[int], None]) -> AsyncIterator[None]:
        """Hold a seat; until there is one, `report_place` gets the number of those before. Raises CrowdedError."""
        await self._enter(report_place)
        try:
            yield
        finally:
            self._free += 1
            self._admit_next()

    @property
    def is_idle(self) -> bool:
        """Whether a seat is free, and nobody waits for one."""
        return self._free > 0 and not self._waiting

    async def _enter(self, report_place: Callable[[int], None]) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        if len(self._waiting) >= self._length:
            raise CrowdedError(f"{self._length} people wait for the model already")
        ticket = Ticket(asyncio.get_running_loop().create_future(), report_place)
        self._waiting.append(ticket)
        report_place(len(self._waiting) - 1)
        try:
            await ticket.admitted
        except asyncio.CancelledError:
            self._cancel(ticket)
            raise

    def _cancel(self, ticket: Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            self._report_places()
        elif not ticket.admitted.cancelled():
            self._free += 1
            self._admit_next()

    def _admit_next(self) -> None:
        while self._free and self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.admitted.cancelled():
                self._free -= 1
                ticket.admitted.set_result(None)
        self._report_places()

    def _report_places(self) -> None:
        for place, ticket in enumerate(self._waiting):
            ticket.report_place(place)
