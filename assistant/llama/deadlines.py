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

# The backoff: a delay before each retry.
RETRY_SECONDS = (0.25, 1.0)
# A server that asks for a longer wait is not retried.
MAX_RETRY_SECONDS = 5.0
LOADING_RETRY_SECONDS = 1.0
# After the finish reason, for the usage counts; after the last event, for the end of the response.
LAST_EVENTS_SECONDS = 2.0
CLOSE_SECONDS = 0.05


class Deadlines:
    """The timeouts of one answer, counted from the request. `deadline` is the next one, in the loop's time.

    `seconds` is what is left for the whole answer, where some of it was used before.
    """

    def __init__(self, options: LlamaOptions, seconds: float | None = None) -> None:
        self._options = options
        self._now = asyncio.get_running_loop().time
        self._started_at = self._now()
        left = options.answer_seconds if seconds is None else min(seconds, options.answer_seconds)
        self._answer_deadline = self._started_at + left
        self._retries = 0
        self.restart()

    def restart(self) -> None:
        """A request is sent, the first or another one: the first token is due at the same time all the same."""
        self.started = False
        self.deadline = min(self._started_at + self._options.first_token_seconds, self._answer_deadline)

    def note_progress(self) -> None:
        """Text arrived: restart the read timeout. Keep-alive pings do not count."""
        self.started = True
        self.deadline = min(self._now() + self._options.silence_seconds, self._answer_deadline)

    def note_end(self, done: bool) -> None:
        """The answer is complete: wait briefly for the usage counts, or (`done`) for the connection to be released."""
        self.deadline = min(self.deadline, self._now() + (CLOSE_SECONDS if done else LAST_EVENTS_SECONDS))

    def timeout_error(self) -> LlamaError:
        """The error for a deadline that passed: AnswerTimeout, ReadTimeout or FirstTokenTimeout."""
        options = self._options
        if self._now() >= self._answer_deadline:
            return AnswerTimeout(f"{options.host} was still answering after {options.answer_seconds:g} s")
        if self.started:
            return ReadTimeout(f"{options.host} sent no word for {options.silence_seconds:g} s in mid-answer")
        return FirstTokenTimeout(f"{options.host} sent no word within {options.first_token_seconds:g} s")

    def retry_after(self, error: LlamaError) -> float | None:
        """Seconds to wait before a retry, or None where a retry would not help or come too late.

        A server that loads its model is retried until the first token is due, any other a few times.
        """
        self.restart()
        delay = self._retry_delay(error)
        if delay is None or self._now() + delay >= self.deadline:
            return None
        return delay

    def _retry_delay(self, error: LlamaError) -> float | None:
        if isinstance(error, ModelLoadingError):
            return LOADING_RETRY_SECONDS
        if not isinstance(error, UnreachableError | RateLimitedError) or self._retries >= len(RETRY_SECONDS):
            return None
        if isinstance(error, UnreachableError) and error.waited:
            return None
        delay = RETRY_SECONDS[self._retries]
        self._retries += 1
        asked = error.retry_after if isinstance(error, RateLimitedError) else None
        if asked is None:
            return delay
        return max(delay, asked) if asked <= MAX_RETRY_SECONDS else None
