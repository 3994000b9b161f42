"""Marks in Redis: a person's changes whenever a session of theirs may have ended, in whatever process.

Who read a mark, then asked the database, may trust that answer for a short while, as long as the mark stays the same.
"""

import logging
from uuid import UUID, uuid4

from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from imagine.connection import redis

logger = logging.getLogger(__name__)

# Longer than any answer of the database is trusted; who finds no mark any more asks it once more.
MARK_SECONDS = 60


def mark(person: UUID) -> None:
    """Change a person's mark, once the end of the session is committed. Without Redis earlier checks just expire."""
    try:
        redis().set(_key(person), uuid4().hex, ex=MARK_SECONDS)
    except RedisError as error:
        logger.warning("sockets of %s learn a little later that a session has ended: %s", person, error)


async def read(client: AsyncRedis, person: UUID) -> bytes | str | None:
    """The person's mark now. Raises RedisError."""
    return await client.get(_key(person))


def _key(person: UUID) -> str:
    return f"sessions:{person}"
