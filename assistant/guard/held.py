"""An answer that is passed on in slices, each once it is judged: from a program nothing can be taken back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from assistant.background import end
from assistant.events import Event, TextDelta, TextReplaced, TurnFinished
from assistant.guard.guard import Guard
from assistant.guard.turns import OVERLAP_CHARACTERS
from assistant.guard.watch import SLICE_CHARACTERS, in_slices
from assistant.llama.messages import ChatMessage


class HeldAnswer:
    """The answer to `messages`, for somebody with an account. The question is judged from now on, beside the model."""

    def __init__(self, guard: Guard, messages: Sequence[ChatMessage]) -> None:
        self._guard = guard
        self._messages = messages
        self._question = asyncio.create_task(guard.question(messages, guest=False))

    async def permitted(self) -> None:
        """Wait until the question has passed. Raises GuardError where it has not."""
        await asyncio.shield(self._question)

    async def judged(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The events, each once all text up to it has passed. Raises GuardError, and what they raise."""
        held, text, passed = list[Event](), "", 0
        try:
            async with aclosing(events):
                async for event in _in_slices(events):
                    held.append(event)
                    if isinstance(event, TextReplaced):
                        text, passed = event.text, 0
                    elif isinstance(event, TextDelta):
                        text += event.text
                    if len(text) - passed < SLICE_CHARACTERS and not isinstance(event, TurnFinished):
                        continue
                    await self.permitted()
                    if len(text) > passed:
                        part = text[max(0, passed - OVERLAP_CHARACTERS) :]
                        await self._guard.answer(self._messages, part, guest=False)
                        passed = len(text)
                    for one in held:
                        yield one
                    held.clear()
        finally:
            await end(self._question)
            if not self._question.cancelled():
                # Where it was refused, that was told, or the answer has ended by another error.
                self._question.exception()


async def _in_slices(events: AsyncGenerator[Event, None]) -> AsyncIterator[Event]:
    async for event in events:
        for one in in_slices(event):
            yield one
