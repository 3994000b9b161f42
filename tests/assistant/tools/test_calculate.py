"""The tool that calculates."""

import asyncio
from time import perf_counter
from zoneinfo import ZoneInfo

from django.utils import timezone

from assistant.tools.calculate import calculate


async def test_it_says_the_result() -> None:
    assert await calculate("9.11 or 9.9") == "As numbers, 9.9 is larger than 9.11, by 0.79."


async def test_it_says_why_not() -> None:
    said = await calculate("10**10**10")
    assert said.startswith("This cannot be calculated: This number would have more than 9,800 digits")


async def test_today_is_that_of_the_person() -> None:
    with timezone.override(ZoneInfo("Pacific/Kiritimati")):
        ahead = await calculate("today")
    with timezone.override(ZoneInfo("Pacific/Pago_Pago")):
        behind = await calculate("today")
    assert ahead != behind


async def test_many_at_once_do_not_mix() -> None:
    asked = [f"sqrt({number}) * sqrt({number}) = {number}" for number in range(2, 60)]
    assert all(said.startswith("Yes") for said in await asyncio.gather(*map(calculate, asked)))


async def test_the_loop_goes_on_meanwhile() -> None:
    slow = asyncio.create_task(calculate("+".join(["nCr(9999,1000)"] * 30)))
    begun = perf_counter()
    await asyncio.sleep(0)
    assert perf_counter() - begun < 0.1
    await slow
