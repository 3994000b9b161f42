"""What single servers do their own way, with a turn through it: the person gets an answer, or a sentence that fits.

The cases are named by the server in which they were seen. Quirks of the stream's form alone stand in
tests/assistant/llama.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from assistant.errors import AssistantError
from assistant.llama.client import LlamaClient
from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    EmptyAnswerError,
    LlamaServerError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
    RateLimitedError,
)
from assistant.tools.offers import native, text
from assistant.tools.toolbox import ALIASES, TOOLS
from tests.assistant.test_tool_rounds import CALL, Tools, answered
from tests.fake_llama import DONE, Answer, Exchange, FakeLlama, event, fails, says, sends, usage
from tests.turns import shown, words

QUESTION = "What happened today?"
FOUND = [("web_search", {"query": "news today"})]
ARGUMENTS = '{"query": "news today"}'
FUNCTION = {"name": "web_search", "arguments": ARGUMENTS}
STOP = event({}, "stop")


def raw(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def piece(index: int | None = 0, call_id: str | None = "c1", **function: Any) -> bytes:
    """An event with a piece of a call."""
    fields = {"index": index, "id": call_id, "type": "function", "function": function}
    return event({"tool_calls": [{name: value for name, value in fields.items() if value is not None}]})


CALLED = {
    "openai: fragments": [
        piece(name="web_search", arguments=""),
        piece(0, None, arguments='{"query": '),
        piece(0, None, arguments='"news today"}'),
        event({}, "tool_calls"),
    ],
    "openai: function_call, the older form": [
        event({"function_call": {"name": "web_search", "arguments": ""}}),
        event({"function_call": {"arguments": ARGUMENTS}}),
        event({}, "function_call"),
    ],
    "ollama: whole, the reason is stop": [piece(**FUNCTION), STOP],
    "ollama: an object, no index": [piece(None, **FUNCTION | {"arguments": {"query": "news today"}}), STOP],
    "ollama: no id, the reason on the call": [
        event({"content": "", "tool_calls": [{"index": 0, "type": "function", "function": FUNCTION}]}, "stop")
    ],
    "vllm: an empty piece beside the reason, with a number for a stop reason": [
        piece(**FUNCTION),
        raw(
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": "", "tool_calls": [{"index": 0, "function": {"arguments": ""}}]},
                        "finish_reason": "tool_calls",
                        "stop_reason": 128008,
                    }
                ]
            }
        ),
    ],
    "vllm: usage with each piece": [
        event({"tool_calls": [{"index": 0, "id": "c1", "function": FUNCTION}]}, usage=usage(9, 1)),
        event({}, "tool_calls", usage=usage(9, 2)),
    ],
    "sglang: the index is the tool's place, the reason is an object": [
        piece(1, **FUNCTION),
        raw({"choices": [{"index": 0, "delta": {}, "finish_reason": {"type": "tool_calls", "matched": None}}]}),
    ],
    "groq: usage under x_groq": [piece(**FUNCTION), event({}, "tool_calls", x_groq={"usage": usage(9, 9)})],
    "azure: the first event has no choices": [
        raw({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
        piece(**FUNCTION),
        event({}, "tool_calls"),
    ],
    "an alias": [piece(**FUNCTION | {"name": "brave_search"}), event({}, "tool_calls")],
    "encoded twice": [piece(**FUNCTION | {"arguments": json.dumps(ARGUMENTS)}), event({}, "tool_calls")],
    "words beside the call": [event({"content": "One moment."}), piece(**FUNCTION), event({}, "tool_calls")],
    "vllm: the call leaks as text after words": [
        event({"content": "Let me see.\n\n"}),
        event({"content": CALL}),
        STOP,
    ],
    "mlx: type first, in the text": [event({"content": '{"type": "function", ' + CALL[1:]}), STOP],
    "vllm: special tokens are kept": [event({"content": f"<|python_tag|>{CALL}<|eom_id|>"}), STOP],
    "llama.cpp: the tag is dropped": [event({"content": 'brave_search.call(query="news today")'}), STOP],
    "freellmapi: a tag without its bracket": [event({"content": f"<function=web_search={ARGUMENTS}</function>"}), STOP],
    "3.3: a mixed dialect": [event({"content": '<|python_tag|>web_search(query="news today")'}), STOP],
}


@pytest.mark.parametrize("events", CALLED.values(), ids=CALLED)
async def test_a_call_is_run_however_the_server_sends_it(
    client: LlamaClient, fake_llama: FakeLlama, events: list[bytes]
) -> None:
    fake_llama.script(sends(*events, DONE), says("Llamas [1]."))
    tools = Tools()
    told = await answered(client, tools.bound(), QUESTION, aliases=ALIASES, native=True)
    assert (tools.calls, words(told)) == (FOUND, "Llamas [1].")
    assert not any(mark in shown(told) for mark in ("{", "<", "search"))


# With tools in their field, llama.cpp reads calls by a grammar and throws at all else. These are answers that it lost,
# as they are when it is told of tools in words.
TEXTS = {
    "code": "```c\nint main() { return 0; }\n```",
    "css": "body { color: red }",
    "json": '{"city": "Paris", "country": "France"}',
    "latex": "$$x_{1} + \\frac{a}{b}$$",
    "braces in words": "Write {x} here, or {{ y }}.",
}
BRACES = {
    "arguments in place of parameters": '{"name": "web_search", "arguments": {"query": "news today"}}',
    "parameters first": '{"parameters": {"query": "news today"}, "name": "web_search"}',
    "function in place of name": '{"function": "web_search", "parameters": {"query": "news today"}}',
    "two calls": f"{CALL}; {CALL}",
    "two calls in lines": f"{CALL}\n{CALL}",
    "words behind the call": f"{CALL}\n\nI will wait for the result.",
    "a function tag": f"<function=web_search>{ARGUMENTS}</function>",
    "pythonic": "[web_search(query='news today')]",
}


@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
async def test_an_answer_that_llama_cpp_would_lose_is_shown(
    client: LlamaClient, fake_llama: FakeLlama, said: str
) -> None:
    fake_llama.script(says(said, chunk="char"))
    told = await answered(client, Tools().bound(), QUESTION)
    assert (words(told), shown(told)) == (said, said)


@pytest.mark.parametrize("said", BRACES.values(), ids=BRACES)
async def test_a_call_that_llama_cpp_would_lose_is_run(client: LlamaClient, fake_llama: FakeLlama, said: str) -> None:
    fake_llama.script(says(said, chunk="char"), says("Llamas [1]."))
    tools = Tools()
    told = await answered(client, tools.bound(), QUESTION)
    assert set(map(str, tools.calls)) == set(map(str, FOUND))
    assert words(told) == "Llamas [1]."
    assert "query" not in shown(told)


LOST = raw({"error": {"code": 500, "message": "Failed to parse input at pos 12", "type": "server_error"}})


@pytest.mark.parametrize(
    "events",
    [
        [event({"content": "Here:\n\n```\nx "}), LOST],
        [event({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "web_search"}}]}), LOST],
        [piece(name="web_search", arguments='{"qu'), LOST],
    ],
    ids=["after words", "after the name of a call", "within a call"],
)
async def test_where_a_servers_own_parser_throws_the_person_gets_an_answer_all_the_same(
    client: LlamaClient, fake_llama: FakeLlama, events: list[bytes]
) -> None:
    fake_llama.script(sends(*events), says("```\nx { y }\n```"))
    tools = Tools()
    told = await answered(client, tools.bound(), QUESTION, native=True)
    assert (words(told), tools.calls) == ("```\nx { y }\n```", [])


# Models that call tools for everything, and without end.


@pytest.mark.parametrize("mode", [False, True], ids=["text", "native"])
@pytest.mark.parametrize(
    "said", [CALL, 'brave_search.call(query="Hello!")', '<function=web_search>{"query": "Hello"}</function>']
)
async def test_a_greeting_is_answered_though_the_model_calls_a_tool(
    client: LlamaClient, fake_llama: FakeLlama, said: str, mode: bool
) -> None:
    fake_llama.script(says(said), says("Hello!"))
    tools = Tools()
    told = await answered(client, tools.bound(), "hello", aliases=ALIASES, native=mode)
    assert (words(told), tools.calls) == ("Hello!", [])
    assert not any(may_call(request) for request in fake_llama.requests)


def may_call(request: Mapping[str, Any]) -> bool:
    """Whether the server may answer by a call; some are told of the tools also where none may be called."""
    return request.get("tool_choice", "none") != "none"


@pytest.mark.parametrize("mode", [False, True], ids=["text", "native"])
async def test_a_model_that_calls_for_ever_is_asked_three_times(
    client: LlamaClient, fake_llama: FakeLlama, mode: bool
) -> None:
    fake_llama.on("", says(CALL))
    with pytest.raises(EmptyAnswerError):
        await answered(client, Tools().bound(), QUESTION, native=mode)
    assert len(fake_llama.requests) == 3
    assert not may_call(fake_llama.requests[-1])


async def test_values_of_the_wrong_type_are_made_right_or_explained(client: LlamaClient, fake_llama: FakeLlama) -> None:
    fake_llama.script(
        sends(piece(name="web_search", arguments='{"query": 5}'), event({}, "tool_calls") + DONE), says("Five [1].")
    )
    tools = Tools()
    assert words(await answered(client, tools.bound(), QUESTION, native=True)) == "Five [1]."
    [search] = [tool for tool in TOOLS if tool.name == "web_search"]
    assert search.coerce(tools.calls[0][1]) == {"query": "5"}


# What is sent suits the strictest server.

FIELDS = {
    "model",
    "messages",
    "max_tokens",
    "temperature",
    "top_p",
    "stream",
    "stream_options",
    "stop",
    "tools",
    "tool_choice",
}


def complaint(body: dict[str, Any]) -> str:
    """What a strict server or template refuses in a request; nothing for a good one."""
    messages = body["messages"]
    turns = messages[1:] if messages[0]["role"] == "system" else messages
    wrong = {
        "unknown fields": body.keys() - FIELDS,
        "too many stops": body["stop"][4:],
        "no user first": [] if turns and turns[0]["role"] == "user" else turns[:1],
        "roles that do not alternate": [a for a, b in itertools.pairwise(turns) if a["role"] == b["role"]],
        "roles of tools": [one for one in turns if one["role"] not in ("user", "assistant")],
        "fields of calls": [one for one in messages if one.keys() != {"role", "content"}],
        "no words": [one for one in messages if not isinstance(one["content"], str) or not one["content"].strip()],
        "special tokens": [one for one in messages if "<|" in one["content"]],
        "an empty list": [body] if body.get("tools", [1]) == [] else [],
        "a choice without tools": [body] if ("tools" in body) != ("tool_choice" in body) else [],
        "a choice that loops": [body] if body.get("tool_choice", "auto") not in ("auto", "none") else [],
    }
    return ", ".join(name for name, found in wrong.items() if found)


def strict(answer: Answer) -> Answer:
    """A server that refuses what some server refuses."""

    async def play(exchange: Exchange) -> None:
        found = complaint(exchange.body)
        await (fails(400, {"error": {"message": f"strict: {found}"}}) if found else answer)(exchange)

    return play


@pytest.mark.parametrize("mode", [False, True], ids=["text", "native"])
@pytest.mark.parametrize(
    "said",
    [
        CALL,
        f"{CALL}; {CALL}",
        '{"name": "web_search", "parameters": {"query": "news", ]}',
        '{"name": "send_mail", "parameters": {}}',
        "<|python_tag|>import os",
    ],
    ids=["one call", "two calls", "a broken call", "an unoffered call", "code"],
)
async def test_a_turn_with_tools_has_nothing_that_any_template_refuses(
    client: LlamaClient, fake_llama: FakeLlama, mode: bool, said: str
) -> None:
    fake_llama.script(*map(strict, [says(said), says(CALL), says("Llamas [1].")]))
    told = await answered(client, Tools().bound(), QUESTION, native=mode)
    assert words(told) == "Llamas [1]."


def test_all_that_is_told_of_tools_are_words() -> None:
    """Groq refuses a description that is null."""
    for tool in native(TOOLS):
        function = tool["function"]
        assert function["description"]
        assert all(one["description"] for one in function["parameters"]["properties"].values())
    assert "null" not in text(TOOLS)


# Refusals, before the answer and within it.


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fails(503, {"error": {"message": "Loading model", "type": "unavailable_error"}}), ModelLoadingError),
        (
            fails(400, {"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 100}}),
            ContextTooLongError,
        ),
        (fails(404, {"error": {"message": 'model "llama3.9" not found, try pulling it first'}}), ModelNotFoundError),
        (fails(404, {"error": {"message": "gone", "code": "model_not_found"}}), ModelNotFoundError),
        (fails(429, {"error": {"message": "slow down", "type": "dynamic_request_limited"}}), RateLimitedError),
        (fails(429, {"error": {"message": "slow down", "type": "dynamic_token_limited"}}), RateLimitedError),
        (fails(503, {"error": {"message": "The platform is full"}}), RateLimitedError),
        (fails(500, {"error": "no user query found"}), LlamaServerError),
        (fails(404, {"detail": "Not Found"}), LlamaServerError),
        (fails(401, {"title": "Unauthorized", "detail": "bad key", "status": 401}), NotAllowedError),
        (sends(event({"content": "Half"}), event({})), CutOffError),
        (sends(event({})), EmptyAnswerError),
        (sends(raw({"event": {"event_type": "start", "delta": {"type": "text", "text": "Hi"}}})), EmptyAnswerError),
    ],
    ids=[
        "llama.cpp: loading",
        "llama.cpp: the context is full",
        "ollama: not pulled",
        "groq: the model is gone",
        "together: requests",
        "together: tokens",
        "together: full",
        "ollama: half of the window lost",
        "llama stack: the older address",
        "meta: its own form",
        "ollama: an error in mid-answer is an empty event",
        "ollama: an error at once is an empty event",
        "meta: events of its own",
    ],
)
async def test_what_a_server_cannot_do_has_its_sentence(
    fake_llama: FakeLlama, client: LlamaClient, answer: Answer, error: type[AssistantError], monkeypatch: Any
) -> None:
    monkeypatch.setattr("assistant.llama.deadlines.LOADING_RETRY_SECONDS", 200.0)
    monkeypatch.setattr("assistant.llama.deadlines.RETRY_SECONDS", ())
    fake_llama.on("", answer)
    with pytest.raises(error) as raised:
        await answered(client, Tools().bound(), QUESTION)
    assert type(raised.value) is error
