"""Whether the session of an open socket still holds."""

from collections.abc import Callable
from time import monotonic
from typing import ParamSpec, TypeVar

from django.contrib.sessions.backends.base import SessionBase
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant import revocation
from assistant.database import in_thread
from assistant.models import Person
from web.accounts.identity import is_active_session

# How long an answer of the database is trusted: so long messages may go out after the session's end.
SESSION_SECONDS = 2

P = ParamSpec("P")
R = TypeVar("R")


class SignedOutError(Exception):
    """The session has ended: nothing was done."""


class SessionCheck:
    """Asks the database, and knows for how long its answer is good."""

    def __init__(self, session: SessionBase, person: Person, redis: Redis) -> None:
        self._session = session
        self._person = person
        self._redis = redis
        self._mark: bytes | str | None = None
        self._fresh_until = 0.0

    @property
    def is_fresh(self) -> bool:
        """Whether the database said yes within SESSION_SECONDS."""
        return monotonic() < self._fresh_until

    async def ask(self) -> bool:
        """Ask the database. Raises DatabaseError."""
        return await in_thread(self._ask)()

    def guarded(self, work: Callable[P, R]) -> Callable[P, R]:
        """`work` for the database's thread, done once the database has said yes there: one visit in place of two.

        It raises SignedOutError, DatabaseError, and what `work` raises.
        """

        def ask_first(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self._ask():
                raise SignedOutError
            return work(*args, **kwargs)

        return ask_first

    async def ask_if_marked(self) -> bool:
        """The answer that is still fresh, unless the person's mark has changed since; otherwise as `ask`.

        Raises DatabaseError.
        """
        try:
            mark = await revocation.read(self._redis, self._person.id)
        except (RedisError, OSError, TimeoutError):
            return await self.ask()
        if self.is_fresh and mark == self._mark:
            return True
        # Read before the database is asked, so that an end in between changes it again.
        self._mark = mark
        return await self.ask()

    def _ask(self) -> bool:
        until = monotonic() + SESSION_SECONDS
        holds = is_active_session(self._session, self._person)
        self._fresh_until = until if holds else 0.0
        return holds
