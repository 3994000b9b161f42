"""Pages that were read, kept in Redis for minutes and for all people; failures for less.

A key holds a hash of the address, never the address, and nothing about who asked. The cache may be lost at any time.
"""

import hashlib
import logging
import time
import zlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

INDEX = "pages"
MOST_ENTRIES = 1_000
MOST_BYTES = 256 * 1024
# Of what is unpacked: an entry is ours, but Redis may be shared.
MOST_UNPACKED = 4 * 1024**2


def key(kind: str, address: str) -> str:
    """The name of an entry in Redis; `address` is normalised."""
    return f"pages:{kind}:{hashlib.sha256(address.encode()).hexdigest()}"


class PageCache:
    """At most MOST_ENTRIES entries of MOST_BYTES each, all of which expire."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def get(self, name: str) -> bytes | None:
        """The entry, if it is there."""
        try:
            packed: bytes | None = await self._redis.get(name)  # type: ignore[assignment]
            return zlib.decompressobj().decompress(packed, MOST_UNPACKED) if packed else None
        except (RedisError, OSError, zlib.error) as error:
            logger.warning("the cache of pages cannot be read: %s", type(error).__name__)
            return None

    async def put(self, name: str, value: bytes, seconds: int) -> None:
        """Keep it for so long; the oldest entries leave when there are too many."""
        packed = zlib.compress(value, 1)
        if len(packed) > MOST_BYTES:
            return
        now = time.time()
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.set(name, packed, ex=seconds)
                pipeline.zadd(INDEX, {name: now + seconds})
                pipeline.zremrangebyscore(INDEX, 0, now)
                # By their ends: what lasts longest was dearest to get.
                pipeline.zrange(INDEX, 0, -MOST_ENTRIES - 1)
                pipeline.expire(INDEX, max(seconds, 24 * 3600))
                *_others, surplus, _expires = await pipeline.execute()
                if surplus:
                    await self._redis.delete(*surplus)
                    await self._redis.zrem(INDEX, *surplus)
        except (RedisError, OSError) as error:
            logger.warning("the cache of pages cannot be written: %s", type(error).__name__)
