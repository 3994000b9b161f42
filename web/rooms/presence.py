"""Who has a room open on the web: kept in Redis for as long as their pages say so, and never stored."""

import json
from time import time
from uuid import UUID

from redis import Redis as SyncRedis
from redis.asyncio import Redis

# Pages ping every 20 seconds.
HERE_SECONDS = 60
# Pages say every three seconds that somebody types, and show it for five.
TYPING_MS = 2_000


def key(room: UUID) -> str:
    """The sorted set of the pages that have a room open."""
    return f"room:{room}:here"


def channel(room: UUID) -> str:
    """Where it is published that somebody came, went, or types."""
    return f"room:{room}:now"


async def come(redis: Redis, room: UUID, speaker: str, page: str) -> None:
    """Note that a page has the room open; to be said again before HERE_SECONDS have passed."""
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.zadd(key(room), {f"{speaker}:{page}": time()})
        pipeline.expire(key(room), HERE_SECONDS)
        await pipeline.execute()


async def go(redis: Redis, room: UUID, speaker: str, page: str) -> None:
    """Note that a page has left the room."""
    await redis.zrem(key(room), f"{speaker}:{page}")


async def here(redis: Redis, room: UUID) -> list[str]:
    """The speakers who are here now. What is older is forgotten."""
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.zremrangebyscore(key(room), 0, time() - HERE_SECONDS)
        pipeline.zrange(key(room), 0, -1)
        _, pages = await pipeline.execute()
    return speakers(pages)


def here_now(redis: "SyncRedis", room: UUID) -> list[str]:
    """The same where nothing is awaited."""
    return speakers(redis.zrangebyscore(key(room), time() - HERE_SECONDS, "+inf"))  # type: ignore[arg-type]


def speakers(pages: list[bytes]) -> list[str]:
    """Who the pages belong to, each once."""
    return sorted({page.decode().partition(":")[0] for page in pages})


async def announce(redis: Redis, room: UUID) -> None:
    """Tell all pages that somebody came or went."""
    await redis.publish(channel(room), "")


async def announce_typing(redis: Redis, room: UUID, speaker: str, name: str) -> None:
    """Tell all pages that somebody types, once in TYPING_MS from however many of theirs."""
    if await redis.set(f"room:{room}:typing:{speaker}", 1, nx=True, px=TYPING_MS):
        await redis.publish(channel(room), json.dumps([speaker, name]))


def typing(data: bytes | None) -> tuple[str, str] | None:
    """Who types, by id and name; None for what else is published there."""
    if not data:
        return None
    speaker, name = json.loads(data)
    return str(speaker), str(name)
