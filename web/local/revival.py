"""Starts a server again that the site can do without, a few times, then leaves it."""

import time
from collections.abc import Callable

from web.local.process import Child

# Seconds before each new try.
PAUSES = (1.0, 5.0, 30.0)
# Whatever ends one that ran this long is a new trouble.
GOOD_SECONDS = 600


class Revival:
    """Watches one child that is `optional`. `tell` gets a sentence for the operator about each death."""

    def __init__(self, child: Child, tell: Callable[[str], None], pauses: tuple[float, ...] = PAUSES) -> None:
        self.child = child
        self._tell = tell
        self._pauses = pauses
        self._tries = 0
        self._began = time.monotonic()
        self._due: float | None = None
        self._given_up = False

    def look(self) -> None:
        """See to the child; call it often, it does not wait. Raises OSError where the log cannot be written."""
        if self._given_up:
            return
        if self._due is not None:
            self._start_when_due()
        elif self.child.stopped():
            self._died()

    def _died(self) -> None:
        if time.monotonic() - self._began > GOOD_SECONDS:
            self._tries = 0
        if self._tries == len(self._pauses):
            self._given_up = True
            self._tell(f"{self.child.name} stopped once too often: {self.child.optional}. {self.child.last_words()}")
            return
        pause = self._pauses[self._tries]
        self._tries += 1
        self._due = time.monotonic() + pause
        self._tell(f"{self.child.name} stopped by itself and starts again in {pause:g} s. {self.child.last_words()}")

    def _start_when_due(self) -> None:
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self._began = time.monotonic()
            self.child.start()
