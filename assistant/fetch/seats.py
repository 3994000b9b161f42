"""Bounds on how much is fetched at once, from all sites and from one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from assistant.fetch.errors import CrowdedFetchError

SEATS = 16
SEATS_OF_A_HOST = 2
WAITING = 64


@dataclass
class HostSeats:
    """Those of one host, and how many use or await them."""

    seats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SEATS_OF_A_HOST))
    users: int = 0


class Seats:
    """At most SEATS requests of this process, SEATS_OF_A_HOST to one host; WAITING others wait."""

    def __init__(self) -> None:
        self._seats = asyncio.Semaphore(SEATS)
        self._hosts: dict[str, HostSeats] = {}

    @asynccontextmanager
    async def seat(self, host: str) -> AsyncIterator[None]:
        """Hold a seat for one request to `host`. Raises CrowdedFetchError when too many wait already."""
        if sum(here.users for here in self._hosts.values()) >= SEATS + WAITING:
            raise CrowdedFetchError(f"{SEATS} pages are being fetched, {WAITING} wait")
        here = self._hosts.setdefault(host, HostSeats())
        here.users += 1
        try:
            # The host's first: those who wait for a slow site must not hold what others need.
            async with here.seats, self._seats:
                yield
        finally:
            here.users -= 1
            if not here.users:
                del self._hosts[host]
