"""The turn: history in, events out. Plain values, no database."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import date
from time import monotonic
from typing import Any

from assistant import prompts
from assistant.citing import cited, with_passages
from assistant.errors import AssistantError
from assistant.events import (
    Event,
    ReasoningDelta,
    SourcesFound,
    TextDelta,
    TextReplaced,
    TurnFailed,
    TurnFinished,
    Waiting,
)
from assistant.gate import may_use_tools
from assistant.llama.call_reader import CallReader
from assistant.llama.calls import Call, Trouble
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Reasoning
from assistant.llama.native_calls import NativeCalls
from assistant.passages import counted
from assistant.seam import Seam
from assistant.sources import Reading, Source, Step
from assistant.tools import offers
from assistant.tools.base import BoundTool, Told, ToolCall, Work
from assistant.tools.schema import FunctionTool
from imagine.errors import ImagineError

logger = logging.getLogger(__name__)

LOW_CONTEXT = 2048
# A page takes at most so many tokens of the prompt.
PAGE_TOKENS = 1500
# The codes of Run.Search with which the web is searched before the model is asked, or not at all.
ALWAYS, NEVER = "always", "never"
WEB_SEARCH = "web_search"
# The tools that ask something of other sites.
OPEN_PAGE = "open_page"
OF_THE_WEB = frozenset({WEB_SEARCH, OPEN_PAGE, "weather"})
# Words of the calls themselves: the names of their parameters, and what these may be.
PARAMETERS = counted(
    "query freshness any day week month year place days units metric imperial true false null today latest news current"
)
# So often the model speaks in one turn; the last time without tools.
MOST_ROUNDS = 3
CALLS_AT_ONCE = 4
# Pages are quoted so short that as many fit.
MOST_PAGES = 3
# A message with fewer words is searched for together with the one before it.
FEWEST_WORDS = 3
QUERY_CHARACTERS = 200


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens:
    `token_factor`, and the model for which it holds.

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
    token_model: str = ""


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
    """What an answer may use: the model and a seat before it, tools by name, and which of them the model may call.

    `native`: they are offered in a field of the request, and not in words.
    """

    client: LlamaClient
    tools: Mapping[str, BoundTool] = field(default_factory=dict)
    offered: Sequence[FunctionTool[..., Any]] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    native: bool = False
    seat: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


async def answer(means: Means, name: str, history: History, today: date | None) -> AsyncGenerator[Event, None]:
    """Answer the last turn of `history`; `name` is the assistant's.

    Raises LlamaError, CrowdedError, and what a tool raises that is called by a command.
    """
    turn = TurnInProgress(means, name, history, today)
    async with aclosing(turn.events()) as events:
        async for event in events:
            yield event


class TurnInProgress:
    """One turn: rounds of the model and of the tools that it calls."""

    def __init__(self, means: Means, name: str, history: History, today: date | None) -> None:
        self._means = means
        self._name = name
        self._history = history
        self._today = today
        self._readings: list[Reading] = []
        self._found = ""
        self._turns: list[ChatMessage] = []
        """After the question: calls of tools and their results."""
        self._said: list[str] = []
        self._over = False

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens, up to the end of the turn."""
        history = self._history
        if history.tool_call is not None:
            work = self._means.tools[history.tool_call.name](history.tool_call.arguments)
            async with aclosing(work) as items:
                async for item in items:
                    if isinstance(item, Event):
                        yield item
            return
        if history.search == ALWAYS and WEB_SEARCH in self._means.tools and not history.begun:
            call = Call(WEB_SEARCH, json.dumps({"query": query_of(history.messages)}))
            async with aclosing(self._run([call])) as events:
                async for event in events:
                    yield event
            # The model did not ask for it: the pages stand before the question.
            self._turns = []
            self._found = await self._quoted(self._readings, 1) or prompts.NOTHING_FOUND
        for number in range(1, MOST_ROUNDS + 1):
            async with aclosing(self._round(number)) as events:
                async for event in events:
                    yield event
            if self._over:
                return

    async def _round(self, number: int) -> AsyncGenerator[Event, None]:
        """The model speaks once; where it calls tools, they are run."""
        offered = self._offered if number < MOST_ROUNDS else []
        reader = CallReader([tool.name for tool in offered], self._means.aliases)
        end: Finish | None = None
        async with self._means.seat(), aclosing(self._speak(offered, reader)) as items:
            async for item in items:
                if isinstance(item, Finish):
                    end = item
                else:
                    yield item
        if end is None:
            raise AssistantError("the model's stream had no end")
        calls, trouble = self._asked(reader, end, offered)
        if not calls and not (trouble and number < MOST_ROUNDS):
            if self._readings:
                for event in await asyncio.to_thread(grounded, "".join(self._said), self._readings):
                    yield event
            self._over = True
            yield finished(end)
            return
        if "".join(self._said) != self._history.begun:
            # What was said on the way to the call is no answer.
            yield TextReplaced(self._history.begun)
        if trouble and not calls:
            self._turns.append(offers.trouble_turn(trouble, offered))
            return
        async with aclosing(self._run(calls)) as events:
            async for event in events:
                yield event

    def _asked(
        self, reader: CallReader, end: Finish, offered: Sequence[FunctionTool[..., Any]]
    ) -> tuple[list[Call], Trouble | None]:
        """The calls that stood in the text, or else in fields of their own, and what was wrong with others."""
        if reader.calls or not end.tool_calls:
            return reader.calls, reader.trouble
        native = NativeCalls([tool.name for tool in offered], self._means.aliases)
        native.feed(list(end.tool_calls))
        native.finish(length=end.reason == "length")
        return native.calls, native.trouble or reader.trouble

    @property
    def _offered(self) -> Sequence[FunctionTool[..., Any]]:
        """The tools that the model may call now."""
        history = self._history
        if history.begun or self._found or not may_use_tools(history.messages[-1].content):
            return []
        return [tool for tool in self._means.offered if history.search != NEVER or tool.name not in OF_THE_WEB]

    async def _speak(
        self, offered: Sequence[FunctionTool[..., Any]], reader: CallReader
    ) -> AsyncGenerator[Event | Finish, None]:
        """What the model says, without the calls in it, which `reader` takes. Raises LlamaError."""
        history = self._history
        yield Waiting("thinking")
        thinking, seam = ThinkingTime(), Seam(history.begun)
        self._said = [history.begun]
        prompt = await self._prompt(offered)
        tools = offers.native(offered) if self._means.native else ()
        asked = self._means.client.stream(prompt, history.token_factor, history.token_model, tools=tools)
        async with aclosing(asked) as stream:
            async for item in stream:
                match item:
                    case Delta(text):
                        thinking.pause()
                        if joined := seam.feed(reader.feed(text)):
                            self._said.append(joined)
                            yield TextDelta(joined)
                    case Reasoning(text, retracts):
                        if retracts:
                            self._said = [history.begun]
                            yield TextReplaced(history.begun)
                        yield ReasoningDelta(text, thinking.seconds(since_text=retracts))
                    case Loading():
                        yield Waiting("loading")
                    case Finish():
                        if rest := seam.feed(reader.flush()) + seam.close():
                            self._said.append(rest)
                            yield TextDelta(rest)
                        yield item

    async def _prompt(self, offered: Sequence[FunctionTool[..., Any]]) -> list[ChatMessage]:
        history = self._history
        wishes = history.instructions, history.revision
        told = self._found, "" if self._means.native else offers.text(offered)
        prompt = prompts.conversation(self._name, history.messages, self._today, *wishes, *told)
        if history.begun:
            return prompts.continuation(prompt, history.begun, await context_of(self._means.client))
        return [*prompt, *self._turns]

    async def _run(self, calls: Sequence[Call]) -> AsyncGenerator[Event, None]:
        """Run calls at once, and keep what they find and what the model is told of them."""
        before = len(self._readings)
        told: dict[str, list[str]] = {call.id: [] for call in calls}
        read: dict[str, list[Reading]] = {call.id: [] for call in calls}
        works = {call.id: self._work(call) for call in calls[:CALLS_AT_ONCE]}
        async with aclosing(together(works)) as items:
            async for call_id, item in items:
                match item:
                    case Told(text):
                        told[call_id].append(text)
                    case Reading():
                        read[call_id].append(item)
                    case _:
                        self._over = self._over or isinstance(item, TurnFinished | TurnFailed)
                        yield item
        for call in calls[:CALLS_AT_ONCE]:
            number = len(self._readings) + 1
            self._readings += read[call.id]
            quoted = await self._quoted(read[call.id], number)
            result = "\n\n".join([*told[call.id], quoted] if quoted else told[call.id]) or "Done."
            self._turns += offers.call_turns(call, result)
        if len(self._readings) > before:
            yield SourcesFound([reading.source.to_json() for reading in self._readings])

    async def _work(self, call: Call) -> Work:
        """One call. What goes wrong is told to the model, as the person has seen it in a step."""
        if self._carries_out(call):
            logger.warning("a call of %s was not made: a page may have asked for it", call.name)
            yield Told("This is not looked up: it has words that stand neither in the question nor in the pages.")
            return
        try:
            async with aclosing(self._means.tools[call.name](json.loads(call.arguments))) as items:
                async for item in items:
                    yield item
        except (AssistantError, ImagineError) as error:
            logger.warning("%s failed: %s: %s", call.name, error.code, error)
            yield Told(f"{call.name} failed: {error.sentence}")

    def _carries_out(self, call: Call) -> bool:
        """Whether a call would carry words of the conversation to the web that a page may have asked for.

        Once pages were read, only what stands in the question or in these pages is looked up. An address is safe in
        any case: only those that the person has named are opened.
        """
        if not self._readings or call.name not in OF_THE_WEB or call.name == OPEN_PAGE:
            return False
        known = counted(self._history.messages[-1].content)
        return bool(counted(call.arguments) - known.union(PARAMETERS, *(counted(one.text) for one in self._readings)))

    async def _quoted(self, readings: Sequence[Reading], first: int) -> str:
        """Pages as the model is given them, numbered from `first`; empty without any."""
        if not readings:
            return ""
        context = await context_of(self._means.client)
        # Half of what the model reads holds all pages. Half a byte is a token by our estimate, see llama/tokens.py.
        tokens = min(PAGE_TOKENS, context // 2 // max(MOST_PAGES, len(self._readings)))
        size = int(tokens * 2 / self._history.token_factor)
        question = self._history.messages[-1].content
        return prompts.found_pages(readings, question, size, first)


async def together(works: Mapping[str, Work]) -> AsyncGenerator[tuple[str, Event | Reading | Told], None]:
    """What several tools do at once, as it comes, each item with the key of its tool. Raises what one of them does."""
    items: asyncio.Queue[tuple[str, Event | Reading | Told] | None] = asyncio.Queue()

    async def pump(key: str, work: Work) -> None:
        try:
            async with aclosing(work):
                async for item in work:
                    items.put_nowait((key, item))
        finally:
            items.put_nowait(None)

    tasks = [asyncio.create_task(pump(key, work)) for key, work in works.items()]
    try:
        running = len(tasks)
        while running:
            item = await items.get()
            if item is None:
                running -= 1
            else:
                yield item
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def query_of(messages: Sequence[ChatMessage]) -> str:
    """What to search for: the last message, after the one before it where it says little alone: "And in June?"."""
    *earlier, last = (" ".join(message.content.split()) for message in messages if message.role == "user")
    if earlier and len(counted(last)) < FEWEST_WORDS:
        return f"{earlier[-1][:QUERY_CHARACTERS]} {last}"[: 2 * QUERY_CHARACTERS]
    return last[: 2 * QUERY_CHARACTERS]


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
        return (await client.backend_soon()).context
    except LlamaError:
        # The request for the answer meets the same error, and handles it.
        return LOW_CONTEXT
