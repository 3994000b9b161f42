"""The turn: history in, events out. Plain values, no database."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from assistant import prompts
from assistant.events import Event, TextDelta, TurnFinished, Waiting
from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading
from assistant.tools.base import BoundTool, ToolCall

NO_TOOLS: Mapping[str, BoundTool] = MappingProxyType({})


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens.

    `tool_call` is what that turn asks for by a command: the engine carries it out in place of the model's answer.
    `instructions` are the wishes of the person who asks, see prompts.py.
    """

    messages: Sequence[ChatMessage]
    token_factor: float = 1.0
    tool_call: ToolCall | None = None
    instructions: str = ""


async def answer(
    client: LlamaClient, name: str, history: History, today: date | None, tools: Mapping[str, BoundTool] = NO_TOOLS
) -> AsyncGenerator[Event, None]:
    """Answer the last turn of `history`; `name` is the assistant's.

    Raises LlamaError, and what the called tool raises.
    """
    if history.tool_call is not None:
        async with aclosing(tools[history.tool_call.name](history.tool_call.arguments)) as events:
            async for event in events:
                yield event
        return
    yield Waiting("thinking")
    prompt = prompts.conversation(name, history.messages, today, history.instructions)
    async with aclosing(client.stream(prompt, history.token_factor)) as stream:
        async for item in stream:
            match item:
                case Delta(text):
                    yield TextDelta(text)
                case Loading():
                    yield Waiting("loading")
                case Finish():
                    yield TurnFinished(item.reason, item.model, item.prompt_tokens, item.answer_tokens, item.factor)
