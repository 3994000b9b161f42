"""Hard questions in a room: `/think` asks the best model, as often as one may."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from assistant import people, room_turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.models import Person, Room, Run
from assistant.rooms import membership, talk
from assistant.rooms.talk import Said, Words
from assistant.runtime import Runtime
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import next_address
from tests.servers import Valkey, soon


@pytest.fixture
def best() -> Iterator[FakeLlama]:
    with FakeLlama(default=says("Because of Rayleigh.")) as llama:
        yield llama


@pytest.fixture
async def answering(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama, best: FakeLlama
) -> AsyncIterator[Answering]:
    settings.REDIS_URL, settings.LLAMA_URL, settings.SEARCH_ENGINES = valkey.url, fake_llama.url, []
    role = {"url": best.url, "model": "large", "key": "", "context": 0, "parallel": 1, "cost": (0, 0)}
    settings.LLAMA_ROLES = {"best": role}
    async with Runtime() as runtime:
        process = Answering(runtime)
        yield process
        await process.drain(10)


@in_thread
def make() -> tuple[Person, Person, Room]:
    ana, bo = people.make_guest(), people.make_guest()
    room = membership.make(ana, "Ana", "Ski trip")
    membership.join(bo, room.token or "", "Bo")
    return ana, bo, room


async def say(answering: Answering, person: Person, room: Room, text: str) -> Said:
    return await room_turns.say(answering, person, next_address(), room.pk, Words(text, uuid4()))


async def ended(number: int, room: Room) -> list[Run]:
    """So many runs of a room that are over, oldest first."""
    runs = Run.objects.filter(conversation=room.pk, status=Run.Status.DONE)
    await soon(lambda: runs.count() >= number)
    return [run async for run in runs.select_related("answer").order_by("created_at")]


async def test_a_hard_question_calls_the_best_model_by_its_command_alone(
    answering: Answering, best: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, _bo, room = await make()
    await say(answering, ana, room, "/think Why is the sky blue?")
    [run] = await ended(1, room)
    assert (run.harder, run.answer.text) == (Run.Harder.YES, "Because of Rayleigh.")
    told = str(best.requests[-1]["messages"][-1]["content"])
    assert "Why is the sky blue?" in told
    assert "/think" not in told
    assert not fake_llama.requests


async def test_it_waits_for_the_answer_before_it_and_is_hard_then_too(
    answering: Answering, best: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, bo, room = await make()
    gate = Gate()
    fake_llama.script(says("Hello.", gate=gate))
    await say(answering, ana, room, "@Chaski hello")
    waiting = await say(answering, bo, room, "/think Why is the sky blue?")
    assert waiting.run is None
    gate.open()
    first, second = await ended(2, room)
    assert (first.harder, second.harder) == (Run.Harder.NO, Run.Harder.YES)
    assert second.answer.text == "Because of Rayleigh."


async def test_who_has_used_up_theirs_gets_the_usual_model(
    answering: Answering, best: FakeLlama, fake_llama: FakeLlama, settings: Settings
) -> None:
    settings.LIMIT_GUEST_HARDER = "1/day"
    ana, bo, room = await make()
    fake_llama.default = says("It just is.")
    await say(answering, ana, room, "/think Why is the sky blue?")
    await ended(1, room)
    await say(answering, ana, room, "/think Why is the sea blue?")
    first, second = await ended(2, room)
    assert (first.harder, second.harder) == (Run.Harder.YES, Run.Harder.SPENT)
    assert second.answer.text == "It just is."
    # Nobody else has.
    await say(answering, bo, room, "/think Why?")
    assert (await ended(3, room))[-1].harder == Run.Harder.YES


async def test_where_there_is_one_model_it_answers(
    answering: Answering, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering.runtime, "best", None)
    ana, _bo, room = await make()
    fake_llama.script(says("It just is."))
    await say(answering, ana, room, "/think Why is the sky blue?")
    [run] = await ended(1, room)
    assert (run.harder, run.answer.text) == (Run.Harder.NO, "It just is.")


@pytest.mark.parametrize("text", ["/think", "I /think so", "/thinking about it"])
def test_other_words_call_nobody(text: str) -> None:
    assert not talk.is_for_assistant(text)
