"""What was erased leaves the files of the database and of Redis too. All is synchronous.

SQLite overwrites deleted rows by itself (`secure_delete`, web/settings.py). Copies of them stay in its log of changes
until that is emptied, and words of theirs in the parts of the search index until these are merged. Redis keeps all that
it was ever told in its own log until that is written anew. For PostgreSQL see docs/erasing.md.
"""

import logging
from collections.abc import Sequence
from functools import partial
from time import monotonic, sleep
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from redis import Redis
from redis.exceptions import RedisError

from assistant import people
from assistant.models import Person
from assistant.runs.forget import forget
from imagine import jobs

logger = logging.getLogger(__name__)

MERGE = "INSERT INTO assistant_searchindex (assistant_searchindex, rank) VALUES ('merge', %s)"
# Pages of the index in one transaction: some ten milliseconds, as writers wait for it.
PAGES = 200
# How long an erasure waits for this at most; the rest is done by a periodic task.
SECONDS = 5.0
# How long others wait for the log to be emptied, while somebody still reads in it.
BUSY_MILLISECONDS = 300
LOOK_SECONDS = 0.02


def erase(person: Person) -> None:
    """Erase a person with all they said; what is left of it elsewhere goes once that is committed."""
    key = person.pk
    with transaction.atomic():
        runs = people.erase(person)
        transaction.on_commit(partial(_clean, key, runs))


def _clean(person: UUID, runs: Sequence[UUID]) -> None:
    forget(runs)
    jobs.forget(person)
    wipe()


def wipe(seconds: float = SECONDS) -> bool:
    """Take what was erased out of the files, outside of any transaction. False where some may be left there."""
    deadline = monotonic() + seconds
    try:
        clean = connection.vendor != "sqlite" or (_merge(deadline) and _empty_log())
        return _rewrite(deadline) and clean
    except (DatabaseError, RedisError) as error:
        logger.warning("traces of what was erased stay until the next look: %s", error)
        return False


def _rewrite(deadline: float) -> bool:
    """Have Redis write its log anew, from what it still knows, if it keeps one. False if late."""
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis:
        if not redis.info("persistence")["aof_enabled"]:
            return True
        # One that goes on has begun before the erasure, perhaps.
        return _is_idle(redis, deadline) and bool(redis.bgrewriteaof()) and _is_idle(redis, deadline)


def _is_idle(redis: Redis, deadline: float) -> bool:
    """Wait until no log is being written anew. False if late."""
    while True:
        told = redis.info("persistence")
        if not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
            return True
        if monotonic() > deadline:
            return False
        sleep(LOOK_SECONDS)


def _merge(deadline: float) -> bool:
    """Merge the parts of the search index into one, https://sqlite.org/fts5.html#the_merge_command. False if late."""
    pages = -PAGES
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute("SELECT total_changes()")
            before = cursor.fetchone()[0]
            # Negative to begin with: all parts take part, however few they are.
            cursor.execute(
                "INSERT INTO assistant_searchindex (assistant_searchindex, rank) VALUES ('merge', %s)", [pages]
            )
            cursor.execute("SELECT total_changes()")
            if cursor.fetchone()[0] - before < 2:
                return True
            pages = PAGES
    return False


def _empty_log() -> bool:
    """Write the log of changes into the database, and cut it to nothing. False while others are in the way."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        before = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _pages, _written = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
    return not busy
