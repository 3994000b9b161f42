"""A turn has bounds of time and tokens, and ends at once when the person stops it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from assistant import budget, engine
from assistant.budget import TurnBudget
from assistant.doorbell import Doorbell
from assistant.engine import History, Means
from assistant.events import Event
from assistant.fetch.fetcher import FetchOptions
from assistant.limits import Limits
from assistant.llama.client import LlamaClient
from assistant.llama.errors import AnswerTimeout
from assistant.llama.messages import ChatMessage
from assistant.llama.options import LlamaOptions
from assistant.llama.tokens import estimate
from assistant.pages.library import Library
from assistant.sources import Reading, Source
from assistant.tools import toolbox
from assistant.tools.base import BoundTool, Told, Work
from assistant.tools.kit import Kit
from assistant.tools.web_search import web_search
from assistant.websearch.options import SearchOptions
from assistant.websearch.search import WebSearch
from tests.fake_llama import FakeLlama, Gate, says
from tests.fake_site import Answer, FakeSite, fake_site, response
from tests.servers import Valkey, soon
from tests.turns import said, words

CALL = json.dumps({"name": "web_search", "parameters": {"query": "llamas"}})
ANSWER = "Llamas crossed the Andes today."
QUESTION = "What is new of llamas today?"
LONG = " ".join(f"Llama number {number} crossed the Andes today." for number in range(3000))


async def search(arguments: Mapping[str, Any]) -> Work:
    for number in range(3):
        yield Reading(Source(f"https://{number}.example/", f"News {number}"), LONG)
    yield Told("The pages that were read are quoted below.")


def turn(client: LlamaClient, into: list[Event], tools: Mapping[str, BoundTool] | None = None) -> asyncio.Task[None]:
    means = Means(client, tools or {"web_search": search}, [web_search])

    async def answer() -> None:
        async for event in engine.answer(means, "Chaski", History(said(QUESTION)), None):
            into.append(event)

    return asyncio.create_task(answer())


def offered(llama: FakeLlama) -> list[bool]:
    """Whether tools were offered in each request."""
    return ["You have tools" in json.dumps(request["messages"]) for request in llama.requests]


async def test_all_rounds_of_a_turn_share_the_time_of_one_answer(fake_llama: FakeLlama) -> None:
    client, events = LlamaClient(LlamaOptions(url=fake_llama.url, answer_seconds=2)), list[Event]()
    fake_llama.script(says(CALL, wait=1.2), says(ANSWER, pace=0.3))
    with pytest.raises(AnswerTimeout):
        await turn(client, events)
    assert words(events).startswith("Llamas")
    assert words(events) != ANSWER
    await client.close()


async def test_after_a_while_nothing_more_is_looked_up(
    client: LlamaClient, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_llama.script(says(CALL, wait=0.1), says("Llamas crossed the Andes [1]."))
    monkeypatch.setattr(budget, "LOOK_UP_SECONDS", 0.1)
    events: list[Event] = []
    await turn(client, events)
    assert offered(fake_llama) == [True, False]
    assert words(events) == "Llamas crossed the Andes [1]."


async def test_after_many_tokens_nothing_more_is_looked_up(
    client: LlamaClient, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_llama.script(says(CALL), says("Llamas crossed the Andes [1]."))
    monkeypatch.setattr(budget, "LOOK_UP_TOKENS", 50)
    await turn(client, [])
    assert offered(fake_llama) == [True, False]


async def test_a_turn_of_three_rounds_reads_no_more_than_three_contexts(fake_llama: FakeLlama) -> None:
    context = 4096
    client = LlamaClient(LlamaOptions(url=fake_llama.url, context=context, max_tokens=512))
    fake_llama.script(says(CALL), says(CALL), says("Llamas crossed the Andes [1]."))
    await turn(client, [])
    sizes = [
        estimate([ChatMessage(one["role"], one["content"]) for one in request["messages"]]) + request["max_tokens"]
        for request in fake_llama.requests
    ]
    assert len(sizes) == 3
    assert max(sizes) <= context
    await client.close()


def test_the_wait_in_the_queue_takes_nothing_from_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(budget, "monotonic", lambda: now)
    own = TurnBudget(70)
    now += 500
    own.note_wait(495)
    assert own.seconds_left == 65
    assert own.may_look_up
    now += 60
    assert own.seconds_left == 5
    assert not own.may_look_up
    now += 60
    assert own.seconds_left == 0


# Stopped


class Dripping:
    """An answer without end, and whether its connection is open."""

    def __init__(self, kind: str) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self._head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode()

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head)
        self.begun.set()
        with suppress(OSError):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        self.ended.set()


class ByPath(dict[str, Answer]):
    """Answers whatever the query of an address is."""

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path.partition("?")[0], default)


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as site:
        site.answers = ByPath()
        yield site


@pytest.fixture
async def tools(valkey: Valkey, site: FakeSite) -> AsyncIterator[Mapping[str, BoundTool]]:
    """The real tools, with `site` as engine and as the only page."""
    valkey.forget_all("websearch:*", "cache:*", "pages:*")
    redis, limits = Redis.from_url(valkey.url), Limits(valkey.url)
    web = WebSearch(redis, SearchOptions(("searxng",), 5, "Chaski", searxng_url=site.url("")))
    async with Library(redis, limits, FetchOptions("Chaski", frozenset([site.address()]))) as library:
        yield toolbox.bound(Kit(uuid4(), redis, Doorbell(valkey.url), web, library, limits))
    await web.close()
    await limits.close()
    await redis.aclose()


def results(site: FakeSite) -> bytes:
    found = [{"title": "News", "url": site.url("/page"), "content": "Llamas.", "engine": "scripted"}]
    return response(json.dumps({"query": "", "results": found, "unresponsive_engines": []}), "application/json")


async def stopped(task: asyncio.Task[None]) -> None:
    """Stop the turn, which must end within a second."""
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@pytest.mark.parametrize("under_way", ["the search", "a page", "the answer"])
async def test_whatever_is_under_way_ends_with_the_turn_that_is_stopped(
    client: LlamaClient, fake_llama: FakeLlama, site: FakeSite, tools: Mapping[str, BoundTool], under_way: str
) -> None:
    drips = Dripping("application/json" if under_way == "the search" else "text/html")
    site.answers["/search"] = drips if under_way == "the search" else results(site)
    site.answers["/page"] = drips if under_way == "a page" else response(f"<p>{LONG[:2000]}</p>")
    gate = Gate()
    gate.let(1)
    fake_llama.script(says(CALL), says(ANSWER, gate=gate))
    events: list[Event] = []
    task = turn(client, events, tools)
    if under_way == "the answer":
        await fake_llama.until(lambda counts: counts.requests == 2, 20)
        await soon(lambda: words(events))
        await stopped(task)
        await fake_llama.until(lambda counts: counts.closed_by_client == 1, 1)
    else:
        async with asyncio.timeout(20):
            await drips.begun.wait()
        await stopped(task)
        async with asyncio.timeout(1):
            await drips.ended.wait()
        assert len(fake_llama.requests) == 1
    assert fake_llama.open_streams == 0
