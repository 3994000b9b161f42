"""Deadlines and retries for one answer."""

import asyncio

from assistant.llama.errors import (
    AnswerTimeout,
    FirstTokenTimeout,
    LlamaError,
    ModelLoadingError,
    RateLimitedError,
    ReadTimeout,
    UnreachableError,
)
from assistant.llama.options import LlamaOptions

PAUSES = (0.25, 1.0)
LONGEST_PAUSE = 5.0
LOADING_PAUSE = 1.0
LAST_EVENTS_SECONDS = 2.0
CLOSING_SECONDS = 0.05


class Deadlines:
    """The limits of one answer, from the moment it was asked for. Deadlines are in the loop's own time."""

    def __init__(self, options: LlamaOptions) -> None:
        self._options = options
        self._now = asyncio.get_running_loop().time
        self._begin = self._now()
        self._end = self._begin + options.answer_seconds
        self._tries = 0
        self.started = False
        self.deadline = min(self._begin + options.first_token_seconds, self._end)

    def heard(self) -> None:
        """Words came: the next ones may take as long as silence may last. Pings are no words."""
        self.started = True
        self.deadline = min(self._now() + self._options.silence_seconds, self._end)

    def winding_up(self, done: bool) -> None:
        """The model is at its end: wait a little for its counts, or (`done`) for a free connection."""
        self.deadline = min(self.deadline, self._now() + (CLOSING_SECONDS if done else LAST_EVENTS_SECONDS))

    def overdue(self) -> LlamaError:
        """The error for a deadline that passed."""
        options = self._options
        if self._now() >= self._end:
            return AnswerTimeout(f"{options.host} was still answering after {options.answer_seconds:g} s")
        if self.started:
            return ReadTimeout(f"{options.host} sent no word for {options.silence_seconds:g} s in mid-answer")
        return FirstTokenTimeout(f"{options.host} sent no word within {options.first_token_seconds:g} s")

    def pause(self, error: LlamaError) -> float | None:
        """Seconds to wait before another try, or None when trying again would not help or take too long.

        A server that loads its model is asked until the first word is overdue, any other a few times.
        """
        pause = self._pause(error)
        if pause is None or self._now() + pause >= self.deadline:
            return None
        return pause

    def _pause(self, error: LlamaError) -> float | None:
        if isinstance(error, ModelLoadingError):
            return LOADING_PAUSE
        if not isinstance(error, UnreachableError | RateLimitedError) or self._tries >= len(PAUSES):
            return None
        pause = PAUSES[self._tries]
        self._tries += 1
        asked = error.after if isinstance(error, RateLimitedError) else None
        if asked is None:
            return pause
        return max(pause, asked) if asked <= LONGEST_PAUSE else None
