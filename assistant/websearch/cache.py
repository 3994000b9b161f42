"""What was found lately, for all people, in Redis: bounded in age and in number. Keys are hashes of the queries."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.websearch.results import Query, Result

logger = logging.getLogger(__name__)

SECONDS = 600
ENTRIES = 1000
INDEX = "websearch:found"


def cache_key(query: Query, engines: Sequence[str]) -> str:
    """The key of one query to these engines."""
    # How many are wanted is cut from what is kept.
    parts = [query.text.casefold(), query.language, query.freshness, list(engines)]
    return "websearch:found:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Cache:
    """Without Redis nothing is kept."""

    def __init__(self, redis: "Redis", entries: int = ENTRIES) -> None:
        self._redis = redis
        self._entries = entries

    async def get(self, key: str) -> list[Result] | None:
        """What was found, or None."""
        try:
            data = await self._redis.get(key)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("found pages cannot be read: %s", type(error).__name__)
            return None
        if data is None:
            return None
        try:
            return [Result.from_json(value) for value in json.loads(data)]
        except (ValueError, TypeError, KeyError):
            # Written by another version.
            return None

    async def put(self, key: str, results: Sequence[Result]) -> None:
        """Keep what was found; the oldest entries go when there are too many."""
        now = time.time()
        data = json.dumps([result.to_json() for result in results])
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(key, data, ex=SECONDS)
                pipeline.zadd(INDEX, {key: now})
                pipeline.zremrangebyscore(INDEX, "-inf", now - SECONDS)
                pipeline.expire(INDEX, SECONDS)
                pipeline.zrange(INDEX, 0, -self._entries - 1)
                old = (await pipeline.execute())[-1]
            if old:
                await self._redis.delete(*old)
                await self._redis.zrem(INDEX, *old)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("found pages cannot be kept: %s", type(error).__name__)
