"""What stands between a message and the first word of its answer: statements, commits and round trips."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings
from redis import Redis

from assistant import conversations, people, queue, turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.engine import History
from assistant.models import Person, Run
from assistant.runs import saving
from assistant.runtime import Runtime
from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Valkey, soon
from web.chat.run_view import RunViews

# Locks, looks and rows of a turn, then what its answer is made from.
STATEMENTS = 18


def finish(run: UUID) -> None:
    Run.objects.filter(pk=run).update(status=Run.Status.DONE)


def talked(person: Person) -> UUID:
    """A conversation of some turns."""
    conversation = None
    for text in ("One", "Two", "Three"):
        turn = conversations.say(person, conversation, text, uuid4())
        finish(turn.run.pk)
        conversation = turn.run.conversation_id
    assert conversation
    return conversation


def asked(store: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        store()
    return [str(query["sql"]) for query in queries]


def test_a_message_is_stored_and_its_history_read_with_few_statements_and_one_commit() -> None:
    person = people.make_guest()
    conversation = talked(person)
    statements = asked(lambda: turns._store(person, turns.send(conversation, "Four", uuid4()), None))
    assert len(statements) <= STATEMENTS
    commits = [sql for sql in statements if sql == "COMMIT"]
    assert len(commits) == 1
    writes = [sql.split()[0] for sql in statements if sql.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert Counter(writes) == {"INSERT": 3, "UPDATE": 1}


def test_a_long_conversation_costs_no_more_statements_than_a_short_one() -> None:
    person = people.make_guest()
    conversation = talked(person)
    few = asked(lambda: finish(turns._store(person, turns.send(conversation, "Four", uuid4()), None)[0].run.pk))
    for _ in range(30):
        finish(conversations.say(person, conversation, "More", uuid4()).run.pk)
    many = asked(lambda: turns._store(person, turns.send(conversation, "Last", uuid4()), None))
    assert len(many) <= len(few)


def calls(valkey: Valkey) -> Counter[str]:
    """How often each command was given to Valkey so far."""
    with Redis.from_url(valkey.url) as client:
        stats: dict[str, dict[str, int]] = client.info("commandstats")  # type: ignore[assignment]
    return Counter({name.removeprefix("cmdstat_"): of["calls"] for name, of in stats.items()})


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[Valkey]:
    """One that nothing else asks."""
    valkey = Valkey(tmp_path)
    await asyncio.to_thread(valkey.start)
    yield valkey
    await asyncio.to_thread(valkey.kill)


async def test_redis_is_asked_three_times_between_a_message_and_its_first_word(
    settings: Settings, own_valkey: Valkey, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits in one script, the notice to other tabs, the first word: nothing is read back."""
    # What is told to other processes from time to time is not on this way.
    monkeypatch.setattr(queue, "STATE_SECONDS", 60)
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = own_valkey.url, fake_llama.url, True
    gate, shown = Gate(), list[str]()
    fake_llama.on("Sing", says("La la la la.", gate=gate))
    person = await in_thread(people.make_guest)()
    async with Runtime() as runtime:
        answering, views = Answering(runtime), RunViews(runtime)

        async def ask(conversation: UUID | None, text: str) -> UUID:
            turn = await turns.start(answering, person, "192.0.2.1", turns.send(conversation, text, uuid4()))
            await views.watch(turn.run.id, "en", shown.append)
            return turn.run.conversation_id

        conversation = await ask(None, "Hum")
        await soon(lambda: any('"finished"' in frame for frame in shown))
        before = calls(own_valkey)
        await ask(conversation, "Sing")
        gate.let(1)
        await soon(lambda: '"text"' in shown[-1])
        given = calls(own_valkey) - before
        gate.open()
        await soon(lambda: '"finished"' in shown[-1])
        await views.close()
        await answering.drain(5)
    assert given["evalsha"] == 1
    # The script's own, what stands for life, and the answers to what asks for these numbers.
    for command in ("time", "hmget", "hset", "expire", "set", "mget", "info", "hello", "client|setinfo"):
        del given[command]
    # The wait for the model, and the first word; each is also published.
    assert given["xadd"] <= 2
    assert given == Counter({"evalsha": 1, "xadd": given["xadd"], "publish": given["xadd"] + 1})


async def test_a_message_is_answered_also_where_who_sent_it_has_left_while_it_was_stored(
    settings: Settings, own_valkey: Valkey, fake_llama: FakeLlama
) -> None:
    """A browser that closes cancels its request; the thread goes on, and stores the message."""
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = own_valkey.url, fake_llama.url, True
    person = await in_thread(people.make_guest)()
    begun, goes_on = threading.Event(), threading.Event()

    def store(person: Person, _call: object, _harder: str) -> conversations.Turn:
        begun.set()
        assert goes_on.wait(20)
        return conversations.say(person, None, "Hum", uuid4())

    async with Runtime() as runtime:
        answering = Answering(runtime)
        request = turns.TurnRequest(store, "Hum")
        sending = asyncio.create_task(turns.start(answering, person, "192.0.2.2", request))
        await asyncio.to_thread(begun.wait, 20)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        goes_on.set()
        await soon(lambda: Run.objects.filter(person=person, status=Run.Status.DONE).exists())


@pytest.mark.parametrize("error", [InterfaceError("closed"), TypeError("no such")])
async def test_a_message_whose_history_cannot_be_read_at_once_is_answered(
    settings: Settings,
    own_valkey: Valkey,
    fake_llama: FakeLlama,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = own_valkey.url, fake_llama.url, True
    person = await in_thread(people.make_guest)()
    failures = [error]
    read = saving.history_of

    def fails_once(run: UUID) -> History:
        if failures:
            raise failures.pop()
        return read(run)

    monkeypatch.setattr(saving, "history_of", fails_once)
    async with Runtime() as runtime:
        turn = await turns.start(Answering(runtime), person, "192.0.2.3", turns.send(None, "Hum", uuid4()))
        await soon(lambda: Run.objects.filter(pk=turn.run.pk, status=Run.Status.DONE).exists())
    assert not failures
