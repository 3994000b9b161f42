"""The connections of synchronous code: to Redis, shared by the threads of a process, and to the database."""

from functools import cache

from django.conf import settings
from django.db import connection
from redis import Redis


def redis() -> Redis:
    """A client with a timeout for each answer."""
    return _client(settings.REDIS_URL)


def release_connection() -> None:
    """Return this thread's database connection to its pool, unless a transaction is open on it.

    SQLite has no pool and takes a millisecond to open: its connection is kept until it fails.
    """
    if connection.in_atomic_block:
        return
    if connection.vendor != "sqlite" or connection.errors_occurred:
        connection.close()


@cache
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
