"""Whole answers, where the way in which the model is told of tools is found by a trial of its server.

The server plays a Llama 3.1 that calls tools as it is told of them, or cannot call any.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from assistant import conversations, people
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.llama.tool_trial import BRACES, NAME, QUESTION
from assistant.models import Run
from assistant.runtime import Runtime
from tests.fake_llama import DONE, Answer, Exchange, FakeLlama, event, fails, says, sends
from tests.fake_web import FakePage, FakeWeb
from tests.servers import Valkey, soon

NEWS = FakePage(
    "/llamas", "Llamas cross the Andes", ("A caravan of two hundred llamas crossed the Andes today, as in old times.",)
)
QUESTIONS = {
    "What happened in the world today?": ("web_search", {"query": "world news today"}),
    "Which is greater, 9.11 or 9.9?": ("calculate", {"expression": "9.11 or 9.9"}),
}
MODES = ("native", "text", "off")


def call(name: str, arguments: dict[str, object], *, in_fields: bool) -> Answer:
    if not in_fields:
        return says(json.dumps({"name": name, "parameters": arguments}))
    function = {"name": name, "arguments": json.dumps(arguments)}
    return sends(event({"tool_calls": [{"index": 0, "id": "c1", "function": function}]}), event({}, "tool_calls"), DONE)


def llama(mode: str) -> Answer:
    """A server whose model can be told of tools in that way."""

    def answer(body: dict[str, object], words: str) -> Answer:
        in_fields, in_words = "tools" in body, "You have tools" in words
        if in_fields and mode != "native":
            return fails(400, {"error": {"message": "llama3.1 does not support tools"}})
        if BRACES in words:
            return says('```json\n{"city": "Paris"}\n```')
        if QUESTION in words:
            return says("It is 4711.") if mode == "off" else call(NAME, {"room": 12}, in_fields=in_fields)
        if "crossed the Andes" in words:
            return says("A caravan of llamas crossed the Andes [1].")
        if "9.9 is larger" in words:
            return says("9.9 is greater, by 0.79.")
        for question, called in QUESTIONS.items():
            if question in words and (in_fields or in_words):
                return call(*called, in_fields=in_fields)
        return says("How long, and where?" if "trip" in words else "Hello!")

    async def play(exchange: Exchange) -> None:
        words = exchange.body["messages"][-1]["content"]
        await answer(exchange.body, words)(exchange)

    return play


@pytest.fixture
def server() -> Iterator[FakeLlama]:
    with FakeLlama() as server:
        server.pages["/v1/models"] = (200, {"data": [{"id": "llama-3.1", "owned_by": "vllm", "max_model_len": 8192}]})
        yield server


@asynccontextmanager
async def answering(settings: Settings, valkey: Valkey, server: FakeLlama, web: FakeWeb) -> AsyncIterator[Answering]:
    """A process that has tried the server."""
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_TOOLS = valkey.url, server.url, "auto"
    settings.SEARCH_ENGINES, settings.SEARXNG_URL, settings.FETCH_ALLOWED = ["searxng"], web.url, [web.address]
    async with Runtime() as runtime:
        assert runtime.usual.tool_choice._trying
        await asyncio.wait([runtime.usual.tool_choice._trying], timeout=10)
        server.requests.clear()
        process = Answering(runtime)
        yield process
        await process.drain(10)


@in_thread
def make_run(question: str) -> UUID:
    # A temporary conversation is given no title.
    return conversations.say(people.make_guest(), None, question, uuid4(), temporary=True).run.id


async def answer(answering: Answering, question: str) -> tuple[str, list[str]]:
    """The answer to a question, and the addresses that it cites."""
    run_id = await make_run(question)
    answering.start(run_id)
    await soon(lambda: Run.objects.filter(id=run_id).exclude(status=Run.Status.RUNNING).exists())
    run = await Run.objects.select_related("answer").aget(id=run_id)
    return run.answer.text, [source["url"] for source in run.sources or []]


@pytest.mark.parametrize("mode", MODES)
async def test_a_site_finds_how_its_model_calls_tools_and_answers(
    settings: Settings, valkey: Valkey, fake_web: FakeWeb, server: FakeLlama, mode: str
) -> None:
    server.default = llama(mode)
    fake_web.finds(NEWS)
    async with answering(settings, valkey, server, fake_web) as process:
        assert await process.runtime.usual.tool_choice.mode() == mode
        news, cited = await answer(process, "What happened in the world today?")
        greater, _ = await answer(process, "Which is greater, 9.11 or 9.9?")
        assert (await answer(process, "hello"))[0] == "Hello!"
        assert "?" in (await answer(process, "Plan a weekend trip"))[0]
    # Without tools, what needs them is seen by the question.
    assert news == "A caravan of llamas crossed the Andes [1]."
    assert cited == [f"{fake_web.url}/llamas"]
    assert greater == "9.9 is greater, by 0.79."
    told = json.dumps(server.requests)
    assert (any("tools" in request for request in server.requests), "You have tools" in told) == {
        "native": (True, False),
        "text": (False, True),
        "off": (False, False),
    }[mode]
