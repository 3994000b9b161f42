"""How the model is told of tools: tried on servers of each kind, and chosen for a process."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistant.llama import tool_choice
from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_choice import ToolChoice
from assistant.llama.tool_trial import NAME, try_tools
from tests.fake_llama import DONE, Answer, FakeLlama, event, fails, hangs, says, sends

Connect = Callable[..., LlamaClient]
IN_FIELDS = sends(
    event({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": NAME, "arguments": '{"room": 12}'}}]}),
    event({}, "tool_calls") + DONE,
)
IN_TEXT = says(json.dumps({"name": NAME, "parameters": {"room": 12}}))
BUILT_IN = says(f"<|python_tag|>{NAME}.call(room=12)<|eom_id|>")
IN_BRACES = says('```json\n{"city": "Paris", "country": "France"}\n```')
AT_THE_BRACE = sends(
    event({"content": "```json\n"}),
    b'data: {"error": {"code": 500, "message": "Failed to parse input at pos 8: {", "type": "server_error"}}\n\n',
)
WORDS = says("I cannot know that.")
MADE_UP = says("The code of the door is 4711.")
NO_TOOLS = fails(400, {"error": {"message": "registry.ollama.ai/library/llama3:latest does not support tools"}})
NO_PARSER = fails(
    400, {"object": "error", "message": '"auto" tool choice requires --enable-auto-tool-choice to be set', "code": 400}
)
NO_ENDPOINT = fails(404, {"error": {"message": "No endpoints found that support tool use.", "code": 404}})
NO_USE = fails(
    400, {"error": {"code": "tool_use_failed", "message": "Failed to call a function.", "failed_generation": "<"}}
)
TOO_LONG = fails(400, {"error": {"message": "maximum context length is 128 tokens", "code": 400}})
THOUGHT = sends(event({"reasoning_content": "Let me see"}), event({}, "length") + DONE)
NOTHING = sends(event({"content": ""}), event({}, "stop") + DONE)


@pytest.fixture
def server() -> Iterator[FakeLlama]:
    """A server of no known kind, whose script a test may change."""
    with FakeLlama() as server:
        server.pages["/v1/models"] = (200, {"data": [{"id": "llama-3.1", "context_length": 8192}]})
        yield server


@pytest.mark.parametrize(
    ("answers", "mode", "reason"),
    [
        ([IN_FIELDS, IN_BRACES], "native", "reads the calls"),
        ([IN_FIELDS, WORDS], "native", "reads the calls"),
        ([IN_FIELDS, AT_THE_BRACE], "text", "braces"),
        ([IN_TEXT], "text", "read from the text"),
        ([BUILT_IN], "text", "read from the text"),
        ([NO_TOOLS, IN_TEXT], "text", "read from the text"),
        ([NO_PARSER, IN_TEXT], "text", "read from the text"),
        ([NO_ENDPOINT, IN_TEXT], "text", "read from the text"),
        ([NO_USE, IN_TEXT], "text", "read from the text"),
        ([fails(500), IN_TEXT], "text", "read from the text"),
        ([NOTHING, IN_TEXT], "text", "read from the text"),
        ([WORDS, IN_TEXT], "text", "read from the text"),
        ([WORDS, says('{"name": "web_search", "parameters": {"query": "door"}}')], "text", "read from the text"),
        ([WORDS, WORDS], "text", "called no tool"),
        ([MADE_UP, MADE_UP], "off", "made up"),
        ([WORDS, says(f'{{"name": "{NAME}", "parameters": {{"room": twelve}}}}')], "off", "cannot be read"),
        ([WORDS, fails(500)], "off", "no answer"),
        ([WORDS, TOO_LONG], "off", "no room"),
        ([WORDS, THOUGHT], "text", "no end"),
        ([WORDS, says("I think", reason="length")], "text", "no end"),
        ([fails(401)], "text", "no end"),
    ],
)
async def test_a_server_is_asked_two_tiny_questions_at_most(
    server: FakeLlama, connect: Connect, answers: list[Answer], mode: str, reason: str
) -> None:
    server.script(*answers)
    found = await try_tools(connect(server), "unknown")
    assert (found.mode, len(server.requests)) == (mode, len(answers))
    assert reason in found.reason
    assert found.advice == "" or found.advice.endswith(".")


async def test_llama_cpp_is_never_asked_to_read_calls_itself(server: FakeLlama, connect: Connect) -> None:
    server.script(IN_TEXT)
    found = await try_tools(connect(server), "llamacpp")
    assert (found.mode, len(server.requests)) == ("text", 1)
    assert "braces" in found.reason
    assert "tools" not in server.requests[0]
    assert NAME in server.requests[0]["messages"][-1]["content"]


def tools_were_offered(body: dict[str, Any]) -> str:
    """How a request tells the model of tools."""
    if "tools" in body:
        return "native"
    return "text" if NAME in json.dumps(body["messages"]) else "off"


@asynccontextmanager
async def choice_for(server: FakeLlama, setting: str = "auto", is_demo: bool = False) -> AsyncIterator[ToolChoice]:
    options = LlamaOptions(server.url)
    client = LlamaClient(options)
    try:
        async with ToolChoice(client, options, setting, is_demo=is_demo) as choice:
            yield choice
    finally:
        await client.close()


async def tried(choice: ToolChoice) -> None:
    """The trial under way has ended."""
    assert choice._trying
    async with asyncio.timeout(5):
        await asyncio.wait([choice._trying])


async def test_a_process_finds_the_mode_at_its_start_and_asks_no_more(server: FakeLlama) -> None:
    server.script(IN_FIELDS, IN_BRACES)
    async with choice_for(server) as choice:
        await tried(choice)
        assert await choice.mode() == "native"
        for _ in range(3):
            with choice.answering():
                assert await choice.mode() == "native"
    assert [tools_were_offered(body) for body in server.requests] == ["native", "native"]
    assert all(body["max_tokens"] <= 200 and body["temperature"] == 0 for body in server.requests)


@pytest.mark.parametrize(
    ("setting", "is_demo", "mode"),
    [("native", False, "native"), ("text", True, "text"), ("off", False, "off"), ("auto", True, "off")],
)
async def test_what_is_set_needs_no_trial(server: FakeLlama, setting: str, is_demo: bool, mode: str) -> None:
    async with choice_for(server, setting, is_demo) as choice:
        with choice.answering():
            assert await choice.mode() == mode
    assert server.requests == []


async def test_nobody_waits_for_a_trial_and_it_steps_aside_for_an_answer(server: FakeLlama) -> None:
    server.script(hangs(), IN_FIELDS, IN_BRACES)
    async with choice_for(server) as choice:
        await server.until(lambda counts: counts.requests == 1)
        with choice.answering():
            async with asyncio.timeout(0.5):
                assert await choice.mode() == "text"
            await server.until(lambda counts: counts.closed_by_client == 1)
            assert len(server.requests) == 1
        await tried(choice)
        assert await choice.mode() == "native"


async def test_a_server_that_is_never_idle_is_tried_all_the_same(server: FakeLlama) -> None:
    server.default = hangs()
    async with choice_for(server) as choice:
        with choice.answering():
            await asyncio.sleep(0)
            server.script(IN_FIELDS, IN_BRACES)
            for _ in range(tool_choice.MOST_DELAYS):
                with choice.answering():
                    pass
            await tried(choice)
            assert await choice.mode() == "native"


async def test_another_model_is_tried_anew(server: FakeLlama) -> None:
    server.script(IN_FIELDS, IN_BRACES)
    async with choice_for(server) as choice:
        await tried(choice)
        assert await choice.mode() == "native"
        server.pages["/v1/models"] = (200, {"data": [{"id": "llama-3", "context_length": 8192}]})
        choice._client._known.invalidate()
        server.script(NO_TOOLS, MADE_UP)
        with choice.answering():
            assert await choice.mode() == "text"
        await tried(choice)
        assert await choice.mode() == "off"


async def test_a_server_that_was_away_is_tried_again_later(server: FakeLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_choice, "RETRY_SECONDS", 0.0)
    server.stop()
    async with choice_for(server) as choice:
        await tried(choice)
        assert await choice.mode() == "text"
        server.start()
        server.script(IN_FIELDS, IN_BRACES)
        with choice.answering():
            pass
        await tried(choice)
        assert await choice.mode() == "native"


async def test_a_server_that_fails_in_an_answer_is_not_trusted_again(server: FakeLlama) -> None:
    server.script(IN_FIELDS, IN_BRACES)
    async with choice_for(server) as choice:
        await tried(choice)
        assert await choice.mode() == "native"
        choice.native_failed()
        assert await choice.mode() == "text"


async def test_a_trial_ends_with_its_process(server: FakeLlama) -> None:
    server.default = hangs()
    async with choice_for(server):
        await server.until(lambda counts: counts.requests == 1)
    await server.until(lambda counts: counts.closed_by_client == 1)
