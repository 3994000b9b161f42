"""JSON that was fetched lately, for all people, in Redis: bounded in age and in number. Keys are hashes."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SECONDS = 600
ENTRIES = 1000


class Cache:
    """`name` is that of what is kept, such as "weather". Without Redis nothing is kept."""

    def __init__(self, redis: "Redis", name: str, entries: int = ENTRIES) -> None:
        self._redis = redis
        self._name = name
        self._entries = entries
        self.index = f"cache:{name}"

    def key(self, parts: Sequence[Any]) -> str:
        """The key of what these JSON values ask for. What people typed cannot be read from it."""
        return f"{self.index}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    async def get(self, parts: Sequence[Any]) -> Any:
        """What was kept for these parts, or None."""
        try:
            data = await self._redis.get(self.key(parts))
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("the cache of %s cannot be read: %s", self._name, type(error).__name__)
            return None
        try:
            return json.loads(data) if data is not None else None
        except ValueError:
            return None

    async def put(self, parts: Sequence[Any], value: Any) -> None:
        """Keep a JSON value; the oldest ones go when there are too many."""
        key, now = self.key(parts), time.time()
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(key, json.dumps(value), ex=SECONDS)
                pipeline.zadd(self.index, {key: now})
                pipeline.zremrangebyscore(self.index, "-inf", now - SECONDS)
                pipeline.expire(self.index, SECONDS)
                pipeline.zrange(self.index, 0, -self._entries - 1)
                old = (await pipeline.execute())[-1]
            if old:
                await self._redis.delete(*old)
                await self._redis.zrem(self.index, *old)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("the cache of %s cannot be written: %s", self._name, type(error).__name__)
