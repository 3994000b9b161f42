"""One turn, judged while it is made: the question beside the model, the answer in slices while it grows.

No word is shown before the question has passed. What is shown of the answer is judged soon after, and all of it in the
end.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

from assistant.events import Event, ReasoningDelta, TextDelta
from assistant.guard.errors import GuardError
from assistant.guard.guard import Guard
from assistant.guard.turns import OVERLAP_CHARACTERS
from assistant.llama.messages import ChatMessage

# Some two hundred tokens. With more than the other nothing is added until the guard model has caught up.
SLICE_CHARACTERS = 800
MOST_UNJUDGED = 2_400


def in_slices(event: Event) -> list[Event]:
    """`event`, where it is a text in slices: what a server sends at once need not be shown at once."""
    if not isinstance(event, TextDelta | ReasoningDelta) or len(event.text) <= SLICE_CHARACTERS:
        return [event]
    starts = range(0, len(event.text), SLICE_CHARACTERS)
    return [replace(event, text=event.text[start : start + SLICE_CHARACTERS]) for start in starts]


class TurnWatch:
    """Watches the answer to `messages`. `refuse` is called as soon as the turn shall end, with the error."""

    def __init__(
        self, guard: Guard, messages: Sequence[ChatMessage], refuse: Callable[[GuardError], None], *, guest: bool
    ) -> None:
        self.error: GuardError | None = None
        self._guard = guard
        self._messages = messages
        self._guest = guest
        self._refuse = refuse
        self._question: asyncio.Task[None] | None = None
        self._slice: asyncio.Task[None] | None = None
        # The answer and what was thought, and how far they are judged or being judged.
        self._text, self._text_judged = "", 0
        self._thought, self._thought_judged = "", 0

    def begin(self) -> None:
        """Have the question judged, in the background."""
        self._question = self._start(self._guard.question(self._messages, guest=self._guest))

    async def permitted(self) -> None:
        """Wait until the question has passed. Raises GuardError where it has not."""
        if self._question:
            await asyncio.wait([self._question])
            self._question.result()
            self._question = None
        self._raise()

    def replaced(self) -> None:
        """The answer was replaced: what it is now is not judged yet."""
        self._text, self._text_judged = "", 0

    async def grown(self, text: str, thought: str) -> None:
        """Have what is new judged, once it is enough. Waits where that falls too far behind. Raises GuardError."""
        self._text, self._thought = text, thought
        if self._unjudged < SLICE_CHARACTERS:
            return
        if self._slice and self._slice.done():
            await self._settle()
        self._raise()
        if self._slice is None:
            self._slice = self._start(self._judge_all(SLICE_CHARACTERS))
        if self._unjudged >= MOST_UNJUDGED:
            await self._settle()
            self._raise()

    async def conclude(self, text: str, thought: str) -> GuardError | None:
        """Judge what is left of an answer that is over. Returns why it cannot stand, or None where it can."""
        if self._question:
            # It ended before a new word: the question is judged with the next one.
            self._question.cancel()
            await asyncio.wait([self._question])
        await self._settle()
        if self.error is None:
            self._text, self._thought = text, thought
            self._slice = self._start(self._judge_all(1))
            await self._settle()
        return self.error

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        return asyncio.create_task(self._noting(work))

    async def _noting(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except GuardError as error:
            self.error = self.error or error
            self._refuse(error)

    @property
    def _unjudged(self) -> int:
        return max(0, len(self._text) - self._text_judged) + max(0, len(self._thought) - self._thought_judged)

    async def _judge_all(self, least: int) -> None:
        """Judge what is new, and what comes meanwhile, until it is less than `least` characters."""
        while self._unjudged >= least:
            parts = [(self._thought, self._thought_judged), (self._text, self._text_judged)]
            self._thought_judged, self._text_judged = len(self._thought), len(self._text)
            for whole, judged in parts:
                if len(whole) > judged:
                    part = whole[max(0, judged - OVERLAP_CHARACTERS) :]
                    await self._guard.answer(self._messages, part, guest=self._guest)

    async def _settle(self) -> None:
        """Wait for the slice that is being judged."""
        if self._slice:
            await asyncio.wait([self._slice])
            self._slice.result()
            self._slice = None

    def _raise(self) -> None:
        if self.error:
            raise self.error
