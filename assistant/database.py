"""Database work from async code."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import F, Model, QuerySet

from imagine.connection import release_connection

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)

# SQLite lets only one write at a time, and those that wait for each other wait long: so one thread for all.
THREADS = 1 if connection.vendor == "sqlite" else 8

threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")


def in_thread(work: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`work` in a thread beside the loop, with a connection of that thread."""

    @wraps(work)
    def with_connection(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        finally:
            release_connection()

    return sync_to_async(with_connection, thread_sensitive=False, executor=threads)


def in_chunks(rows: QuerySet[M], size: int) -> Iterator[M]:
    """The rows in their order, `size` with each query; those deleted meanwhile are left out.

    Unlike `rows.iterator()` it leaves no cursor open, so each row may be taken in another thread, and much later.
    """
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), size):
        chunk = keys[start : start + size]
        found = rows.in_bulk(chunk)
        yield from (found[key] for key in chunk if key in found)


def add_up(rows: type[Model], line: Mapping[str, Any], counts: Mapping[str, int]) -> bool:
    """Add `counts` to the row of `line`, which has one at most. Returns whether it was made now.

    Several processes may do so at once. Raises DatabaseError.
    """
    row, is_new = rows._default_manager.get_or_create(**line, defaults=dict(counts))
    if not is_new:
        rows._default_manager.filter(pk=row.pk).update(**{name: F(name) + count for name, count in counts.items()})
    return is_new
