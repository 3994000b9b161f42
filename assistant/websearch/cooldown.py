"""Cool-downs of engines that fail, in Redis: what one process meets, the others need not."""

import logging
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.websearch.errors import EngineError

logger = logging.getLogger(__name__)

# Failures in a row are counted for so long.
MEMORY_SECONDS = 600
# One failure may be chance. From the second on the rest doubles.
FIRST_SECONDS = 15.0
LONGEST_SECONDS = 600.0


def resting_key(engine: str) -> str:
    return f"websearch:resting:{engine}"


def failures_key(engine: str) -> str:
    return f"websearch:failures:{engine}"


class Cooldown:
    """Without Redis no engine rests."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def resting(self, engines: Sequence[str]) -> set[str]:
        """Those of the engines that are not to be asked now."""
        if not engines:
            return set()
        try:
            values = await self._redis.mget([resting_key(engine) for engine in engines])
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("cool-downs of engines cannot be read: %s", type(error).__name__)
            return set()
        return {engine for engine, value in zip(engines, values, strict=True) if value is not None}

    async def failed(self, engine: str, error: EngineError) -> None:
        """Count a failure, and let the engine rest as long as the error says, or as often as it failed."""
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.incr(failures_key(engine))
                pipeline.expire(failures_key(engine), MEMORY_SECONDS)
                count = int((await pipeline.execute())[0])
            seconds = error.rest if error.rest is not None else rest_after(count)
            if seconds:
                await self._redis.set(resting_key(engine), "1", px=max(1, int(seconds * 1000)))
        except (RedisError, OSError, TimeoutError) as problem:
            logger.warning("a cool-down of %s cannot be kept: %s", engine, type(problem).__name__)

    async def worked(self, engine: str) -> None:
        """Forget the failures of an engine."""
        try:
            await self._redis.delete(failures_key(engine))
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("failures of %s cannot be forgotten: %s", engine, type(error).__name__)


def rest_after(failures: int) -> float:
    """Seconds of rest after so many failures in a row."""
    return min(FIRST_SECONDS * 2 ** (failures - 2), LONGEST_SECONDS) if failures > 1 else 0.0
