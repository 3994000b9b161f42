"""The queue before the model: so many answers at once, the others wait and know their place."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count

from redis.exceptions import RedisError

from assistant.background import end
from assistant.doorbell import Doorbell
from assistant.errors import CrowdedError
from assistant.seats import COMING, GRANTED, REFUSED, SharedSeats, Standing

logger = logging.getLogger(__name__)

STATE_SECONDS = 1
REDIS_SECONDS = 1


@dataclass
class Ticket:
    """One who waits. `admitted` is set when there is a seat; `report_place` is called when the place changes.

    `is_stated`: the other processes know of it.
    """

    admitted: asyncio.Future[None]
    report_place: Callable[[int], None]
    place: int | None = None
    is_stated: bool = False

    @property
    def is_admitted(self) -> bool:
        """Whether it has a seat."""
        return self.admitted.done() and not self.admitted.cancelled() and self.admitted.exception() is None

    def show(self, place: int) -> None:
        """Report the place, where it is new."""
        if place != self.place:
            self.place = place
            self.report_place(place)


class ModelQueue:
    """First come, first served: at most `seats` are served and `length` wait, here, or in all processes that share it.

    Who is alone decides at once, also where Redis is away. Beside others a process takes a seat at once too, while it
    holds one in advance; else it asks.
    """

    def __init__(self, seats: int, length: int) -> None:
        self._seats = seats
        self._length = length
        self._used = 0
        self._waiting: dict[str, Ticket] = {}
        self._numbers = count(1)
        self._shared: SharedSeats | None = None
        self._alone, self._away, self._asking = True, False, False
        # What the last statement brought.
        self._held = self._waiting_anywhere = self._unused = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def shared_by(self, shared: SharedSeats, doorbell: Doorbell) -> AsyncIterator["ModelQueue"]:
        """Share the seats with other processes, which are heard through `doorbell`, until the end of the block."""
        self._shared = shared
        await doorbell.subscribe(shared.channel, self._heard)
        await self._state(shared)
        task = asyncio.create_task(self._state_forever(shared))
        try:
            yield self
        finally:
            await end(task)
            await doorbell.unsubscribe(shared.channel, self._heard)
            await leave(shared)

    @asynccontextmanager
    async def seat(self, report_place: Callable[[int], None]) -> AsyncIterator[None]:
        """Hold a seat; until there is one, `report_place` gets the number of those before. Raises CrowdedError."""
        await self._enter(report_place)
        try:
            yield
        finally:
            self._used -= 1
            self._move_up()

    @property
    def is_idle(self) -> bool:
        """Whether a seat is free, and nobody waits for one."""
        if self._alone:
            return self._free > 0 and not self._waiting
        return not self._waiting and not self._waiting_anywhere and max(self._free, self._unused) > 0

    @property
    def _free(self) -> int:
        """The seats that may be taken without asking."""
        return (self._seats if self._alone else self._held) - self._used

    @property
    def _may_admit(self) -> bool:
        """Whether the first one here may be admitted now: nobody elsewhere came before, and others are not just being
        told how many seats are used here."""
        return self._free > 0 and not self._asking and (self._alone or not self._waiting_anywhere)

    async def _enter(self, report_place: Callable[[int], None]) -> None:
        if self._may_admit and not self._waiting:
            self._take()
            return
        number, ticket = str(next(self._numbers)), Ticket(asyncio.get_running_loop().create_future(), report_place)
        self._waiting[number] = ticket
        self._tell()
        try:
            await ticket.admitted
        except asyncio.CancelledError:
            self._cancel(number, ticket)
            raise

    def _take(self) -> None:
        self._used += 1
        if not self._alone and not self._free:
            # The next one should not have to ask.
            self._changed.set()

    def _cancel(self, number: str, ticket: Ticket) -> None:
        if self._waiting.pop(number, None):
            self._changed.set()
        elif ticket.is_admitted:
            self._used -= 1
        self._move_up()

    def _move_up(self) -> None:
        """Somebody has left a seat, or the queue."""
        while self._waiting and self._may_admit:
            ticket = self._waiting.pop(next(iter(self._waiting)))
            if not ticket.admitted.cancelled():
                self._take()
                ticket.admitted.set_result(None)
        self._tell()

    def _tell(self) -> None:
        """Tell those who wait here their places, or the other processes what they cannot know."""
        if not self._alone:
            unknown = any(not ticket.is_stated for ticket in self._waiting.values())
            if unknown or (self._waiting_anywhere and self._free > 0):
                self._changed.set()
        elif not self._asking:
            for place, number in enumerate(tuple(self._waiting)):
                if place >= self._length and self._waiting[number].place is None:
                    self._refuse(number)
                else:
                    self._waiting[number].show(place)

    def _refuse(self, number: str) -> None:
        error = CrowdedError(f"{self._length} people wait for the model already")
        self._waiting.pop(number).admitted.set_exception(error)

    # With other processes

    def _heard(self, name: bytes | None) -> None:
        if self._shared and name != self._shared.name.encode():
            self._changed.set()

    async def _state_forever(self, shared: SharedSeats) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(STATE_SECONDS):
                    await self._changed.wait()
            try:
                await self._state(shared)
            except Exception:
                # The edge of this task: it must go on for as long as the process does.
                logger.exception("the seats for the model could not be shared once")
            if self._away:
                await asyncio.sleep(STATE_SECONDS)

    async def _state(self, shared: SharedSeats) -> None:
        """Say what is used and who waits here, and do what comes of it. Without Redis this process decides alone."""
        self._changed.clear()
        used, stated = self._used, dict(self._waiting)
        # What is used here must not grow meanwhile; but nobody waits for a Redis that is away.
        self._asking = not self._away
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                standing = await shared.state(self._seats, self._length, used, stated)
        except (RedisError, OSError, TimeoutError) as error:
            if not self._away:
                logger.warning("the seats for the model are not shared for now: %s", error)
            self._away = self._alone = True
        else:
            self._away = False
            self._apply(standing, stated)
            if self._used > used + sum(place == GRANTED for place in standing.places.values()):
                self._changed.set()
        finally:
            self._asking = False
        self._move_up()

    def _apply(self, standing: Standing, stated: dict[str, Ticket]) -> None:
        # A Redis that has forgotten everything knows nobody else.
        self._alone = standing.processes == 1 and (self._alone or not standing.joined)
        self._held, self._waiting_anywhere, self._unused = standing.held, standing.waiting, standing.unused
        for number, ticket in stated.items():
            ticket.is_stated = True
            place = standing.places[number]
            if number not in self._waiting or ticket.admitted.cancelled():
                continue
            if place == GRANTED:
                del self._waiting[number]
                self._used += 1
                ticket.admitted.set_result(None)
            elif place == REFUSED:
                self._refuse(number)
            elif place != COMING:
                ticket.show(place)


async def leave(shared: SharedSeats) -> None:
    """Give back what this process holds."""
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            await shared.leave()
    except (RedisError, OSError, TimeoutError) as error:
        logger.info("the seats for the model are free once the lease has ended: %s", error)
