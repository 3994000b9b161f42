"""The turn: history in, events out. Plain values, no database."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import date
from time import monotonic
from types import MappingProxyType

from assistant import prompts
from assistant.events import Event, ReasoningDelta, TextDelta, TextReplaced, TurnFinished, Waiting
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Reasoning
from assistant.seam import Seam
from assistant.tools.base import BoundTool, ToolCall

LOW_CONTEXT = 2048
NO_TOOLS: Mapping[str, BoundTool] = MappingProxyType({})


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens.

    `tool_call` is what that turn asks for by a command: the engine carries it out in place of the model's answer.
    `instructions` are the wishes of the person who asks, `revision` is a code of this turn, see prompts.py. `begun`
    is the answer so far, where it goes on: the events add to it.
    """

    messages: Sequence[ChatMessage]
    token_factor: float = 1.0
    tool_call: ToolCall | None = None
    instructions: str = ""
    revision: str = ""
    begun: str = ""


class ThinkingTime:
    """How long the model thinks: from each first piece of reasoning to the text that follows it."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None
        """When the text began, or what is being thought now."""
        self._thinking = False

    def pause(self) -> None:
        """Text arrived."""
        if self._thinking or self._since is None:
            now = monotonic()
            self._before += now - self._since if self._since is not None else 0.0
            self._thinking, self._since = False, now

    def seconds(self, *, since_text: bool) -> float:
        """Reasoning arrived: the seconds until now. `since_text`: the text before it was reasoning too."""
        now = monotonic()
        if self._since is None or not (self._thinking or since_text):
            self._since = now
        self._thinking = True
        return round(self._before + now - self._since, 1)


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
    prompt = prompts.conversation(name, history.messages, today, history.instructions, history.revision)
    thinking, seam = ThinkingTime(), Seam(history.begun)
    if history.begun:
        prompt = prompts.continuation(prompt, history.begun, await context_of(client))
    async with aclosing(client.stream(prompt, history.token_factor)) as stream:
        async for item in stream:
            match item:
                case Delta(text):
                    thinking.pause()
                    if joined := seam.feed(text):
                        yield TextDelta(joined)
                case Reasoning(text, retracts):
                    if retracts:
                        yield TextReplaced(history.begun)
                    yield ReasoningDelta(text, thinking.seconds(since_text=retracts))
                case Loading():
                    yield Waiting("loading")
                case Finish():
                    if rest := seam.close():
                        yield TextDelta(rest)
                    yield finished(item)


def finished(item: Finish) -> TurnFinished:
    """The end of the stream as an event."""
    files = [asdict(file) for file in item.cut_files]
    return TurnFinished(item.reason, item.model, item.prompt_tokens, item.answer_tokens, item.factor, files)


async def context_of(client: LlamaClient) -> int:
    """The tokens that the model reads at once; a low guess where its server does not say now."""
    try:
        return (await client.backend()).context
    except LlamaError:
        # The request for the answer meets the same error, and handles it.
        return LOW_CONTEXT
