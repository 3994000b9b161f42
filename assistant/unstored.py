"""Answers that are stored nowhere: who asks brings the conversation along, and takes the answer as it is made."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from uuid import UUID

from django.conf import settings

from assistant import agreement, engine, usage
from assistant.answer import today
from assistant.conversations import ANSWER_CHARACTERS
from assistant.engine import History
from assistant.errors import AssistantError
from assistant.events import Event, TextDelta, TextReplaced, TurnFinished
from assistant.guard.counts import save_counts
from assistant.guard.held import HeldAnswer
from assistant.llama.messages import ChatMessage
from assistant.means import means_of, pages_named
from assistant.models import Person
from assistant.runtime import Runtime
from assistant.tools.kit import Kit

# They write for a person what only the person's own pages and chats show.
OF_THE_PERSON = frozenset({"create_image", "remember", "forget"})


async def answer(
    runtime: Runtime,
    person: Person,
    answer_id: UUID,
    messages: Sequence[ChatMessage],
    instructions: str = "",
    most_tokens: int | None = None,
) -> AsyncGenerator[Event, None]:
    """Answer the last of `messages`, which is `person`'s, up to a TurnFinished, in a task of one's own.

    `instructions` stand below our system text, as those of a person; the model speaks of `most_tokens` at a time.
    Where there is a guard, each piece comes once it is judged. To stop, close the generator. Raises LlamaError,
    CrowdedError, BudgetSpentError, GuardError, AgreementNeededError, AssistantError.
    """
    await agreement.check(person)
    runtime.meter.check(usage.Payer.ACCOUNTS)
    usage.payer.set(usage.Payer.ACCOUNTS)
    connections = runtime.redis, runtime.doorbell, runtime.web_search, runtime.library, runtime.limits
    kit = Kit(answer_id, *connections, named=pages_named(messages), asked=messages[-1].content)
    held, length = HeldAnswer(runtime.guard, messages) if runtime.guard else None, 0
    with runtime.usual.tool_choice.answering():
        means = await means_of(
            runtime,
            runtime.usual,
            kit,
            _unheard,
            without=OF_THE_PERSON,
            most_tokens=most_tokens,
            permitted=held.permitted if held else None,
        )
        history = History(messages, instructions=instructions, is_guest=False)
        made = engine.answer(means, settings.SITE_NAME, history, today())
        async with AsyncExitStack() as stack:
            for guard in runtime.guards:
                stack.push_async_callback(save_counts, guard)
            events = await stack.enter_async_context(aclosing(held.judged(made) if held else made))
            async for event in events:
                if isinstance(event, TextReplaced):
                    length = len(event.text)
                elif isinstance(event, TextDelta):
                    length += len(event.text)
                yield event
                if length > ANSWER_CHARACTERS:
                    yield TurnFinished("length")
                    return
                if isinstance(event, TurnFinished):
                    return
    raise AssistantError("the answer ended without an end")


def _unheard(_place: int) -> None:
    """Nobody looks at a place in the queue here."""
