"""The turn: history in, events out. Plain values, no database."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import date
from time import monotonic

from assistant import prompts
from assistant.citing import cited, with_passages
from assistant.errors import AssistantError
from assistant.events import (
    Event,
    ReasoningDelta,
    SourcesFound,
    TextDelta,
    TextReplaced,
    TurnFinished,
    Waiting,
)
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Reasoning
from assistant.passages import counted
from assistant.seam import Seam
from assistant.sources import Reading, Source, Step
from assistant.tools.base import BoundTool, ToolCall

logger = logging.getLogger(__name__)

LOW_CONTEXT = 2048
# A page takes at most so many tokens of the prompt.
PAGE_TOKENS = 1500
# The code of Run.Search with which the web is searched before the model is asked.
ALWAYS = "always"
# A message with fewer words is searched for together with the one before it.
FEWEST_WORDS = 3
QUERY_CHARACTERS = 200
# What is looked for in; what is done and read for it out.
LookUp = Callable[[str], AsyncGenerator[Event | Reading, None]]


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens.

    `tool_call` is what that turn asks for by a command: the engine carries it out in place of the model's answer.
    `instructions` are the wishes of the person who asks, `revision` is a code of this turn, see prompts.py. `begun`
    is the answer so far, where it goes on: the events add to it; `sources` and `steps` are what was found for it.
    `search` says whether the web is searched, a code of Run.Search.
    """

    messages: Sequence[ChatMessage]
    token_factor: float = 1.0
    tool_call: ToolCall | None = None
    instructions: str = ""
    revision: str = ""
    begun: str = ""
    search: str = ""
    sources: Sequence[Source] = ()
    steps: Sequence[Step] = ()


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


@dataclass(frozen=True)
class Means:
    """What an answer may use: the model, a seat before it, tools by name, and a way to look something up on the web."""

    client: LlamaClient
    tools: Mapping[str, BoundTool] = field(default_factory=dict)
    look_up: LookUp | None = None
    seat: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


async def answer(means: Means, name: str, history: History, today: date | None) -> AsyncGenerator[Event, None]:
    """Answer the last turn of `history`; `name` is the assistant's.

    Raises LlamaError, CrowdedError, and what the called tool raises.
    """
    if history.tool_call is not None:
        async with aclosing(means.tools[history.tool_call.name](history.tool_call.arguments)) as events:
            async for event in events:
                yield event
        return
    readings: list[Reading] = []
    found = ""
    if history.search == ALWAYS and means.look_up and not history.begun:
        async with aclosing(look_up(means.look_up, history.messages)) as steps:
            async for step in steps:
                if isinstance(step, Reading):
                    readings.append(step)
                else:
                    yield step
        if readings:
            yield SourcesFound([reading.source.to_json() for reading in readings])
        size = await size_of_page(means.client, history.token_factor, len(readings))
        found = prompts.found_pages(readings, history.messages[-1].content, size)
    prompt = prompts.conversation(name, history.messages, today, history.instructions, history.revision, found)
    if history.begun:
        prompt = prompts.continuation(prompt, history.begun, await context_of(means.client))
    async with means.seat(), aclosing(speak(means.client, prompt, history, readings)) as events:
        async for event in events:
            yield event


async def speak(
    client: LlamaClient, prompt: Sequence[ChatMessage], history: History, readings: Sequence[Reading]
) -> AsyncGenerator[Event, None]:
    """What the model says to `prompt`; at its end the passages of `readings` that it rests on. Raises LlamaError."""
    yield Waiting("thinking")
    thinking, seam = ThinkingTime(), Seam(history.begun)
    said = [history.begun]
    async with aclosing(client.stream(prompt, history.token_factor)) as stream:
        async for item in stream:
            match item:
                case Delta(text):
                    thinking.pause()
                    if joined := seam.feed(text):
                        said.append(joined)
                        yield TextDelta(joined)
                case Reasoning(text, retracts):
                    if retracts:
                        said = [history.begun]
                        yield TextReplaced(history.begun)
                    yield ReasoningDelta(text, thinking.seconds(since_text=retracts))
                case Loading():
                    yield Waiting("loading")
                case Finish():
                    if rest := seam.close():
                        said.append(rest)
                        yield TextDelta(rest)
                    if readings:
                        for event in await asyncio.to_thread(grounded, "".join(said), readings):
                            yield event
                    yield finished(item)


async def look_up(search: LookUp, messages: Sequence[ChatMessage]) -> AsyncGenerator[Event | Reading, None]:
    """Look up what the last message asks for. Where that fails, a step has said so, and the model answers without."""
    try:
        async with aclosing(search(query_of(messages))) as items:
            async for item in items:
                yield item
    except AssistantError as error:
        logger.warning("nothing could be looked up: %s: %s", error.code, error)


def query_of(messages: Sequence[ChatMessage]) -> str:
    """What to search for: the last message, after the one before it where it says little alone: "And in June?"."""
    *earlier, last = (" ".join(message.content.split()) for message in messages if message.role == "user")
    if earlier and len(counted(last)) < FEWEST_WORDS:
        return f"{earlier[-1][:QUERY_CHARACTERS]} {last}"[: 2 * QUERY_CHARACTERS]
    return last[: 2 * QUERY_CHARACTERS]


async def size_of_page(client: LlamaClient, factor: float, pages: int) -> int:
    """In how many bytes each of so many pages is quoted: half of what the model reads holds all of them."""
    tokens = min(PAGE_TOKENS, await context_of(client) // 2 // max(1, pages))
    # Half a byte is a token by our estimate, see llama/tokens.py.
    return int(tokens * 2 / factor)


def grounded(text: str, readings: Sequence[Reading]) -> list[Event]:
    """The answer `text` with its citations, where they had to be found, and its sources with the cited passages."""
    text_cited = cited(text, readings)
    events: list[Event] = [TextReplaced(text_cited)] if text_cited != text else []
    sources = with_passages(readings, text_cited)
    return [*events, SourcesFound([source.to_json() for source in sources])]


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
