"""The turn: history in, events out. Plain values, no database."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from time import monotonic
from typing import Any
from uuid import UUID

from assistant import prompts
from assistant.beforehand import ALWAYS, NEVER, calls_before, worked_out
from assistant.budget import TurnBudget
from assistant.errors import AssistantError
from assistant.events import Event, StepTaken, TextReplaced, TurnFailed, TurnFinished, Waiting
from assistant.findings import OF_THE_WEB, WEB_SEARCH, Findings, context_of, grounded
from assistant.gate import may_use_tools
from assistant.guard.prompt_guard import PromptGuard
from assistant.llama.client import LlamaClient
from assistant.llama.errors import AnswerTimeout, EmptyAnswerError, LlamaServerError, NoAnswerError, RefusalError
from assistant.llama.messages import ChatMessage, Finish
from assistant.llama.tokens import estimate
from assistant.sources import Source, Step
from assistant.speech import Speech
from assistant.tools import offers
from assistant.tools.base import BoundTool, ToolCall
from assistant.tools.schema import FunctionTool

logger = logging.getLogger(__name__)

# So often the model speaks in one turn; the last time without tools.
MOST_ROUNDS = 3


@dataclass(frozen=True)
class History:
    """What was said so far, the person's turn last, and what an earlier answer taught us about counting tokens:
    `token_factor`, and the model for which it holds.

    `tool_call` is what that turn asks for by a command: the engine carries it out in place of the model's answer.
    `instructions` are the wishes of the person who asks, `revision` is a code of this turn, see prompts.py. `begun`
    is the answer so far, where it goes on: the events add to it; `sources` and `steps` are what was found for it.
    `search` says whether the web is searched, a code of Run.Search. `summary` is of what was said before `messages`,
    whose `ids` are those in the database. `memories` are what that person has asked to be remembered, oldest first,
    where that is on: `remembers`. `aside` is what else goes with the last turn, see room_history.py,
    where it is `in_room`, and `pictures` are what that turn is about there, see room_pictures.py. `harder`: the best
    model is to answer. `is_guest`: who asks has no account.
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
    summary: str = ""
    ids: Sequence[UUID] = ()
    memories: Sequence[str] = ()
    remembers: bool = False
    aside: str = ""
    in_room: bool = False
    harder: bool = False
    is_guest: bool = True
    pictures: Sequence[UUID] = ()


async def permitted_at_once() -> None:
    """Nothing has to be waited for."""


@dataclass(frozen=True)
class Means:
    """What an answer may use: the model and a seat before it, tools by name, and which of them the model may call.

    `native`: they are offered in a field of the request, and not in words. Where the server fails at that the turn goes
    on with words, and `native_failed` is called. No tool is used before `permitted` returns. `most_tokens`: so many the
    model says at a time, if that is less than the settings say. `prompt_guard` screens what others wrote before the
    model reads it.
    """

    client: LlamaClient
    tools: Mapping[str, BoundTool] = field(default_factory=dict)
    offered: Sequence[FunctionTool[..., Any]] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    native: bool = False
    seat: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    native_failed: Callable[[], None] = lambda: None
    permitted: Callable[[], Awaitable[None]] = permitted_at_once
    most_tokens: int | None = None
    prompt_guard: PromptGuard | None = None


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
        self._findings = Findings(means.client, means.tools, history.messages, history.token_factor, means.prompt_guard)
        self._found = ""
        """What was read or worked out before the model was asked."""
        self._over = False
        self._budget = TurnBudget(means.client.answer_seconds)
        self._native = means.native
        self._kept = means.offered
        """The tools that a request names also where none may be called, so that the prompt's head stays as it is."""
        self._begin_to_speak()

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens, up to the end of the turn."""
        history = self._history
        if history.tool_call is not None:
            await self._means.permitted()
            work = self._means.tools[history.tool_call.name](history.tool_call.arguments)
            async with aclosing(work) as items:
                async for item in items:
                    if isinstance(item, Event):
                        yield item
            return
        await self._screen_files()
        if history.remembers and not history.begun and (not self._means.offered or history.search == ALWAYS):
            # The model is offered no tools.
            await self._means.permitted()
            async with aclosing(self._findings.remember_first()) as events:
                async for event in events:
                    yield event
        if not history.begun:
            async with aclosing(self._before_asking()) as events:
                async for event in events:
                    yield event
        for number in range(1, MOST_ROUNDS + 1):
            async with aclosing(self._round(number)) as events:
                async for event in events:
                    yield event
            if self._over:
                return

    async def _screen_files(self) -> None:
        """Put files as the model may read them in place of those that were sent."""
        if self._means.prompt_guard:
            messages, steps = await self._means.prompt_guard.files(self._history.messages)
            self._history = replace(self._history, messages=messages)
            self._findings.note(steps)

    async def _before_asking(self) -> AsyncGenerator[Event, None]:
        """What is looked up before the model is asked, or worked out for one that calls no tools."""
        question, calls_tools = self._history.messages[-1].content, bool(self._means.offered)
        if not calls_tools and (result := await worked_out(question)):
            yield StepTaken(Step("calculate", result).to_json())
            self._found = prompts.CALCULATED.format(result=result)
        calls = calls_before(self._history.messages, self._history.search, calls_tools=calls_tools)
        if calls := [call for call in calls if call.name in self._means.tools]:
            await self._means.permitted()
            async with aclosing(self._findings.before_asking(calls)) as events:
                async for event in events:
                    yield event
            searched = any(call.name == WEB_SEARCH for call in calls)
            nothing = prompts.NOTHING_FOUND if searched else prompts.NOT_READ
            pages = await self._findings.quotation() or nothing
            self._found = "\n\n".join(filter(None, [pages, self._found]))

    async def _round(self, number: int) -> AsyncGenerator[Event, None]:
        """The model speaks once; where it calls tools, they are run."""
        offered = self._offered if number < MOST_ROUNDS and self._budget.may_look_up else []
        arrived = monotonic()
        async with self._means.seat(), aclosing(self._speak(offered)) as events:
            self._budget.note_wait(monotonic() - arrived)
            async for event in events:
                yield event
        speech, end = self._speech, self._speech.end
        if end is None:
            raise AssistantError("the model's stream had no end")
        calls, trouble = speech.calls(offered)
        if not calls and not (trouble and number < MOST_ROUNDS):
            if trouble and not speech.text.strip():
                raise EmptyAnswerError("the model called tools and said nothing")
            if self._findings.readings:
                for event in await asyncio.to_thread(grounded, speech.text, self._findings.readings):
                    yield event
            for event in self._findings.left_out():
                yield event
            self._over = True
            yield finished(end)
            return
        if speech.has_words:
            # What was said on the way to the call is no answer.
            yield TextReplaced(self._history.begun)
        if trouble and not calls:
            self._findings.turns.append(offers.trouble_turn(trouble, offered))
            return
        await self._means.permitted()
        async with aclosing(self._findings.run(calls)) as events:
            async for event in events:
                self._over = self._over or isinstance(event, TurnFinished | TurnFailed)
                yield event

    @property
    def _readable(self) -> list[str]:
        """The tools whose calls are told from text, so that none is shown: also those that are not offered now.

        In an answer that goes on all is text, as it may be in the middle of code.
        """
        return [] if self._history.begun else [tool.name for tool in self._means.offered]

    @property
    def _offered(self) -> Sequence[FunctionTool[..., Any]]:
        """The tools that the model may call now."""
        history = self._history
        if history.begun or self._found or not may_use_tools(history.messages[-1].content):
            return []
        return [tool for tool in self._means.offered if history.search != NEVER or tool.name not in OF_THE_WEB]

    async def _speak(self, offered: Sequence[FunctionTool[..., Any]]) -> AsyncGenerator[Event, None]:
        """What the model says, asked once more where that is the server's fault. Raises LlamaError.

        Where it fails with tools in their own field they stand in words; where nothing comes but a call that it may not
        make, it is told of no tools.
        """
        try:
            async with aclosing(self._speak_once(offered)) as events:
                async for event in events:
                    yield event
        except (LlamaServerError, EmptyAnswerError) as error:
            if not (self._native and (offered or self._kept)) or isinstance(error, RefusalError | NoAnswerError):
                raise
            # Servers that read calls take other text for one and lose it, or refuse tools.
            logger.warning("asked again with the tools in words: %s", error)
            self._native = False
            if self._speech.has_words:
                yield TextReplaced(self._history.begun)
            async with aclosing(self._speak_once(offered)) as events:
                async for event in events:
                    yield event
            if offered:
                self._means.native_failed()
        if self._native and self._kept and not offered and self._speech.is_call_alone:
            self._kept = []
            async with aclosing(self._speak_once([])) as events:
                async for event in events:
                    yield event

    async def _speak_once(self, offered: Sequence[FunctionTool[..., Any]]) -> AsyncGenerator[Event, None]:
        history = self._history
        yield Waiting("thinking")
        self._begin_to_speak()
        prompt = await self._prompt(offered)
        tools = offers.native(offered or self._kept) if self._native else ()
        factor = history.token_factor, history.token_model
        if not (left := self._budget.seconds_left):
            raise AnswerTimeout("all the time was used before the model was asked once more")
        stream = self._means.client.stream(
            prompt,
            *factor,
            tools=tools,
            may_call=bool(offered),
            marks=bool(self._readable),
            seconds=left,
            most_tokens=self._means.most_tokens,
        )
        async with aclosing(self._speech.events(stream)) as events:
            async for event in events:
                yield event
        if end := self._speech.end:
            self._budget.note_tokens(used(end, prompt, self._speech.text))

    def _begin_to_speak(self) -> None:
        self._speech = Speech(self._history.begun, self._readable, self._means.aliases)

    async def _prompt(self, offered: Sequence[FunctionTool[..., Any]]) -> list[ChatMessage]:
        history = self._history
        wishes = history.instructions, history.revision
        found = "\n\n".join(
            filter(None, (self._history.aside, await self._remembered(), self._found, self._findings.noted))
        )
        told = found, "" if self._native else offers.text(offered)
        prompt = prompts.conversation(self._name, history.messages, self._today, *wishes, *told, history.summary)
        if history.begun:
            return prompts.continuation(prompt, history.begun, await context_of(self._means.client))
        return [*prompt, *self._findings.turns]

    async def _remembered(self) -> str:
        """What the person has asked to be remembered, for the prompt: an eighth of what the model reads, or less."""
        memories = self._history.memories
        if not memories:
            return ""
        size = await context_of(self._means.client) // 4
        return prompts.quoted_memories(memories, self._history.messages[-1].content, size)


def used(item: Finish, prompt: Sequence[ChatMessage], said: str) -> int:
    """The tokens of a round as the server counted them, or by our estimate."""
    read = item.prompt_tokens or estimate(prompt)
    return read + (item.answer_tokens or estimate([ChatMessage("assistant", said)]))


def finished(item: Finish) -> TurnFinished:
    """The end of the stream as an event."""
    files = [asdict(file) for file in item.cut_files]
    return TurnFinished(item.reason, item.model, item.prompt_tokens, item.answer_tokens, item.factor, files)
