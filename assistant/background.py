"""Tasks that run beside everything else."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 0.1

_going_on: set[asyncio.Task[Any]] = set()


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do `work`, to its end also where whoever awaits it is cancelled."""
    task = asyncio.create_task(work)
    # The loop itself holds tasks weakly.
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    return await asyncio.shield(task)


async def end(task: asyncio.Task[None]) -> None:
    """Cancel `task` and wait until it has ended.

    More than once if need be: before Python 3.12 `asyncio.wait_for`, by which redis-py sends, loses some cancellations.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
