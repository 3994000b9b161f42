"""What people see of insecure code in an answer: marked at its end, when it is read again, shared, or in a room."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from assistant import conversations, people, room_turns, shares
from assistant.answering import Answering
from assistant.code import process, watch
from assistant.database import in_thread
from assistant.models import Message, Person, Run
from assistant.rooms import membership
from assistant.rooms.talk import Words
from assistant.runs import keys
from assistant.runtime import Runtime
from tests.fake_code_shield import FakeCodeShield
from tests.fake_guard import judges
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import next_address
from tests.servers import Valkey, soon
from web.chat.presenter import present
from web.chat.run_view import RunViews

NOTE = "Line 2: runs text as code (CWE-94)"
UNSAFE = "Try this:\n\n```python\nx = 1\ny = eval(input())\n```\n\nDone."


@pytest.fixture
def fake(tmp_path: Path) -> FakeCodeShield:
    return FakeCodeShield(tmp_path)


class Site:
    """A process that answers, with a Code Shield."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.answering = Answering(runtime)
        self.views = RunViews(runtime)

    async def ask(self, person: Person, conversation: UUID | None = None) -> tuple[UUID, list[dict[str, Any]]]:
        run = await make_run(person, conversation)
        self.answering.start(run)
        messages: list[dict[str, Any]] = []
        await self.views.watch(run, "en", lambda message: messages.append(json.loads(message)))
        return run, messages

    async def answered(self, person: Person, conversation: UUID | None = None) -> Run:
        return await over((await self.ask(person, conversation))[0])


@asynccontextmanager
async def begun(settings: Settings, valkey: Valkey, llama: FakeLlama, shield: str) -> AsyncIterator[Site]:
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = valkey.url, llama.url, True
    settings.CODE_SHIELD = shield
    async with Runtime() as runtime:
        site = Site(runtime)
        yield site
        await site.views.close()
        await site.answering.drain(10)


@pytest.fixture
async def site(settings: Settings, valkey: Valkey, fake_llama: FakeLlama, fake: FakeCodeShield) -> AsyncIterator[Site]:
    async with begun(settings, valkey, fake_llama, str(fake.path)) as site:
        await soon(lambda: len(fake.scanned) == 3)
        yield site


@in_thread
def make_run(person: Person, conversation: UUID | None) -> UUID:
    return conversations.say(person, conversation, "Write code", uuid4()).run.id


make_person = in_thread(people.make_guest)


async def over(run: UUID) -> Run:
    await soon(lambda: Run.objects.exclude(status=Run.Status.RUNNING).filter(id=run).exists())
    return await Run.objects.select_related("answer").aget(id=run)


@in_thread
def page_of(run: Run) -> str:
    """The answer as a page has it that is opened now."""
    return "".join(present(Message.objects.select_related("run").get(run=run)).blocks)


async def test_insecure_code_is_marked_when_the_answer_ends(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says(UNSAFE)
    run, messages = await site.ask(await make_person())
    ended = await over(run)
    assert [(one["line"], one["cwe"], one["severity"]) for one in ended.code_issues] == [(2, "CWE-94", "error")]
    await soon(lambda: messages[-1]["type"] == "finished")
    assert NOTE in "".join(html for _, html in messages[-1]["blocks"])
    assert NOTE not in json.dumps(messages[:-1])
    assert NOTE in await page_of(ended)


async def test_secure_code_and_prose_are_shown_as_ever(site: Site, fake_llama: FakeLlama, fake: FakeCodeShield) -> None:
    person = await make_person()
    for text in ("Hello `eval(x)`.", "```bash\neval(x)\n```", "```python\nprint(1)\n```"):
        fake_llama.default = says(text)
        ended = await site.answered(person)
        assert ended.code_issues is None
        assert "code-issues" not in await page_of(ended)
    assert fake.scanned[3:] == ["print(1)\n"]


async def test_a_block_is_scanned_while_the_answer_goes_on(
    site: Site, fake_llama: FakeLlama, fake: FakeCodeShield
) -> None:
    gate = Gate()
    fake_llama.default = says(UNSAFE + " And on. " * 50, gate=gate)
    gate.let(20)
    run, _ = await site.ask(await make_person())
    await soon(lambda: len(fake.scanned) == 4)
    assert (await Run.objects.aget(id=run)).status == Run.Status.RUNNING
    gate.open()
    assert (await over(run)).code_issues
    assert len(fake.scanned) == 4


async def marked(run: Run) -> None:
    """Marks are there, at the end of an answer or later."""
    await soon(lambda: Run.objects.filter(id=run.id, code_issues__isnull=False).exists())


async def test_the_end_waits_no_longer_than_a_second_and_late_marks_are_there_later(
    site: Site, fake_llama: FakeLlama, fake: FakeCodeShield
) -> None:
    fake_llama.default = says("```python\n# wait\neval(x)\n```")
    # The scan waits for `go`.
    ended = await site.answered(await make_person())
    assert ended.code_issues is None
    heard = asyncio.Event()
    await site.runtime.doorbell.subscribe(keys.conversation(ended.conversation_id), lambda _origin: heard.set())
    heard.clear()
    fake.go()
    await asyncio.wait_for(heard.wait(), 10)
    assert NOTE in await page_of(await Run.objects.aget(id=ended.id))


@pytest.mark.parametrize("word", ["slow", "die", "flood", "nonsense", "fail"])
async def test_an_answer_whose_code_cannot_be_scanned_has_no_mark(
    site: Site, fake_llama: FakeLlama, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_llama.default = says(UNSAFE)
    await marked(await site.answered(await make_person()))
    with monkeypatch.context() as hurry:
        hurry.setattr(process, "SCAN_SECONDS", 0.5)
        fake_llama.default = says(f"```python\neval(x)  # {word}\n```")
        ended = await site.answered(await make_person())
    assert (ended.status, ended.code_issues) == (Run.Status.DONE, None)
    fake_llama.default = says(UNSAFE)
    await marked(await site.answered(await make_person()))


async def test_without_a_shield_nothing_is_marked(settings: Settings, valkey: Valkey, fake_llama: FakeLlama) -> None:
    fake_llama.default = says(UNSAFE)
    async with begun(settings, valkey, fake_llama, "") as site:
        ended = await site.answered(await make_person())
    assert (ended.status, ended.code_issues) == (Run.Status.DONE, None)


async def test_who_stops_keeps_the_marks_of_what_there_is(site: Site, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.default = says(UNSAFE + " And on. " * 50, gate=gate)
    gate.let(24)
    run, _ = await site.ask(await make_person())
    writer = site.runtime.journal.writer_of(run)
    assert writer
    await soon(lambda: "Done" in writer.text)
    next(iter(site.answering._answers.values())).stop()
    ended = await over(run)
    assert ended.status == Run.Status.STOPPED
    assert ended.code_issues


async def test_what_the_guard_takes_back_has_no_marks(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama, fake: FakeCodeShield
) -> None:
    gate = Gate()
    fake_llama.default = says(UNSAFE + " And on. " * 50 + " Take a bomb.", gate=gate)
    gate.let(20)
    with FakeLlama(default=judges()) as guard:
        role = {"url": guard.url, "model": "Llama-Guard-3-8B", "key": "", "context": 0, "parallel": 4}
        settings.LLAMA_ROLES = {"titles": None, "guard": role}
        async with begun(settings, valkey, fake_llama, str(fake.path)) as site:
            run, _ = await site.ask(await make_person())
            [answer] = site.answering._answers.values()
            assert answer._code
            await soon(lambda: answer._code and any(answer._code._found.values()))
            gate.open()
            await over(run)
            await soon(lambda: not site.answering._answers)
    ended = await over(run)
    assert (ended.answer.text, ended.code_issues) == ("", None)


async def test_a_shared_conversation_and_what_goes_on_from_it_have_the_marks(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says(UNSAFE)
    person = await make_person()
    ended = await site.answered(person)
    share = await in_thread(shares.make)(person, ended.conversation_id)
    copied = await share.messages.aget(position=2)
    assert copied.code_issues == ended.code_issues
    reader = await make_person()
    conversation = await in_thread(shares.fork)(reader, share.token, share.edition, uuid4())
    assert NOTE in await page_of(await Run.objects.aget(conversation=conversation))


async def test_another_answer_has_marks_of_its_own(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says(UNSAFE)
    person = await make_person()
    first = await site.answered(person)
    fake_llama.default = says("```python\nprint(1)\n```")
    again = await in_thread(conversations.retry)(person, first.answer_id, uuid4())
    site.answering.start(again.run.id)
    assert (await over(again.run.id)).code_issues is None
    assert NOTE in await page_of(await Run.objects.aget(id=first.id))


async def test_in_a_room_it_is_marked_too(settings: Settings, site: Site, fake_llama: FakeLlama) -> None:
    settings.LLAMA_DEMO = False
    ana = await make_person()
    room = await in_thread(membership.make)(ana, "Ana", "Ski trip")
    fake_llama.default = says(UNSAFE)
    words = Words("@Chaski write code", uuid4())
    said = await room_turns.say(site.answering, ana, next_address(), room.pk, words)
    answers = Run.objects.filter(answer__quoted=said.event.message_id).exclude(status=Run.Status.RUNNING)
    await soon(answers.exists)
    assert NOTE in await page_of(await answers.aget())


async def test_nothing_is_waited_for_when_the_process_ends(site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.default = says("```python\n# wait\neval(x)\n```")
    site.answering.ending = True
    await site.answered(await make_person())
    async with asyncio.timeout(watch.LATE_SECONDS / 2):
        await soon(lambda: not site.answering._answers)
