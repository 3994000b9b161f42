"""What was fetched lately is kept for all, within bounds."""

import pytest
from redis.asyncio import Redis

from assistant.cache import SECONDS, Cache
from tests.ports import free_port
from tests.servers import Valkey


async def test_a_value_is_kept_for_ten_minutes_under_a_hash(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        cache = Cache(redis, "of-tests-1")
        assert await cache.get(["the words of a person"]) is None
        await cache.put(["the words of a person"], {"a": [1, None, "ü"]})
        assert await cache.get(["the words of a person"]) == {"a": [1, None, "ü"]}
        key = cache.key(["the words of a person"])
        assert "person" not in key
        assert SECONDS - 5 < await redis.ttl(key) <= SECONDS
        await redis.set(key, "{broken")
        assert await cache.get(["the words of a person"]) is None


async def test_the_oldest_values_go_when_there_are_too_many(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        cache = Cache(redis, "of-tests-2", entries=3)
        for number in range(5):
            await cache.put([number], number)
        assert [await cache.get([number]) for number in range(5)] == [None, None, 2, 3, 4]
        assert await redis.zcard(cache.index) == 3
        assert len(await redis.keys(f"{cache.index}:*")) == 3


async def test_without_redis_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    async with Redis.from_url(f"redis://127.0.0.1:{free_port()}/0", socket_connect_timeout=1) as away:
        cache = Cache(away, "of-tests-3")
        await cache.put(["x"], 1)
        assert await cache.get(["x"]) is None
    assert "the cache of of-tests-3 cannot be written" in caplog.text
