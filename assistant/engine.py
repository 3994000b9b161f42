"""The turn: history in, events out. Plain values, no database; tools will join here."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from assistant import prompts
from assistant.events import Event, TextDelta, TurnFinished, Waiting
from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens."""

    messages: Sequence[ChatMessage]
    token_factor: float = 1.0


async def answer(client: LlamaClient, name: str, history: History, today: date | None) -> AsyncGenerator[Event, None]:
    """Answer the last turn of `history`; `name` is the assistant's. Raises the LlamaErrors of the client."""
    yield Waiting("thinking")
    prompt = prompts.conversation(name, history.messages, today)
    async with aclosing(client.stream(prompt, history.token_factor)) as stream:
        async for item in stream:
            match item:
                case Delta(text):
                    yield TextDelta(text)
                case Loading():
                    yield Waiting("loading")
                case Finish():
                    yield TurnFinished(item.reason, item.model, item.prompt_tokens, item.answer_tokens, item.factor)
