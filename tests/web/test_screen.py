"""What tabs see of an answer: the same in all, in order, whole at the end, whatever the doorbell missed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from assistant import conversations, people
from assistant.database import in_thread
from assistant.events import Event, TextDelta, TurnFinished, Waiting
from assistant.models import Conversation, Run
from assistant.respond import Outcome, save_end, save_progress
from assistant.runs import keys
from assistant.runs.bell import Bell
from assistant.runs.follower import LOOK_SECONDS
from assistant.runs.log import Entry, Journal
from assistant.runtime import Runtime
from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Valkey, soon
from tests.wire import Wire
from web.markdown import render_blocks
from web.screen import Screens

STORY = """# A llama

It *walked* over the **hills**, and `sang`:

- la
- la la, with a [link](https://example.com)

```python
print("la")  # & <b>
```

| verse | tone |
|---|---|
| 1 | la |

The end, & no more <here>.
"""
END_TAGS = re.compile(r"(?:</[a-z0-9]+>)*$")


class Tab:
    """A page as web/static/js keeps it: blocks by index, and the number of the last frame."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.blocks: list[str] = []
        self.number = 0

    def __call__(self, frame: str) -> None:
        heard = json.loads(frame)
        self.frames.append(heard)
        assert heard["number"] >= self.number
        if heard["type"] == "append":
            assert heard["previous"] == self.number
            self._append(heard["block"], heard["text"])
        for index, html in heard.get("blocks", ()):
            self.blocks += [""] * (index + 1 - len(self.blocks))
            self.blocks[index] = html
        self.number = heard["number"]

    def _append(self, block: int, text: str) -> None:
        html = self.blocks[block]
        tags = END_TAGS.search(html)
        assert tags
        self.blocks[block] = html[: tags.start()] + escape(text, quote=False) + tags[0]

    @property
    def shown(self) -> list[str]:
        while self.blocks and not self.blocks[-1]:
            self.blocks.pop()
        return self.blocks

    @property
    def text(self) -> str:
        return " ".join(re.sub(r"<[^>]+>", "", " ".join(self.shown)).split())

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def finished(self) -> bool:
        return "finished" in self.kinds


@dataclass
class Parts:
    """What screens need of a Runtime."""

    redis: Redis
    bell: Bell
    journal: Journal


@pytest.fixture
async def parts(valkey: Valkey) -> AsyncIterator[Parts]:
    async with (
        Redis.from_url(valkey.url) as redis,
        Bell(valkey.url) as bell,
        Journal(redis) as journal,
    ):
        yield Parts(redis, bell, journal)


@pytest.fixture
async def screens(parts: Parts) -> AsyncIterator[Screens]:
    screens = Screens(parts)  # type: ignore[arg-type]
    yield screens
    await screens.close_all()


class Speaker:
    """Makes an answer by hand, as assistant/respond.py does."""

    def __init__(self, run: UUID, journal: Journal) -> None:
        self.run = run
        self.journal = journal
        self.writer = journal.open(run)

    async def say(self, *pieces: str) -> None:
        """Say each so that it is an event of its own."""
        for piece in pieces:
            await self.tell(TextDelta(piece))

    async def tell(self, event: Event) -> None:
        self.writer.append(event)
        assert await self.journal.written(self.writer, 5)

    async def save(self) -> None:
        await save_progress(self.run, self.writer.written_text, self.writer.number)

    async def end(self) -> None:
        """The database first, then the log."""
        await save_end(self.run, self.outcome)
        await self.tell(TurnFinished("stop"))

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.writer.text, self.writer.number, None, TurnFinished("stop"))


@in_thread
def make_run(question: str = "Sing") -> UUID:
    turn = conversations.say(people.make_guest(), None, question, uuid4())
    return turn.run.id


@pytest.fixture
async def speaker(parts: Parts) -> Speaker:
    return Speaker(await make_run(), parts.journal)


def pieces_of(text: str) -> list[str]:
    return re.findall(r".{1,7}", text, re.DOTALL)


async def test_two_tabs_see_all_frames_in_order_and_the_same_end(screens: Screens, speaker: Speaker) -> None:
    tabs = Tab(), Tab()
    for tab in tabs:
        await screens.watch(speaker.run, tab)
    await speaker.tell(Waiting("thinking"))
    await speaker.say(*pieces_of(STORY))
    await speaker.end()
    for tab in tabs:
        await soon(lambda tab=tab: tab.finished)
        assert tab.kinds[0] == "waiting"
        assert tab.kinds[-1] == "finished"
        assert tab.frames[-1]["status"] == "done"
        assert tab.shown == render_blocks(STORY)
    assert tabs[0].frames == tabs[1].frames


async def test_words_of_prose_are_only_added(screens: Screens, speaker: Speaker) -> None:
    tab = Tab()
    await screens.watch(speaker.run, tab)
    await speaker.say("It walked", " over", " the", " hills")
    await soon(lambda: tab.text == "It walked over the hills")
    assert tab.kinds[0] == "text"
    assert "append" in tab.kinds[1:]


async def test_a_tab_that_comes_in_the_middle_sees_what_was_said_and_what_comes(
    screens: Screens, speaker: Speaker
) -> None:
    early, late = Tab(), Tab()
    await screens.watch(speaker.run, early)
    pieces = pieces_of(STORY)
    await speaker.say(*pieces[:20])
    await soon(lambda: early.number == 20)
    await screens.watch(speaker.run, late)
    assert late.shown == early.shown
    await speaker.say(*pieces[20:])
    await speaker.end()
    await soon(lambda: late.finished and early.finished)
    assert late.shown == early.shown == render_blocks(STORY)


async def test_a_tab_that_comes_while_words_flow_loses_none(screens: Screens, speaker: Speaker) -> None:
    tabs = [Tab() for _ in range(5)]
    for number, piece in enumerate(pieces_of(STORY)):
        await speaker.say(piece)
        if number % 5 == 0 and number // 5 < len(tabs):
            await screens.watch(speaker.run, tabs[number // 5])
    await speaker.end()
    for tab in tabs:
        await soon(lambda tab=tab: tab.finished)
        assert tab.shown == render_blocks(STORY)


async def test_a_tab_that_comes_after_the_end_sees_the_whole_answer(screens: Screens, speaker: Speaker) -> None:
    await speaker.say(STORY)
    await speaker.end()
    tab = Tab()
    await screens.watch(speaker.run, tab)
    await soon(lambda: tab.finished)
    assert tab.kinds == ["finished"]
    assert tab.shown == render_blocks(STORY)
    assert "icon-copy" in tab.frames[0]["footer"]


async def test_what_the_doorbell_missed_is_taken_from_the_log(parts: Parts, screens: Screens, speaker: Speaker) -> None:
    tab = Tab()
    await screens.watch(speaker.run, tab)
    await speaker.say("One")
    await soon(lambda: tab.number == 1)
    for number, word in ((2, " two"), (3, " three")):
        await parts.redis.xadd(keys.log(speaker.run), {"e": Entry(number, TextDelta(word)).encode()}, id=f"{number}-0")
    speaker.writer.number = 3
    await speaker.say(" four")
    await soon(lambda: tab.text == "One two three four")


async def test_what_the_log_has_lost_is_taken_from_the_database(
    parts: Parts, screens: Screens, speaker: Speaker
) -> None:
    early, late = Tab(), Tab()
    await screens.watch(speaker.run, early)
    await speaker.say("One", " two")
    await soon(lambda: early.number == 2)
    await parts.redis.delete(keys.log(speaker.run))
    await speaker.say(" three")
    await speaker.save()
    await speaker.say(" four")
    await screens.leave(speaker.run, early)
    await screens.watch(speaker.run, late)
    await soon(lambda: late.text == "One two three four")


async def test_a_tab_waits_for_the_database_where_the_log_has_a_hole(
    parts: Parts, screens: Screens, speaker: Speaker
) -> None:
    await speaker.say("One", " two")
    await parts.redis.delete(keys.log(speaker.run))
    await speaker.say(" three")
    tab = Tab()
    await screens.watch(speaker.run, tab)
    assert tab.text == ""
    await speaker.save()
    await soon(lambda: tab.text == "One two three")


async def test_words_said_again_replace_those_on_the_page(screens: Screens, speaker: Speaker) -> None:
    tab = Tab()
    await screens.watch(speaker.run, tab)
    await speaker.say("One\n\ntwo\n\nthree")
    await soon(lambda: len(tab.shown) == 3)
    speaker.writer.text = "Only one"
    speaker.writer.restate([])
    await speaker.tell(Waiting("thinking"))
    await soon(lambda: tab.text == "Only one")
    assert tab.kinds[-2:] == ["text", "waiting"]


@asynccontextmanager
async def slow_client(wire: Wire) -> AsyncIterator[Redis]:
    async with Redis.from_url(f"redis://127.0.0.1:{wire.port}", client_name="slow") as client:
        await client.ping()
        yield client


async def test_an_end_that_comes_while_the_log_is_read_is_seen(valkey: Valkey, parts: Parts) -> None:
    async with Wire(valkey.port) as wire, slow_client(wire) as slow:
        speaker = Speaker(await make_run(), parts.journal)
        await speaker.say("One")
        screens = Screens(Parts(slow, parts.bell, parts.journal))  # type: ignore[arg-type]
        wire.hold()
        tab, heard = Tab(), list[bytes | None]()
        await screens.watch(speaker.run, tab)
        await soon(lambda: "xrange" in valkey.last_commands("slow"))
        await parts.bell.listen(keys.log(speaker.run), heard.append)
        await speaker.say(" two")
        await speaker.end()
        await soon(lambda: heard and b"finished" in heard[-1])
        wire.let_go()
        await soon(lambda: tab.finished, 5)
        assert tab.shown == render_blocks("One two")


async def test_an_end_that_nobody_told_is_found_in_the_database(screens: Screens, speaker: Speaker) -> None:
    """Who marked the run may have died before it rang the doorbell."""
    tab = Tab()
    await screens.watch(speaker.run, tab)
    await speaker.say("One", " two")
    await save_end(speaker.run, speaker.outcome)
    await soon(lambda: tab.finished, LOOK_SECONDS * 2)
    assert tab.text == "One two"


async def test_a_run_that_nobody_looks_at_is_heard_no_more(valkey: Valkey, screens: Screens, speaker: Speaker) -> None:
    channel = keys.log(speaker.run)
    tabs = Tab(), Tab()
    for tab in tabs:
        await screens.watch(speaker.run, tab)
    await speaker.say("One")
    await soon(lambda: all(tab.text == "One" for tab in tabs))
    await screens.leave(speaker.run, tabs[0])
    await speaker.say(" two")
    await soon(lambda: tabs[1].text == "One two")
    assert tabs[0].text == "One"
    assert valkey.listeners(channel) == 1
    await screens.leave(speaker.run, tabs[1])
    await soon(lambda: valkey.listeners(channel) == 0)


async def test_nobody_waits_for_a_run_that_was_erased(screens: Screens, speaker: Speaker) -> None:
    await in_thread(Conversation.objects.filter(runs=speaker.run).delete)()
    tab = Tab()
    await asyncio.wait_for(screens.watch(speaker.run, tab), 5)
    assert tab.frames == []


async def test_in_a_crowd_pictures_come_less_often_and_no_word_is_lost(parts: Parts, screens: Screens) -> None:
    table = "| verse | tone |\n|---|---|\n" + "".join(f"| *{row}* | `la` **la** |\n" for row in range(10))
    pieces = pieces_of(table)
    speakers = [Speaker(await make_run(), parts.journal) for _ in range(20)]
    tabs = [Tab() for _ in speakers]
    for speaker, tab in zip(speakers, tabs, strict=True):
        await screens.watch(speaker.run, tab)
    # All at once: a word from each, then the next from each.
    pipe = parts.redis.pipeline(transaction=False)
    for number, piece in enumerate(pieces, 1):
        for speaker in speakers:
            data = Entry(number, TextDelta(piece)).encode()
            pipe.xadd(keys.log(speaker.run), {"e": data}, id=f"{number}-0")
            pipe.publish(keys.log(speaker.run), data)
    await pipe.execute()
    for tab in tabs:
        await soon(lambda tab=tab: tab.shown == render_blocks(table))
    assert sum(len(tab.frames) for tab in tabs) < len(pieces) * len(tabs) / 2


async def test_people_in_line_see_their_place_also_after_a_reload(
    settings: Settings, valkey: Valkey, fake_llama: FakeLlama
) -> None:
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_PARALLEL = valkey.url, fake_llama.url, 1
    settings.LLAMA_DEMO = True  # names no conversations
    gate = Gate()
    gate.let(1)
    fake_llama.default, before = says("Hello there.", gate=gate), fake_llama.default
    try:
        async with Runtime() as runtime:
            screens = Screens(runtime)
            runs = [await make_run() for _ in range(3)]
            runtime.start(runs[0])
            await fake_llama.until(lambda counts: counts.requests == 1)
            runtime.start(runs[1])
            second = Tab()
            await screens.watch(runs[1], second)
            await soon(lambda: second.frames and second.frames[-1]["sentence"] == "You are next")
            runtime.start(runs[2])
            tab = Tab()
            await screens.watch(runs[2], tab)
            await soon(lambda: tab.frames and "1 person is before you" in tab.frames[-1]["sentence"])
            # All are saved at the same pace.
            await soon(lambda: Run.objects.filter(id=runs[0], saved_number__gt=0).exists())
            await screens.leave(runs[2], tab)
            reloaded = Tab()
            await screens.watch(runs[2], reloaded)
            await soon(lambda: [frame.get("sentence") for frame in reloaded.frames] == ["1 person is before you"], 5)
            gate.open()
            await soon(lambda: reloaded.finished)
            assert [frame["sentence"] for frame in reloaded.frames if frame["type"] == "waiting"] == [
                "1 person is before you",
                "You are next",
                "Thinking",
            ]
            await screens.close_all()
    finally:
        fake_llama.default = before
