"""What became of one answer, and how many people ask for theirs at a steady rate."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from benchmarks.words import WORD, lost_and_doubled


@dataclass(frozen=True)
class Received:
    """One answer as it reached the one who asked. Times are the loop's, in seconds.

    `accepted` is when the site said that it has the message, where it does; `mark` is the question's, see words.py.
    """

    sent: float
    first: float
    last: float
    words: int
    lost: int
    doubled: int
    accepted: float = 0.0
    mark: str = ""

    @property
    def wait_ms(self) -> float:
        """From sending to the first word."""
        return (self.first - self.sent) * 1000


class Shown:
    """The text of an answer that only grows, and when its words came. It is made when the question is sent."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sent, self._first, self._last = now(), 0.0, 0.0
        self._text = ""

    def add(self, piece: str) -> None:
        """A piece has come."""
        self._text += piece
        if WORD.search(piece):
            self._last = self._now()
            self._first = self._first or self._last

    def received(self, words: int) -> Received:
        """What came, of an answer of `words` words."""
        lost, doubled = lost_and_doubled(self._text, words)
        return Received(self._sent, self._first, self._last, words - lost, lost, doubled)


# Asks once and returns what came.
Ask = Callable[[], Coroutine[None, None, Received]]


async def crowd(asks: Sequence[Ask], rounds: int, spread_seconds: float, limit_seconds: float) -> list[list[Received]]:
    """Everybody asks `rounds` times, one after the other; they begin evenly spread over `spread_seconds`."""

    async def one(ask: Ask, pause: float) -> list[Received]:
        await asyncio.sleep(pause)
        return [await ask() for _ in range(rounds)]

    async with asyncio.timeout(limit_seconds), asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(ask, spread_seconds * i / len(asks))) for i, ask in enumerate(asks)]
    return [task.result() for task in tasks]
