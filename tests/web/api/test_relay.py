"""The way of an answer to a program: what is sent while nothing comes, and what ends it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest

from assistant import api_keys
from assistant.database import in_thread
from assistant.errors import AssistantError, InvalidKeyError
from assistant.events import Event, ReasoningDelta, SourcesFound, TextDelta, TextReplaced, TurnFinished
from assistant.llama.errors import CutOffError
from assistant.models import ApiKey
from tests.clients import make_account
from web.api import relay, stream
from web.api.completion import Completion
from web.api.relay import Relay
from web.api.stream import begin


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.05)


@in_thread
def new_key() -> ApiKey:
    return api_keys.known(api_keys.make(make_account(), "A script", None, uuid4()))


def completion() -> Completion:
    return Completion(uuid4(), 0)


async def heard(pieces: Any) -> str:
    return "".join([piece.decode() async for piece in pieces])


def deltas(text: str) -> list[str]:
    values = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    choices = [choice for value in values for choice in value.get("choices", ())]
    return [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")]


@pytest.mark.usefixtures("short_pauses")
async def test_comments_are_sent_while_the_model_says_nothing_or_thinks() -> None:
    go_on = asyncio.Event()

    async def events() -> AsyncGenerator[Event, None]:
        yield TextDelta("One")
        for _ in range(20):
            await asyncio.sleep(0.01)
            yield ReasoningDelta("Hm", 1.0)
        await go_on.wait()
        yield TextDelta(" two")
        yield TurnFinished("stop")

    pieces = await begin(Relay(events(), await new_key()), completion(), include_usage=False)
    text = ""
    async for piece in pieces:
        text += piece.decode()
        if text.count(": still at it\n\n") > 3:
            go_on.set()
    assert deltas(text) == ["One", " two"]
    assert text.endswith("data: [DONE]\n\n")


@pytest.mark.usefixtures("short_pauses")
async def test_a_key_that_ends_ends_the_answer_that_is_made_for_it() -> None:
    key = await new_key()
    closed = asyncio.Event()

    async def events() -> AsyncGenerator[Event, None]:
        try:
            while True:
                yield TextDelta("on ")
                await asyncio.sleep(0.01)
        finally:
            closed.set()

    pieces = await begin(Relay(events(), key), completion(), include_usage=False)
    text = ""
    async with asyncio.timeout(20):
        async for piece in pieces:
            text += piece.decode()
            if text.count("on ") == 3:
                await in_thread(api_keys.revoke)(key.person, key.id)
    assert json.loads(text.rpartition("event: error\ndata: ")[2])["error"]["code"] == "invalid_api_key"
    assert "[DONE]" not in text
    assert closed.is_set()


async def test_an_error_before_the_first_word_is_raised_and_one_after_it_is_sent() -> None:
    async def fails_after(*events: Event) -> AsyncGenerator[Event, None]:
        for event in events:
            yield event
        raise CutOffError("the connection broke at model.internal")

    key = await new_key()
    with pytest.raises(CutOffError):
        await begin(Relay(fails_after(), key), completion(), include_usage=False)
    text = await heard(await begin(Relay(fails_after(TextDelta("One")), key), completion(), include_usage=False))
    assert deltas(text) == ["One"]
    assert "event: error" in text
    assert "internal" not in text


async def test_what_nobody_expected_is_said_in_no_words_of_its_own() -> None:
    async def breaks() -> AsyncGenerator[Event, None]:
        yield TextDelta("One")
        raise ZeroDivisionError("a secret")

    text = await heard(await begin(Relay(breaks(), await new_key()), completion(), include_usage=False))
    error = json.loads(text.rpartition("event: error\ndata: ")[2])["error"]
    assert error["code"] == "internal_error"
    assert "secret" not in text


async def test_events_without_an_end_are_an_error() -> None:
    async def stops() -> AsyncGenerator[Event, None]:
        yield TextDelta("One")

    text = await heard(await begin(Relay(stops(), await new_key()), completion(), include_usage=False))
    assert json.loads(text.rpartition("event: error\ndata: ")[2])["error"]["code"] == "internal_error"


async def test_who_does_not_read_lets_the_model_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST_WAITING", 5)
    made = 0

    async def events() -> AsyncGenerator[Event, None]:
        nonlocal made
        for _ in range(20):
            made += 1
            yield TextDelta("x")
        yield TurnFinished("stop")

    way = Relay(events(), await new_key())
    for _ in range(10):
        await asyncio.sleep(0)
    assert made == 5
    taken: list[Event] = []
    while not (taken and isinstance(taken[-1], TurnFinished)):
        taken += await way.take(1)
    assert len(taken) == 21
    await way.close()


async def test_a_key_is_asked_for_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def holds(_key: ApiKey) -> bool:
        nonlocal asked
        asked += 1
        return asked < 2

    monkeypatch.setattr(relay.access, "holds", holds)

    async def events() -> AsyncGenerator[Event, None]:
        while True:
            yield TextDelta("x")
            await asyncio.sleep(0)

    way = Relay(events(), await new_key())
    for _ in range(50):
        await way.take(1)
    assert asked == 0
    await way.close()
    monkeypatch.setattr(relay, "PAUSE_SECONDS", 0.0)
    way = Relay(events(), await new_key())
    await way.take(1)
    with pytest.raises(InvalidKeyError):
        await way.take(1)
    await way.close()


@pytest.mark.usefixtures("short_pauses")
async def test_a_silent_answer_ends_as_soon_for_a_key_that_ended() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield TextDelta("One")
        await asyncio.Event().wait()

    async def take_all() -> None:
        while True:
            await way.take(3600)

    key = await new_key()
    way = Relay(events(), key)
    await in_thread(api_keys.revoke)(key.person, key.id)
    async with asyncio.timeout(20):
        with pytest.raises(InvalidKeyError):
            await take_all()
    await way.close()


def test_citations_that_were_put_in_at_the_end_stand_in_the_whole_answer() -> None:
    sources = [{"url": "https://a.example/", "title": "A"}, {"url": "https://b.example/", "title": "B"}]
    told = completion()
    events = [SourcesFound(sources), TextDelta("It rains."), TextReplaced("It rains [2]."), TurnFinished("stop")]
    assert "".join(map(told.take, events)) == "It rains."
    message = told.whole()["choices"][0]["message"]
    assert message["content"] == "It rains [2]."
    (found,) = message["annotations"]
    assert found["url_citation"] == {"url": "https://b.example/", "title": "B", "start_index": 9, "end_index": 12}
    assert b"annotations" not in told.last_chunks(include_usage=False)


def test_numbers_of_no_source_are_no_citations() -> None:
    told = completion()
    told.take(SourcesFound([{"url": "https://a.example/", "title": "A"}]))
    told.take(TextDelta("[0] [1] [1, 2] [7] a[1](x)"))
    told.take(TurnFinished("stop"))
    found = told.whole()["choices"][0]["message"]["annotations"]
    places = [(one["url_citation"]["start_index"], one["url_citation"]["end_index"]) for one in found]
    assert places == [(4, 7), (8, 14)]


async def test_an_answer_of_which_nothing_is_read_any_more_ends() -> None:
    closed = asyncio.Event()

    async def events() -> AsyncGenerator[Event, None]:
        try:
            yield TextDelta("One")
            await asyncio.Event().wait()
        finally:
            closed.set()

    way = Relay(events(), await new_key())
    pieces = await begin(way, completion(), include_usage=False)
    # As Django does where the client went before the first chunk.
    await asyncio.to_thread(stream.EventStream(pieces, way).close)
    async with asyncio.timeout(5):
        await closed.wait()
    with pytest.raises((asyncio.CancelledError, AssistantError)):
        await way.take(0)
