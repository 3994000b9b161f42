"""What models use is counted, and bounded by budgets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import date, timedelta
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from assistant import people, room_turns, tasks, turns, usage
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.errors import BudgetSpentError
from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage, Delta
from assistant.llama.options import LlamaOptions
from assistant.models import Person, Run, Usage
from assistant.rooms import membership
from assistant.rooms.talk import Words
from assistant.runtime import Runtime
from assistant.usage import Payer, Tally
from tests.fake_llama import MODEL, FakeLlama, Gate, says
from tests.servers import Valkey, soon

# The servers of other tests write down what they used today.
DAY = date(2091, 5, 1)
NONE = dict.fromkeys(Payer.values, 0)


@pytest.fixture(autouse=True)
def servers(settings: Settings, valkey: Valkey, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "today", lambda: DAY)
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = valkey.url, fake_llama.url, True
    settings.BUDGETS = NONE
    Usage.objects.filter(day__gte=DAY - timedelta(days=1)).delete()


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    async with Runtime() as runtime:
        answering = Answering(runtime)
        yield answering
        await answering.drain(5)


async def ask(answering: Answering, person: Person, text: str = "Hum", **more: str) -> None:
    turn = await turns.start(answering, person, "192.0.2.9", turns.send(None, text, uuid4()), **more)
    await soon(lambda: Run.objects.filter(pk=turn.run.pk, finished_at__isnull=False).exists())


@in_thread
def lines() -> list[tuple[str, str, str, int]]:
    return list(Usage.objects.filter(day=DAY).order_by("payer").values_list("role", "model", "payer", "requests"))


async def test_what_an_answer_used_is_kept_for_the_day(answering: Answering, fake_llama: FakeLlama) -> None:
    person = await in_thread(people.make_guest)()
    await ask(answering, person)
    await ask(answering, person, payer=Payer.CHANNELS)
    await in_thread(answering.runtime.meter.tally.save)()
    assert await lines() == [("usual", MODEL, "channels", 1), ("usual", MODEL, "guests", 1)]
    run = await in_thread(lambda: Run.objects.filter(person=person).latest("created_at"))()
    line = await in_thread(lambda: Usage.objects.get(day=DAY, payer="channels"))()
    assert (line.read, line.written) == (run.prompt_tokens, run.answer_tokens)
    await ask(answering, person)
    await in_thread(answering.runtime.meter.tally.save)()
    assert (await lines())[1] == ("usual", MODEL, "guests", 2)


async def test_an_answer_that_is_cut_was_used_too(fake_llama: FakeLlama) -> None:
    gate, tally = Gate(), Tally()
    fake_llama.script(says("One two three four five six.", gate=gate))
    client = LlamaClient(LlamaOptions(fake_llama.url), lambda *counts: tally.note("usual", *counts))
    gate.let(3)
    async with aclosing(client.stream([ChatMessage("user", "Count")])) as parts:
        async for part in parts:
            if isinstance(part, Delta):
                break
    await client.close()
    gate.open()
    assert tally.tokens() > 5


async def test_titles_are_used_by_the_site_itself(fake_llama: FakeLlama) -> None:
    await tasks.complete([ChatMessage("user", "Name it")])
    assert await lines() == [("titles", MODEL, "site", 1)]


async def test_what_cannot_be_written_down_now_is_later(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    tally.note("usual", "one", 3, 4)
    monkeypatch.setattr(usage, "add_up", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await in_thread(tally.save)()
    monkeypatch.undo()
    assert tally.tokens() == 7
    await in_thread(tally.save)()
    assert tally.tokens() == 0
    assert await lines() == [("usual", "one", "site", 1)]


async def test_two_processes_add_to_the_same_line() -> None:
    tallies = [Tally(), Tally()]
    for tally in tallies:
        tally.note("usual", "one", 3, 4)
    await asyncio.gather(*(in_thread(tally.save)() for tally in tallies))
    assert await lines() == [("usual", "one", "site", 2)]


@pytest.mark.parametrize("payer", [Payer.GUESTS, Payer.SITE])
async def test_a_budget_that_is_used_up_refuses_before_anything_is_stored(
    answering: Answering, settings: Settings, fake_llama: FakeLlama, payer: str
) -> None:
    settings.BUDGETS = NONE | {payer: 1}
    person = await in_thread(people.make_guest)()
    await ask(answering, person)
    with pytest.raises(BudgetSpentError):
        await ask(answering, person)
    assert await in_thread(person.runs.count)() == 1
    # Others have budgets of their own, but the site's is for all.
    if payer == Payer.GUESTS:
        await ask(answering, person, payer=Payer.CHANNELS)
    else:
        with pytest.raises(BudgetSpentError):
            await ask(answering, person, payer=Payer.CHANNELS)


async def test_another_process_learns_of_it_and_the_next_day_begins_anew(
    settings: Settings, fake_llama: FakeLlama
) -> None:
    settings.BUDGETS = NONE | {"guests": 100}
    person = await in_thread(people.make_guest)()
    line = Usage(day=DAY, role="usual", payer="guests", read=90, written=10)
    await in_thread(line.save)()
    async with Runtime() as runtime:
        with pytest.raises(BudgetSpentError):
            await ask(Answering(runtime), person)
    line.day -= timedelta(days=1)
    await in_thread(line.save)()
    async with Runtime() as runtime:
        await ask(Answering(runtime), person)


async def test_a_room_has_a_budget_of_its_own(answering: Answering, settings: Settings, fake_llama: FakeLlama) -> None:
    person = await in_thread(people.make_guest)()
    room = await in_thread(lambda: membership.make(person, "Ana", "Trip"))()
    said = await room_turns.say(answering, person, "192.0.2.8", room.pk, Words("@Chaski hello", uuid4()))
    assert said.run
    await soon(lambda: Run.objects.filter(pk=said.run.pk, finished_at__isnull=False).exists())
    await in_thread(answering.runtime.meter.tally.save)()
    assert [payer for _, _, payer, _ in await lines()] == ["rooms"]
    settings.BUDGETS = NONE | {"rooms": 1}
    await answering.runtime.meter._save()
    with pytest.raises(BudgetSpentError):
        await room_turns.say(answering, person, "192.0.2.8", room.pk, Words("@Chaski again", uuid4()))
    # Words that call nobody cost nothing.
    await room_turns.say(answering, person, "192.0.2.8", room.pk, Words("Then we talk", uuid4()))
