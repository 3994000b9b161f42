"""How soon a page that is reloaded in mid-answer shows all that was written so far, while all others read on."""

import asyncio
from collections.abc import Sequence
from functools import partial

from benchmarks.answers import Received, crowd
from benchmarks.browser import Browser, Tab
from benchmarks.loads import Load, ask
from benchmarks.subjects import opened

ONE_IN = 10


async def reload_seconds(browsers: Sequence[Browser], load: Load, rate: float) -> list[float]:
    """Seconds that the reload of every tenth person takes."""
    print("one in ten reloads in mid-answer", flush=True)
    reloads: list[float] = []
    seconds = load.seconds(rate)

    async def one(tab: Tab, number: int) -> Received:
        if number % ONE_IN:
            return await ask(tab, load.words)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(ask(tab, load.words))
            await asyncio.sleep(seconds / 2)
            reloads.append(await tab.reloaded())
        return asking.result()

    async with opened(browsers) as tabs:
        await crowd([partial(one, tab, number) for number, tab in enumerate(tabs)], 1, seconds, 60 + 6 * seconds)
    return reloads
