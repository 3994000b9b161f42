"""How long something that failed is left alone, the longer the more often it failed."""

from collections.abc import Sequence
from time import monotonic


class Backoff:
    """Of one server or child process. `failures` counts those since it worked last."""

    def __init__(self) -> None:
        self.failures = 0
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether it failed a moment ago: then nobody tries it."""
        return monotonic() < self._until

    def failed(self, pauses: Sequence[float]) -> None:
        """It failed: leave it alone for as many seconds as stand in `pauses` for this time, the last for all after."""
        self._until = monotonic() + pauses[min(self.failures, len(pauses) - 1)]
        self.failures += 1

    def worked(self) -> None:
        """It works."""
        self.failures, self._until = 0, 0.0
