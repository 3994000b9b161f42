"""The connections to Redis for code that waits: one pool per process, shared by its threads."""

from functools import cache

from django.conf import settings
from redis import Redis


def redis() -> Redis:
    """A client that waits for an answer, but not for ever."""
    return _client(settings.REDIS_URL)


@cache
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
