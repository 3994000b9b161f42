"""A server that we did not write, OGX (before: Llama Stack), between the client and two model servers.

Behind it are the embedded server with its real model, and a scripted one. Skipped where there is no OGX: it wants
Python 3.12 and an environment of its own, see CONTRIBUTING.md.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from assistant.llama.checkup import check
from assistant.llama.client import LlamaClient
from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    FirstTokenTimeout,
    LlamaError,
    LlamaServerError,
    ModelNotFoundError,
    NotAllowedError,
    RefusalError,
)
from assistant.llama.messages import ChatMessage, Delta, Finish
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_trial import NAME, try_tools
from tests.fake_llama import (
    DONE,
    Answer,
    FakeLlama,
    error_in_stream,
    event,
    fails,
    says,
    sends,
    silent,
    stalls,
    thinks,
    usage,
)
from tests.ports import free_port
from tests.servers import eventually
from web.local import llama
from web.local.process import Child
from web.management.commands.llama import rows

OGX = os.environ.get("OGX") or shutil.which("ogx")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not OGX, reason="OGX is not installed, see CONTRIBUTING.md")]

SCRIPTED = "scripted/fake-llama"
EMBEDDED = "embedded/SmolLM2-135M-Instruct"
CONFIG = """
version: 2
distro_name: tests
apis: [inference]
providers:
  inference:
  - provider_id: scripted
    provider_type: remote::vllm
    config: {{base_url: "{scripted}", api_token: none}}
  - provider_id: embedded
    provider_type: remote::llama-cpp-server
    config: {{base_url: "{embedded}", api_key: "{key}"}}
storage:
  backends:
    kv_default: {{type: kv_sqlite, db_path: "{folder}/kv.db"}}
    sql_default: {{type: sql_sqlite, db_path: "{folder}/sql.db"}}
  stores:
    metadata: {{namespace: registry, backend: kv_default}}
    inference: {{table_name: inference_store, backend: sql_default, enabled: false}}
registered_resources: {{models: []}}
server: {{port: {port}, host: 127.0.0.1}}
"""


@pytest.fixture(scope="module")
def ogx(llama_server: FakeLlama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of OGX, in front of both."""
    folder, port = tmp_path_factory.mktemp("ogx"), free_port()
    (folder / "log").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    embedded = llama.llama(llama.choose("", folder, lambda *_: None), folder, dict(os.environ))
    config = folder / "run.yaml"
    config.write_text(
        CONFIG.format(scripted=llama_server.url, embedded=embedded.url, key=embedded.key, folder=folder, port=port)
    )
    url = f"http://127.0.0.1:{port}/v1"
    front = Child(
        name="OGX",
        command=[str(Path(OGX or "").resolve()), "run", "--insecure", str(config)],
        environment=environment,
        folder=folder,
        log=folder / "ogx.log",
        is_ready=lambda: lists_both(url),
    )
    try:
        for child in (embedded.child, front):
            child.start()
            eventually(lambda child=child: child.check() or child.is_ready(), 120)  # type: ignore[misc]
        yield url
    finally:
        front.kill()
        embedded.child.kill()


def lists_both(url: str) -> bool:
    try:
        listed = httpx.get(f"{url}/models", timeout=10, trust_env=False).text
    except httpx.TransportError:
        return False
    return SCRIPTED in listed and EMBEDDED in listed


@pytest.fixture
def at(ogx: str, connect: Callable[..., LlamaClient]) -> Callable[..., LlamaClient]:
    """Makes a client of OGX, for one of the models behind it."""

    class Front:
        url = ogx

    return lambda model=SCRIPTED, **options: connect(Front, model=model, **options)


async def ask(client: LlamaClient, words: str = "Hello", tools: bool = False) -> tuple[str, Finish | LlamaError]:
    text = ""
    offered = [{"type": "function", "function": {"name": "web_search", "parameters": {"type": "object"}}}]
    try:
        async for part in client.stream([ChatMessage("user", words)], tools=offered if tools else ()):
            match part:
                case Delta(piece):
                    text += piece
                case Finish():
                    return text, part
    except LlamaError as error:
        return text, error
    return pytest.fail("the answer had no end")


async def test_the_embedded_model_answers_through_it(at: Callable[..., LlamaClient]) -> None:
    text, end = await ask(at(EMBEDDED, max_tokens=40), "Say hello.")
    assert text.strip()
    assert isinstance(end, Finish)
    assert end.pieces > 1
    assert end.model == EMBEDDED
    assert end.prompt_tokens
    assert end.prompt_tokens > 5


async def test_the_operator_reads_what_it_is(ogx: str) -> None:
    report = await check(LlamaOptions(ogx, model=EMBEDDED))
    found = dict(rows(report))
    assert (found["Kind"], found["Streams"], report.error) == ("OGX (Llama Stack)", "yes", None)
    assert any("LLAMA_CONTEXT" in sentence for sentence in report.advice)


CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "web_search", "arguments": '{"query": "x"}'}}
IN_FIELDS = [
    event({"content": None, "tool_calls": [CALL]}),
    event({}, "tool_calls"),
    event(None, usage=usage(9, 9)),
    DONE,
]
GONE = {"error": {"message": "The model `x` does not exist", "type": "NotFoundError", "code": 404}}


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        (says("Use {x} or \\frac{a}{b}."), "Use {x} or \\frac{a}{b}.", Finish),
        (says("Half", reason="length"), "Half", Finish),
        (says("Half", reason="content_filter"), "Half", RefusalError),
        (says("Hi<|eot_id|>", chunk="all"), "Hi", Finish),
        (thinks("Let me think.", "Yes."), "Yes.", Finish),
        (fails(401), "", NotAllowedError),
        (fails(404, GONE), "", ModelNotFoundError),
        (error_in_stream("Half of it"), "Half of it", LlamaServerError),
        (sends(event({"content": "Half"})), "Half", CutOffError),
    ],
)
async def test_what_a_model_server_says_comes_through(
    llama: FakeLlama, at: Callable[..., LlamaClient], answer: Answer, text: str, expected: type
) -> None:
    llama.script(answer)
    said, end = await ask(at())
    assert (said, type(end)) == (text, expected)


async def test_a_prompt_that_is_too_long_is_sent_again_shorter(
    llama: FakeLlama, at: Callable[..., LlamaClient]
) -> None:
    refusal = {"object": "error", "message": "This model's maximum context length is 2048 tokens.", "code": 400}
    llama.script(fails(400, refusal), says("Now it fits."))
    assert (await ask(at()))[0] == "Now it fits."


async def test_too_much_for_the_embedded_model_is_too_long(at: Callable[..., LlamaClient]) -> None:
    _, end = await ask(at(EMBEDDED, context=100_000), "why " * 9000)
    assert isinstance(end, ContextTooLongError)


async def test_a_call_in_fields_comes_through(llama: FakeLlama, at: Callable[..., LlamaClient]) -> None:
    llama.script(sends(*IN_FIELDS))
    text, end = await ask(at(), tools=True)
    assert isinstance(end, Finish)
    assert (text, end.tool_calls[0]["function"]) == ("", CALL["function"])
    assert llama.requests[0]["tool_choice"] == "auto"


async def test_the_trial_finds_what_the_server_behind_it_can_do(
    llama: FakeLlama, at: Callable[..., LlamaClient]
) -> None:
    function = {"name": NAME, "arguments": '{"room": 12}'}
    called = sends(event({"tool_calls": [CALL | {"function": function}]}), event({}, "tool_calls") + DONE)
    client = at()
    kind = (await client.backend()).kind
    llama.script(called, says('```json\n{"city": "Paris"}\n```'))
    assert (await try_tools(client, kind)).mode == "native"
    llama.script(called, error_in_stream("```json\n"))
    assert (await try_tools(client, kind)).mode == "text"


@pytest.mark.parametrize("answer", [silent(), stalls("Once upon")], ids=["silent", "stalls"])
async def test_who_stops_waiting_stops_the_model_behind_it(
    llama: FakeLlama, at: Callable[..., LlamaClient], answer: Answer
) -> None:
    llama.script(answer)
    _, end = await ask(at(first_token_seconds=1, silence_seconds=1))
    assert isinstance(end, FirstTokenTimeout | LlamaError)
    await llama.until(lambda counts: counts.closed_by_client == 1)
