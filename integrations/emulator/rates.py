"""How fast a number may send: messages a second in all, and to the same person."""

from collections import deque

# Bursts to one person are borrowed from what comes later: one message in six seconds.
PAIR_BURST = 45
PAIR_SECONDS = 6.0
THROUGHPUT = 80
PAIRS = 10_000


class Rates:
    """Counts sends; times come from the emulator's clock, so that moving it refills."""

    def __init__(self, throughput: int = THROUGHPUT) -> None:
        self._throughput = throughput
        self._recent: deque[float] = deque(maxlen=throughput)
        self._pairs: dict[str, tuple[float, float]] = {}

    def number_allows(self, now: float) -> bool:
        """Count one message of the number; False when it sent too many within a second."""
        while self._recent and not 0 <= now - self._recent[0] < 1:
            self._recent.popleft()
        if len(self._recent) >= self._throughput:
            return False
        self._recent.append(now)
        return True

    def pair_allows(self, recipient: str, now: float) -> bool:
        """Count one message to this person; False when it is too soon."""
        left, then = self._pairs.pop(recipient, (float(PAIR_BURST), now))
        left = min(PAIR_BURST, left + max(0, now - then) / PAIR_SECONDS)
        allowed = left >= 1
        self._pairs[recipient] = (left - 1 if allowed else left, now)
        while len(self._pairs) > PAIRS:
            del self._pairs[next(iter(self._pairs))]
        return allowed
