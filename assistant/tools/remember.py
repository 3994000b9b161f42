"""Remember, for all later conversations, what a person asks for in so many words."""

from collections.abc import AsyncGenerator
from typing import Annotated
from uuid import UUID

from assistant import memories
from assistant.database import in_thread
from assistant.errors import MemoryAccountError, MemoryOffError, MemoryRefusedError, MemoryTemporaryError
from assistant.events import Event, StepTaken, TurnFinished
from assistant.memory_wishes import is_in_own_words, remember_wish
from assistant.models import Person, Run
from assistant.sources import Step
from assistant.tools.base import Told
from assistant.tools.kit import Kit
from assistant.tools.schema import Bounds, tool
from imagine.errors import StoppedError

TEXT_CHARACTERS = 20_000


@tool
async def remember(text: Annotated[str, Bounds(0, TEXT_CHARACTERS)], *, kit: Kit) -> AsyncGenerator[Event | Told, None]:
    """Remember something for all later conversations, when the person asks you to remember it.

    Whatever the model gives, what is remembered is in the person's own words: those of their last message, and only
    where it asks for that. Raises MemoryRefusedError, StoppedError.

    - text: what to remember, one short sentence in the person's own words, such as "I am vegetarian"
    """
    own = text if kit.counted else remember_wish(kit.asked)
    if not own and not kit.counted:
        yield Told(
            "Nothing was remembered: the person has to ask for it in a short message of their own, or by /remember."
        )
        return
    wanted = text if is_in_own_words(text, kit.asked) and text else own
    try:
        kept = await keep(kit.run, wanted)
    except MemoryRefusedError as error:
        if not kit.counted:
            yield StepTaken(Step("remember", wanted, error.code).to_json())
        raise
    yield StepTaken(Step("remember", kept).to_json())
    yield Told(f"It is remembered: {kept}")
    if kit.counted:
        yield TurnFinished("stop")


@in_thread
def keep(run_id: UUID, text: str) -> str:
    """Remember a text for who asked; returns it as it is kept. Raises MemoryRefusedError, StoppedError."""
    return memories.add(rememberer(run_id), text).text


def rememberer(run_id: UUID) -> Person:
    """Who asked, if memories are made for them here. Raises MemoryRefusedError, StoppedError."""
    run = Run.objects.select_related("person", "conversation").filter(id=run_id, status=Run.Status.RUNNING).first()
    if run is None or run.person is None:
        raise StoppedError("the run has ended")
    if not memories.may_remember(run.person):
        raise MemoryAccountError
    if run.conversation.temporary:
        raise MemoryTemporaryError
    if not memories.is_on(run.person):
        raise MemoryOffError
    return run.person
