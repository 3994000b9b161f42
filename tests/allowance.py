"""What a limit lets through while tests go on: the minute slides, so a slow machine is let a little more."""

from collections.abc import Callable
from math import ceil
from time import monotonic


def assert_a_minute_allows(most: int, is_allowed: Callable[[], bool]) -> None:
    """The first `most` are let through, then no more than the time that passes gives back until one is refused."""
    began = monotonic()
    allowed = 0
    while is_allowed():
        allowed += 1
        assert allowed < 2 * most, "nobody is refused"
    assert most <= allowed <= most + ceil((monotonic() - began) * most / 60)
