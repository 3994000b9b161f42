"""Limits and the Redis that counts them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from assistant import people
from assistant.database import in_thread
from assistant.errors import LimitedError
from assistant.limits import NEIGHBOURS, Limits
from tests.clients import make_account
from tests.people import next_address
from tests.servers import Valkey


async def test_the_first_message_after_redis_started_again_is_not_refused(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    await asyncio.to_thread(valkey.start)
    limits = Limits(valkey.url)
    try:
        await limits.count("5/minute", "message", "ada")
        await asyncio.to_thread(valkey.kill)
        await asyncio.to_thread(valkey.start)
        await limits.count("5/minute", "message", "ada")
    finally:
        await limits.close()
        valkey.kill()


@pytest.fixture
async def limits(valkey: Valkey) -> AsyncIterator[Limits]:
    limits = Limits(valkey.url)
    yield limits
    await limits.close()


async def test_what_is_refused_by_one_window_is_counted_in_none(limits: Limits) -> None:
    name = uuid4().hex
    for _ in range(3):
        await limits.count("3/hour;5/day", name)
    for _ in range(4):
        with pytest.raises(LimitedError, match="over 3 in 3600 s"):
            await limits.count("3/hour;5/day", name)
    # The day has what was counted in the hour, and no more.
    for _ in range(2):
        await limits.count("100/hour;5/day", name)
    with pytest.raises(LimitedError, match="over 5 in 86400 s"):
        await limits.count("100/hour;5/day", name)


async def test_what_a_person_is_refused_takes_nothing_from_the_address(limits: Limits) -> None:
    loud, quiet = [await in_thread(people.make_guest)() for _ in range(2)]
    kind, address = uuid4().hex, "192.0.2.7"
    await limits.count_use("1/day", kind, loud, address)
    for _ in range(NEIGHBOURS):
        with pytest.raises(LimitedError):
            await limits.count_use("1/day", kind, loud, address)
    await limits.count_use("1/day", kind, quiet, address)


async def test_an_address_has_its_own_limit_and_that_of_its_site(limits: Limits) -> None:
    kind, networks = uuid4().hex, [f"2001:db8:7:{number}::/64" for number in range(6)]
    for network in networks[:4]:
        await limits.count_address("1/day", kind, network)
        with pytest.raises(LimitedError, match="over 1 in"):
            await limits.count_address("1/day", kind, network)
    with pytest.raises(LimitedError, match="over 4 in"):
        await limits.count_address("1/day", kind, networks[4])


async def test_what_remains_of_the_minute_before_is_less_than_one_use(limits: Limits, valkey: Valkey) -> None:
    """Otherwise one a minute would be one in two minutes."""
    name = uuid4().hex
    await limits.count("1/minute;3/hour", name)
    with Redis.from_url(valkey.url) as redis:
        redis.hincrby(f"limit:{name}:1:60", "window", -1)
    await limits.count("1/minute;3/hour", name)
    with pytest.raises(LimitedError, match="over 1 in 60 s"):
        await limits.count("1/minute;3/hour", name)


async def refusal(limits: Limits, name: str) -> LimitedError:
    """Use up what is left of three in four seconds, and one more."""
    try:
        for _ in range(4):
            await limits.count("3/4second", name)
    except LimitedError as error:
        return error
    pytest.fail("four uses were counted")


@pytest.mark.parametrize(("before", "count"), [(0, 3), (3, 0), (3, 1), (2, 2), (3, 3)])
async def test_who_waits_as_long_as_is_said_is_not_refused_again(
    limits: Limits, valkey: Valkey, before: int, count: int
) -> None:
    """The clock is Redis's, and cannot be turned."""
    name = uuid4().hex
    with Redis.from_url(valkey.url) as redis:
        window = redis.time()[0] // 4  # type: ignore[index]
        redis.hset(f"limit:{name}:3:4", mapping={"window": window, "count": count, "before": before})
    seconds = (await refusal(limits, name)).retry_after
    assert seconds
    assert 1 <= seconds <= 8
    await asyncio.sleep(seconds)
    await limits.count("3/4second", name)


async def test_guests_and_accounts_have_their_own_share_of_hard_questions(limits: Limits, settings: Settings) -> None:
    settings.LIMIT_GUEST_HARDER, settings.LIMIT_ACCOUNT_HARDER = "1/day", "2/day"
    guest, account, address = await in_thread(people.make_guest)(), await in_thread(make_account)(), next_address()
    for person, most in ((guest, 1), (account, 2)):
        for _ in range(most):
            await limits.count_harder(person, address)
        with pytest.raises(LimitedError):
            await limits.count_harder(person, address)
