"""Restart a child with a growing delay, up to a limit."""

import time
from collections.abc import Callable

from web.local.errors import ChildError
from web.local.process import Child

# The backoff: a delay before each restart. People wait, so the first are short; what dies again and again for five
# minutes will not live by another try.
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0, 60.0)
# After this long the count of restarts begins anew.
STABLE_SECONDS = 120


class RestartPolicy:
    """Watches one child and restarts it. `report` gets a sentence for the operator about each exit."""

    def __init__(self, child: Child, report: Callable[[str], None], delays: tuple[float, ...] = RETRY_SECONDS) -> None:
        self.child = child
        self._report = report
        self._delays = delays
        self._retries = 0
        self._started_at = time.monotonic()
        self._due_at: float | None = None
        self._given_up = False

    def poll(self) -> None:
        """Check the child and restart it when due; returns at once.

        Raises ChildError when it died too often and is not `optional`, OSError when the log cannot be written.
        """
        if self._given_up:
            return
        if self._due_at is not None:
            self._start_when_due()
        elif self.child.stopped():
            self._died()

    def _died(self) -> None:
        if time.monotonic() - self._started_at > STABLE_SECONDS:
            self._retries = 0
        if self._retries == len(self._delays):
            self._give_up()
            return
        delay = self._delays[self._retries]
        self._retries += 1
        self._due_at = time.monotonic() + delay
        self._report(f"{self.child.name} stopped by itself and starts again in {delay:g} s. {self.child.exit_report()}")

    def _give_up(self) -> None:
        self._given_up = True
        words = f"{self.child.name} stopped {len(self._delays) + 1} times within minutes"
        if not self.child.optional:
            raise ChildError(f"{words}. {self.child.exit_report()}")
        self._report(f"{words}: {self.child.optional}. {self.child.exit_report()}")

    def _start_when_due(self) -> None:
        if self._due_at is not None and time.monotonic() >= self._due_at:
            self._due_at = None
            self._started_at = time.monotonic()
            self.child.start()
