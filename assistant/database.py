"""Database work from async code."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(work: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`work` in a thread beside the loop. Its connection is given back when it returns: none is held for long."""
    return cast(Callable[P, Awaitable[R]], database_sync_to_async(work))
