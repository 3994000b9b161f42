"""What became of one answer, and how many people ask for theirs at a steady rate."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """One answer as it reached the one who asked. Times are the loop's, in seconds."""

    sent: float
    first: float
    last: float
    words: int
    lost: int
    doubled: int

    @property
    def wait_ms(self) -> float:
        """From sending to the first word."""
        return (self.first - self.sent) * 1000


# Asks once and returns what came.
Ask = Callable[[], Coroutine[None, None, Received]]


async def crowd(asks: Sequence[Ask], rounds: int, spread_seconds: float, limit_seconds: float) -> list[list[Received]]:
    """Everybody asks `rounds` times, one after the other; they begin evenly spread over `spread_seconds`."""

    async def one(ask: Ask, pause: float) -> list[Received]:
        await asyncio.sleep(pause)
        return [await ask() for _ in range(rounds)]

    async with asyncio.timeout(limit_seconds), asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(ask, spread_seconds * i / len(asks))) for i, ask in enumerate(asks)]
    return [task.result() for task in tasks]


def together(rounds: list[list[Received]]) -> list[Received]:
    """The answers during which everybody was asking: all but the first and the last of each."""
    return [received for one in rounds for received in (one[1:-1] if len(one) > 2 else one)]
