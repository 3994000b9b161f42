"""What the operator is told about a model server."""

import json
from collections.abc import Callable, Iterator

import pytest

from assistant.llama.checkup import STOP_WORD, SYSTEM_WORD, Report, check
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_trial import BY_KIND, NAME, ToolMode
from tests.fake_llama import DONE, Answer, Exchange, FakeLlama, event, fails, says, sends, usage
from web.management.commands.llama import rows

COUNTED = "one two three four five six seven"


@pytest.fixture
def server() -> Iterator[FakeLlama]:
    with FakeLlama() as server:
        server.default = good()
        yield server


def good(
    stops: bool = True, hears: bool = True, streams: bool = True, counts: bool = True, refuses_system: bool = False
) -> Answer:
    """A server that lacks some of what it should do."""

    async def play(exchange: Exchange) -> None:
        messages = exchange.body["messages"]
        if messages[0]["role"] == "system":
            if refuses_system:
                return await fails(400, {"error": {"message": "System role not supported"}})(exchange)
            text = SYSTEM_WORD if hears else "I do not know."
        elif NAME in messages[-1]["content"]:
            text = json.dumps({"name": NAME, "parameters": {"room": 12}})
        elif "Count" in messages[-1]["content"]:
            is_stopped = stops and STOP_WORD in exchange.body["stop"]
            text = COUNTED.partition(f" {STOP_WORD}")[0] if is_stopped else COUNTED
        else:
            text = "Hello"
        if not streams:
            whole = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
            return await sends(json.dumps(whole).encode(), kind="application/json")(exchange)
        deltas = [event({"content": word}) for word in text.replace(" ", "\0 ").split("\0")]
        end = event({}, "stop") + event(None, usage=usage(40 if counts else 1, 5)) + DONE
        return await sends(*deltas, end)(exchange)

    return play


async def report_of(server: FakeLlama, tools: ToolMode | None = None, **options: object) -> Report:
    return await check(LlamaOptions(server.url, **options), tools)  # type: ignore[arg-type]


async def test_a_good_server_needs_no_advice(server: FakeLlama) -> None:
    report = await report_of(server)
    assert report.advice == []
    assert dict(rows(report)) == {
        "Server": f"127.0.0.1:{server.port}",
        "Kind": "llama.cpp",
        "Model": "fake-llama",
        "Models": "fake-llama",
        "Context": "8192 tokens",
        "First word": f"after {report.first_seconds:.2f} s",
        "Streams": "yes",
        "Heeds stop": "yes",
        "Counts tokens": "yes",
        "System text": "yes",
        "Tools": f"text: {BY_KIND}",
    }


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (good(stops=False), "`stop`"),
        (good(hears=False), "system text"),
        (good(refuses_system=True), "system text"),
        (good(counts=False), "count"),
        (good(streams=False, counts=False), "one piece"),
    ],
)
async def test_each_thing_that_a_server_lacks_is_one_sentence(server: FakeLlama, answer: Answer, word: str) -> None:
    server.default = answer
    advice = (await report_of(server)).advice
    assert any(word in sentence for sentence in advice)
    assert all(sentence.endswith(".") and "  " not in sentence for sentence in advice)


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda server: server.stop(), "LLAMA_URL"),
        (lambda server: setattr(server, "key", "right"), "LLAMA_KEY"),
        (lambda server: setattr(server, "default", fails(404, {"error": {"code": "model_not_found"}})), "LLAMA_MODEL"),
        (lambda server: setattr(server, "default", fails(500)), "log"),
        (lambda server: setattr(server, "default", fails(404, {"detail": "Not Found"})), "/v1/openai/v1"),
        (lambda server: setattr(server, "default", sends(b"<html></html>", kind="text/html")), "LLAMA_URL"),
        (lambda server: server.pages.update({"/props": (404, {})}), "LLAMA_CONTEXT"),
        (lambda server: server.pages.update({"/v1/models": (404, {})}), "LLAMA_MODEL"),
    ],
)
async def test_what_stands_in_the_way_is_named_with_its_remedy(
    server: FakeLlama, prepare: Callable[[FakeLlama], None], word: str
) -> None:
    prepare(server)
    assert word in " ".join((await report_of(server)).advice)


async def test_a_name_that_is_not_listed_is_noticed(server: FakeLlama) -> None:
    assert "does not list other" in (await report_of(server, model="other")).advice[0]


NO_CALLS = says("I cannot know that.")
MADE_UP = says("It is 4711.")


@pytest.mark.parametrize(
    ("tools", "answer", "row", "advice"),
    [
        (None, NO_CALLS, "text: the model called no tool", "Set LLAMA_TOOLS=off if"),
        (None, MADE_UP, "off: the model made up", "Use a model that was trained to call tools"),
        ("text", MADE_UP, "text, as the settings say", "LLAMA_TOOLS is text, but the model made up"),
        ("native", None, "native, as the settings say", "LLAMA_TOOLS is native, but llama.cpp can lose answers"),
        ("text", None, "text, as the settings say", ""),
        ("off", MADE_UP, "off, as the settings say", ""),
    ],
)
async def test_the_operator_reads_how_tools_are_told_of_and_why(
    server: FakeLlama, tools: ToolMode | None, answer: Answer | None, row: str, advice: str
) -> None:
    if answer:
        server.on(NAME, answer)
    report = await report_of(server, tools)
    assert dict(rows(report))["Tools"].startswith(row)
    assert " ".join(report.advice).startswith(advice)
    assert len(report.advice) == bool(advice)
