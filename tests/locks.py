"""Two that want the same rows at once. Only PostgreSQL locks rows: SQLite has one writer at a time."""

import threading
from collections.abc import Callable
from contextlib import closing

from django.db import DatabaseError, connection

from assistant.errors import AssistantError

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


class Other(threading.Thread):
    """Another process, with a connection of its own."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act, self._begun = act, threading.Event()
        self._pid = 0
        self._error: Exception | None = None

    def run(self) -> None:
        with closing(connection):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self._pid = cursor.fetchone()[0]
            self._begun.set()
            try:
                self._act()
            except (DatabaseError, AssistantError) as error:
                self._error = error

    def ended(self) -> None:
        """It has ended. Raises what it raised."""
        self.join(30)
        assert not self.is_alive()
        if self._error:
            raise self._error

    def waits(self) -> bool:
        """Whether it waits for a lock of somebody else's."""
        self._begun.wait(10)
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [self._pid])
            return bool(cursor.fetchone()[0])
