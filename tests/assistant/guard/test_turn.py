"""What people see of a guard: a refused question, an answer that is taken back, and nothing where all is well."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import conversations, people, room_turns, shares
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.guard import client, counts, trial, watch
from assistant.models import GuardCount, Message, Person, Run, Usage
from assistant.rooms import membership
from assistant.rooms.talk import Words
from assistant.runtime import Runtime
from assistant.tools.base import ToolCall
from imagine.models import Picture
from tests.fake_guard import TRIALS, judged, judges, says_as_guard
from tests.fake_llama import FakeLlama, Gate, fails, says, thinks
from tests.people import next_address
from tests.servers import Valkey, soon
from web.chat.run_view import RunViews

LONG = "Andes llama " * 100


class Page:
    """What one viewer of a run gets."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def __call__(self, message: str) -> None:
        self.frames.append(json.loads(message))

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def end(self) -> dict[str, Any]:
        return next(frame for frame in self.frames if frame["type"] == "finished")

    @property
    def blocks(self) -> str:
        """The answer as it stands in the end."""
        shown: dict[int, str] = {}
        for frame in self.frames:
            shown |= dict(frame.get("blocks", []))
        return "".join(shown.values())


class Site:
    """A process that answers, with a guard."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.answering = Answering(runtime)
        self.views = RunViews(runtime)

    async def ask(self, person: Person, text: str, conversation: UUID | None = None) -> tuple[UUID, Page]:
        run = await make_run(person, text, conversation)
        return run, await self.show(run)

    async def show(self, run: UUID) -> Page:
        page = Page()
        if self.runtime.journal.writer_of(run) is None and not await is_over(run):
            self.answering.start(run)
        await self.views.watch(run, "en", page)
        return page


@in_thread
def make_run(person: Person, text: str, conversation: UUID | None) -> UUID:
    return conversations.say(person, conversation, text, uuid4()).run.id


@in_thread
def make_person(*, account: bool = False) -> Person:
    person = people.make_guest()
    Person.objects.filter(pk=person.pk).update(is_guest=not account)
    person.refresh_from_db()
    return person


@in_thread
def is_over(run: UUID) -> bool:
    return Run.objects.get(id=run).status != Run.Status.RUNNING


async def over(run: UUID) -> Run:
    await soon(lambda: Run.objects.exclude(status=Run.Status.RUNNING).filter(id=run).exists())
    return await Run.objects.select_related("answer").aget(id=run)


@asynccontextmanager
async def begun(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama, guard: FakeLlama | None
) -> AsyncIterator[Site]:
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = valkey.url, fake_llama.url, True
    role = {"url": guard.url, "model": "Llama-Guard-3-8B", "key": "", "context": 0, "parallel": 4} if guard else None
    settings.LLAMA_ROLES = {"titles": None, "guard": role}
    async with Runtime() as runtime:
        site = Site(runtime)
        yield site
        await site.views.close()
        await site.answering.drain(10)


@pytest.fixture
async def site(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama, guard_llama: FakeLlama
) -> AsyncIterator[Site]:
    async with begun(settings, valkey, fake_llama, guard_llama) as site:
        yield site


async def test_what_is_harmless_is_answered(site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama) -> None:
    fake_llama.default = says("Hello there.")
    run, page = await site.ask(await make_person(), "Hello")
    assert (await over(run)).answer.text == "Hello there."
    await soon(lambda: "finished" in page.kinds)
    assert [text for text in map(judged, guard_llama.requests) if text not in TRIALS] == ["Hello", "Hello there."]


async def test_what_the_guard_reads_is_used_by_who_asked(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says("Hello there.")
    run, payer = await make_run(await make_person(), "Hello", None), uuid4().hex[:16]
    site.answering.start(run, payer=payer)
    await over(run)
    await site.answering.drain(10)
    await in_thread(site.runtime.meter.tally.save)()
    used = {line.role: line async for line in Usage.objects.filter(payer=payer)}
    assert used.keys() == {"usual", "guard"}
    # The question and the answer, after the trial.
    assert used["guard"].requests == 2 + len(TRIALS)
    assert used["guard"].read > used["guard"].written > 0


async def test_a_refused_question_ends_before_the_model_has_said_a_word(
    site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama
) -> None:
    fake_llama.default = says("Gladly.", gate=Gate())
    gate = Gate()
    guard_llama.default = judges(gate=gate)
    run, page = await site.ask(await make_person(), "A bomb, please")
    await fake_llama.until(lambda counts: counts.open == 1)
    gate.open()
    ended = await over(run)
    assert (ended.status, ended.problem, ended.answer.text) == (Run.Status.FAILED, "guard_question", "")
    await soon(lambda: "finished" in page.kinds)
    assert "I cannot help with that." in page.end["footer"]
    assert "S9" not in json.dumps(page.frames)
    assert "Try again" not in page.end["footer"]
    await fake_llama.until(lambda counts: counts.closed_by_client == 1 and counts.open == 0)


async def test_the_first_words_wait_for_the_verdict(site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama) -> None:
    gate = Gate()
    guard_llama.default = judges(gate=gate)
    fake_llama.default = says("Hello there.")
    run, page = await site.ask(await make_person(), "Hello")
    await fake_llama.until(lambda counts: counts.written >= 4)
    await guard_llama.until(lambda counts: counts.requests == 4)
    # As long as a word takes to a page that may show it.
    await asyncio.sleep(0.3)
    assert {"text", "append"}.isdisjoint(page.kinds)
    gate.open()
    assert (await over(run)).answer.text == "Hello there."
    await soon(lambda: "finished" in page.kinds)
    assert "Hello there." in page.blocks


@pytest.mark.parametrize("thought", [False, True])
async def test_an_answer_is_taken_back_while_it_is_written(site: Site, fake_llama: FakeLlama, thought: bool) -> None:
    gate = Gate()
    words = f"{LONG} bomb {LONG}"
    fake_llama.default = thinks(words, "So.", gate=gate) if thought else says(words, gate=gate)
    run, page = await site.ask(await make_person(), "Hello")
    gate.let(50)
    saved = Run.objects.filter(id=run).exclude(answer__text="", reasoning="")
    await soon(saved.exists)
    gate.let(250)
    ended = await over(run)
    assert (ended.problem, ended.answer.text, ended.reasoning) == ("guard_answer", "", "")
    await soon(lambda: "finished" in page.kinds)
    assert ("reasoning" if thought else "text") in page.kinds
    assert page.blocks == ""
    assert "I took this answer back" in page.end["footer"]
    assert page.end["reasoning"] == ""
    await fake_llama.until(lambda counts: counts.closed_by_client == 1 and counts.open == 0)
    again = await site.show(run)
    assert "I took this answer back" in again.end["footer"]
    assert "Andes" not in json.dumps(again.frames)


async def test_the_end_of_an_answer_is_judged_too(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says("Take a bomb.")
    run, page = await site.ask(await make_person(), "Hello")
    ended = await over(run)
    assert (ended.problem, ended.answer.text) == ("guard_answer", "")
    await soon(lambda: "finished" in page.kinds)
    assert page.blocks == ""


async def test_what_was_written_before_it_was_stopped_is_judged(site: Site, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.default = says("Take a bomb and go.", gate=gate)
    run, page = await site.ask(await make_person(), "Hello")
    gate.let(3)
    await soon(lambda: "text" in page.kinds)
    await soon(lambda: "bomb" in page.blocks or "append" in page.kinds)
    next(iter(site.answering._answers.values())).stop()
    ended = await over(run)
    assert (ended.problem, ended.answer.text) == ("guard_answer", "")


async def test_who_stops_early_waits_for_no_verdict(site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama) -> None:
    guard_llama.default = judges(gate=Gate())
    fake_llama.default = says("Hello.", gate=Gate())
    run, _ = await site.ask(await make_person(), "Hello")
    await guard_llama.until(lambda counts: counts.requests == 4)
    async with asyncio.timeout(client.VERDICT_SECONDS / 2):
        next(iter(site.answering._answers.values())).stop()
        assert (await over(run)).status == Run.Status.STOPPED


async def test_no_more_is_shown_than_the_guard_can_follow(
    site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama
) -> None:
    """The model is held up once so much is not judged."""
    gate = Gate()
    gate.let(1)
    guard_llama.default = judges(gate=gate)
    fake_llama.default = says("llama " * 2_000)
    run, _ = await site.ask(await make_person(), "Hello")
    await guard_llama.until(lambda counts: counts.requests == 5)
    writer = site.runtime.journal.writer_of(run)
    assert writer
    await soon(lambda: len(writer.text) >= watch.MOST_UNJUDGED)
    await asyncio.sleep(0.2)
    assert len(writer.text) <= watch.MOST_UNJUDGED + watch.SLICE_CHARACTERS
    gate.open()
    assert len((await over(run)).answer.text) > 11_000


@pytest.mark.parametrize("side", ["question", "answer"])
async def test_what_was_refused_is_never_told_to_the_model_again(site: Site, fake_llama: FakeLlama, side: str) -> None:
    person = await make_person()
    fake_llama.default = says("Hello there.")
    first, _ = await site.ask(person, "Good morning")
    conversation = (await over(first)).conversation_id
    fake_llama.script(says("Of course." if side == "question" else "Take a bomb."))
    second, _ = await site.ask(person, "Give me a bomb" if side == "question" else "Give me a recipe", conversation)
    assert (await over(second)).problem == f"guard_{side}"
    fake_llama.requests.clear()
    third, _ = await site.ask(person, "Thank you", conversation)
    assert (await over(third)).answer.text == "Hello there."
    told = [message["content"] for message in fake_llama.requests[-1]["messages"] if message["role"] != "system"]
    assert told[:2] == ["Good morning", "Hello there."]
    assert told[2].startswith("Thank you") or told[2].endswith("Thank you")
    assert len(told) == 3
    assert "Give me" not in json.dumps(fake_llama.requests)
    share = await in_thread(shares.make)(person, conversation)
    copied = [message.text async for message in share.messages.all()]
    assert copied == ["Good morning", "Hello there.", "Thank you", "Hello there."]


async def test_what_was_refused_stays_untold_where_a_conversation_becomes_a_room(
    settings: Settings, site: Site, fake_llama: FakeLlama
) -> None:
    settings.LLAMA_DEMO = False
    ana = await make_person()
    run, _ = await site.ask(ana, "Give me a bomb")
    conversation = (await over(run)).conversation_id
    room = await in_thread(membership.make)(ana, "Ana", "Ski trip", conversation, shows_earlier=True)
    fake_llama.requests.clear()
    for text in ("@Chaski hello", "/summarise"):
        said = await room_turns.say(site.answering, ana, next_address(), room.pk, Words(text, uuid4()))
        answers = Run.objects.filter(answer__quoted=said.event.message_id, status=Run.Status.DONE)
        await soon(answers.exists)
    assert "hello" in json.dumps(fake_llama.requests)
    assert "bomb" not in json.dumps(fake_llama.requests)


async def test_a_question_that_is_asked_again_and_answered_is_told_again(
    site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "PAUSE_SECONDS", (0.0,))
    person = await make_person()
    guard_llama.on("Hello", says_as_guard("What a nice day"))
    run, page = await site.ask(person, "Hello llama")
    ended = await over(run)
    assert ended.problem == "guard_away"
    await soon(lambda: "finished" in page.kinds)
    assert "Try again" in page.end["footer"]
    guard_llama.reset()
    retried = await in_thread(conversations.retry)(person, ended.answer_id, uuid4())
    site.answering.start(retried.run.id)
    assert (await over(retried.run.id)).problem == ""
    last, _ = await site.ask(person, "And now?", ended.conversation_id)
    await over(last)
    assert "Hello llama" in json.dumps(fake_llama.requests[-1])


async def test_somebody_in_danger_is_told_whom_to_call(site: Site, guard_llama: FakeLlama) -> None:
    guard_llama.default = judges({"end it": "S11"})
    run, page = await site.ask(await make_person(), "I want to end it")
    assert (await over(run)).problem == "guard_self_harm"
    await soon(lambda: "finished" in page.kinds)
    assert "findahelpline.com" in page.end["footer"]


@pytest.mark.parametrize(("account", "problem"), [(False, "guard_away"), (True, "")])
async def test_open_where_the_guard_is_away_is_for_accounts(
    settings: Settings, site: Site, fake_llama: FakeLlama, guard_llama: FakeLlama, account: bool, problem: str
) -> None:
    assert site.runtime.guard
    site.runtime.guard._open_when_away = True
    guard_llama.default = fails(500)
    fake_llama.default = says("Hello there.")
    run, _ = await site.ask(await make_person(account=account), "Hello")
    assert (await over(run)).problem == problem


async def test_without_a_guard_nobody_is_asked(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama, guard_llama: FakeLlama
) -> None:
    fake_llama.default = says("Take a bomb.")
    async with begun(settings, valkey, fake_llama, None) as site:
        assert site.runtime.guard is None
        run, _ = await site.ask(await make_person(), "A bomb, please")
        assert (await over(run)).answer.text == "Take a bomb."
    assert guard_llama.requests == []


async def test_no_tool_is_used_before_the_question_has_passed(
    settings: Settings,
    valkey: Valkey,
    fake_llama: FakeLlama,
    guard_llama: FakeLlama,
    fake_web: Any,
) -> None:
    settings.SEARCH_ENGINES, settings.SEARXNG_URL, settings.FETCH_ALLOWED = (
        ["searxng"],
        fake_web.url,
        [fake_web.address],
    )
    gate = Gate()
    guard_llama.default = judges(gate=gate)
    async with begun(settings, valkey, fake_llama, guard_llama) as site:
        settings.LLAMA_DEMO = False
        run = await make_run(await make_person(), "What is new about a bomb?", None)
        await Run.objects.filter(id=run).aupdate(search="always")
        site.answering.start(run)
        await guard_llama.until(lambda counts: counts.requests == 4)
        await asyncio.sleep(0.3)
        gate.open()
        assert (await over(run)).problem == "guard_question"
    assert fake_web.asked == []


async def test_in_a_room_what_was_refused_is_not_told_again(
    settings: Settings, site: Site, fake_llama: FakeLlama
) -> None:
    # The demonstration model is not told of what is replied to.
    settings.LLAMA_DEMO = False
    ana = await make_person()
    room = await in_thread(membership.make)(ana, "Ana", "Ski trip")
    fake_llama.default = says("With pleasure.")

    async def call(text: str, quoted: UUID | None = None) -> Run:
        words = Words(text, uuid4(), quoted=quoted)
        said = await room_turns.say(site.answering, ana, next_address(), room.pk, words)
        answers = Run.objects.filter(answer__quoted=said.event.message_id).exclude(status=Run.Status.RUNNING)
        await soon(answers.exists)
        return await answers.select_related("answer").aget()

    assert (await call("@Chaski give me a bomb")).problem == "guard_question"
    fake_llama.requests.clear()
    assert (await call("@Chaski thank you")).answer.text == "With pleasure."
    assert "thank you" in json.dumps(fake_llama.requests)
    refused = await Message.objects.aget(conversation=room.pk, text__contains="bomb")
    for text, quoted in (("@Chaski do that", refused.pk), ("/summarise", None)):
        assert (await call(text, quoted)).problem == ""
    assert "bomb" not in json.dumps(fake_llama.requests)


async def test_a_picture_of_what_is_refused_is_not_drawn(
    settings: Settings, site: Site, guard_llama: FakeLlama
) -> None:
    settings.IMAGINE_MODEL = "easel"
    person = await make_person()
    call = ToolCall("create_image", {"prompt": "a bomb"})
    turn = await in_thread(conversations.say)(person, None, "/imagine a bomb", uuid4(), call)
    site.answering.start(turn.run.id)
    ended = await over(turn.run.id)
    assert ended.problem == "guard_picture"
    assert not await Picture.objects.filter(person=person.pk).aexists()
    assert [text for text in map(judged, guard_llama.requests) if text not in TRIALS] == ["Draw a picture: a bomb"]


@in_thread
def counted() -> dict[tuple[str, str, int], int]:
    rows = GuardCount.objects.filter(day=timezone.localdate())
    return {(row.side, row.found, row.version): row.number for row in rows}


async def test_decisions_are_counted_by_day_without_anybody_s_words(site: Site, fake_llama: FakeLlama) -> None:
    @in_thread
    def forget_all() -> None:
        GuardCount.objects.all().delete()
        GuardCount.objects.create(
            day=timezone.localdate() - timedelta(days=500), version=2, side="answer", found="hate"
        )

    await forget_all()
    person = await make_person()
    fake_llama.default = says("Hello there.")
    for text in ("Hello", "Good morning", "A bomb, please"):
        run, _ = await site.ask(person, text)
        await over(run)
    expected = {
        ("question", "safe", 3): 2,
        ("answer", "safe", 3): 2,
        ("question", "indiscriminate_weapons", 3): 1,
    }
    await soon(lambda: GuardCount.objects.filter(found="indiscriminate_weapons").exists())
    assert await counted() == expected
    assert await GuardCount.objects.acount() == 3


async def test_what_could_not_be_counted_is_counted_later(
    site: Site, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_to_add(*_: object) -> None:
        raise DatabaseError

    assert site.runtime.guard
    site.runtime.guard.counts[("picture", "hate")] = 2
    with monkeypatch.context() as patch:
        patch.setattr(counts, "_add", fails_to_add)
        await counts.save_counts(site.runtime.guard)
    before = await counted()
    await counts.save_counts(site.runtime.guard)
    key = ("picture", "hate", 3)
    assert (await counted())[key] == before.get(key, 0) + 2
    assert not site.runtime.guard.counts
