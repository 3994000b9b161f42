"""Forget something that was remembered, when the person asks for it in so many words."""

from collections.abc import AsyncGenerator
from typing import Annotated
from uuid import UUID

from assistant import memories
from assistant.database import in_thread
from assistant.errors import EmptyMemoryError, MemoryRefusedError, UnknownMemoryError
from assistant.events import Event, StepTaken, TurnFinished
from assistant.memory_wishes import forget_wish, means_everything
from assistant.sources import Step
from assistant.tools.base import Told
from assistant.tools.kit import Kit
from assistant.tools.remember import TEXT_CHARACTERS, rememberer
from assistant.tools.schema import Bounds, tool

# Of all that was forgotten at once so much is named.
NAMED_CHARACTERS = 1000


@tool
async def forget(text: Annotated[str, Bounds(0, TEXT_CHARACTERS)], *, kit: Kit) -> AsyncGenerator[Event | Told, None]:
    """Forget something that you remember about the person, when they ask you to forget it.

    Only where their last message asks for that. Raises MemoryRefusedError, StoppedError.

    - text: what to forget, as it is remembered
    """
    own = text if kit.counted else forget_wish(kit.asked)
    if not own and not kit.counted:
        yield Told(
            "Nothing was forgotten: the person has to ask for it in a short message of their own, or by /forget."
        )
        return
    try:
        gone = await drop(kit.run, own, text)
    except MemoryRefusedError as error:
        if not kit.counted and not isinstance(error, UnknownMemoryError):
            # "Forget about dinner" may have been about something else.
            yield StepTaken(Step("forget", own, error.code).to_json())
        raise
    yield StepTaken(Step("forget", gone).to_json())
    yield Told(f"It is forgotten: {gone}")
    if kit.counted:
        yield TurnFinished("stop")


@in_thread
def drop(run_id: UUID, own: str, described: str) -> str:
    """Forget what the person's `own` words name, else what the model has `described`; returns what that was.

    Raises MemoryRefusedError, StoppedError.
    """
    person = rememberer(run_id)
    if means_everything(own):
        texts = memories.erase_all(person)
        if not texts:
            raise UnknownMemoryError
        return "; ".join(texts)[:NAMED_CHARACTERS]
    if not own.strip():
        raise EmptyMemoryError
    return memories.forget(person, own, described)
