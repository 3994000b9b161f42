"""Tasks that run beside everything else."""

import asyncio

AGAIN_SECONDS = 0.1


async def end(task: asyncio.Task[None]) -> None:
    """Cancel `task` and wait until it has ended.

    More than once if need be: before Python 3.12 `asyncio.wait_for`, by which redis-py sends, loses some cancellations.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
