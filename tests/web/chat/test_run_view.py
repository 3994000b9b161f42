"""What tabs see of an answer: the same in all, in order, whole at the end, whatever the doorbell missed."""

import asyncio
import json
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from assistant import conversations, people
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.doorbell import Doorbell
from assistant.events import Event, ReasoningDelta, TextDelta, TextReplaced, TurnFinished, Waiting
from assistant.models import Conversation, Run
from assistant.runs import keys
from assistant.runs.follower import POLL_SECONDS
from assistant.runs.log import Entry, Journal
from assistant.runs.saving import Outcome, save_end, save_progress
from assistant.runtime import Runtime
from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Valkey, soon
from tests.wire import Wire
from web.chat import run_view
from web.chat.run_view import RunViews
from web.markdown.blocks import render_blocks

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
        self.thought = ""
        self.number = 0

    def __call__(self, frame: str) -> None:
        heard = json.loads(frame)
        self.frames.append(heard)
        assert heard["number"] >= self.number
        if heard["type"] == "append":
            assert heard["previous"] == self.number
            self._append(heard["block"], heard["text"])
        if heard["type"] == "reasoning":
            assert heard["previous"] in (None, self.number)
            self.thought = heard["text"] if heard["previous"] is None else self.thought + heard["text"]
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
    """What views need of a Runtime."""

    redis: Redis
    doorbell: Doorbell
    journal: Journal


@pytest.fixture
async def parts(valkey: Valkey) -> AsyncIterator[Parts]:
    async with (
        Redis.from_url(valkey.url) as redis,
        Doorbell(valkey.url) as doorbell,
        Journal(redis) as journal,
    ):
        yield Parts(redis, doorbell, journal)


@pytest.fixture(params=["beside", "elsewhere"])
async def views(parts: Parts, request: pytest.FixtureRequest) -> AsyncIterator[RunViews]:
    """In the process of whoever answers, or in another."""
    others = replace(parts, journal=Journal(parts.redis))
    views = RunViews(parts if request.param == "beside" else others)  # type: ignore[arg-type]
    yield views
    await views.close()


class Speaker:
    """Makes an answer by hand, as assistant/answer.py does."""

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
        writer = self.writer
        await save_progress(self.run, writer.written_text, writer.number, writer.written_reasoning)

    async def end(self) -> None:
        """The database first, then the log."""
        await save_end(self.run, self.outcome)
        await self.tell(TurnFinished("stop"))

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.writer.text, self.writer.number, None, TurnFinished("stop"), self.writer.reasoning)


@in_thread
def make_run(question: str = "Sing") -> UUID:
    turn = conversations.say(people.make_guest(), None, question, uuid4())
    return turn.run.id


@pytest.fixture
async def speaker(parts: Parts) -> Speaker:
    return Speaker(await make_run(), parts.journal)


def pieces_of(text: str) -> list[str]:
    return re.findall(r".{1,7}", text, re.DOTALL)


async def test_two_tabs_see_all_frames_in_order_and_the_same_end(views: RunViews, speaker: Speaker) -> None:
    tabs = Tab(), Tab()
    for tab in tabs:
        await views.watch(speaker.run, "en", tab)
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


async def test_thoughts_come_in_pieces_and_are_whole_at_the_end(views: RunViews, speaker: Speaker) -> None:
    early, late = Tab(), Tab()
    await views.watch(speaker.run, "en", early)
    await speaker.tell(Waiting("thinking"))
    await speaker.tell(ReasoningDelta("Hm", 0.2))
    await speaker.tell(ReasoningDelta("m <b>.", 8.4))
    await soon(lambda: early.thought == "Hmm <b>.")
    assert early.frames[-1]["sentence"] == "Thinking for 8 s"
    await views.watch(speaker.run, "en", late)
    assert (late.kinds, late.thought) == (["reasoning"], "Hmm <b>.")
    await speaker.say("Good", " day.")
    for tab in (early, late):
        await soon(lambda tab=tab: tab.text == "Good day.")
        assert [frame["sentence"] for frame in tab.frames if "sentence" in frame][-1] == "Thought for 8 s"
    await speaker.end()
    await soon(lambda: early.finished and late.finished)
    assert early.thought == late.thought == "Hmm <b>."
    for html in (early.frames[-1]["reasoning"], late.frames[-1]["reasoning"]):
        assert "Hmm &lt;b&gt;." in html
        assert "Thought for 8 s" in html


async def test_words_that_were_thoughts_leave_the_answer(views: RunViews, speaker: Speaker) -> None:
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.say("I think.\n\nSo.")
    await soon(lambda: tab.text == "I think. So.")
    await speaker.tell(TextReplaced(""))
    await speaker.tell(ReasoningDelta("I think.\n\nSo.", 70))
    await soon(lambda: tab.thought == "I think.\n\nSo.")
    assert tab.shown == []
    assert tab.frames[-1]["sentence"] == "Thinking for 1 min 10 s"
    await speaker.say("Yes.")
    await soon(lambda: tab.text == "Yes.")


async def test_thoughts_that_the_log_has_lost_are_taken_from_the_database(
    parts: Parts, views: RunViews, speaker: Speaker
) -> None:
    await speaker.tell(ReasoningDelta("Hmm.", 3))
    await speaker.save()
    await parts.redis.delete(keys.log(speaker.run))
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    assert (tab.thought, tab.frames[-1]["sentence"]) == ("Hmm.", "Thinking for 3 s")
    await speaker.tell(ReasoningDelta(" So.", 4))
    await soon(lambda: tab.thought == "Hmm. So.")


async def test_an_answer_without_thoughts_sends_nothing_of_them(views: RunViews, speaker: Speaker) -> None:
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.say("Good", " day.")
    await speaker.end()
    await soon(lambda: tab.finished)
    assert "reasoning" not in tab.kinds
    assert tab.frames[-1]["reasoning"] == ""


async def test_words_of_prose_are_only_added(views: RunViews, speaker: Speaker) -> None:
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.say("It walked", " over", " the", " hills")
    await soon(lambda: tab.text == "It walked over the hills")
    assert tab.kinds[0] == "text"
    assert "append" in tab.kinds[1:]


async def test_a_tab_that_comes_in_the_middle_sees_what_was_said_and_what_comes(
    views: RunViews, speaker: Speaker
) -> None:
    early, late = Tab(), Tab()
    await views.watch(speaker.run, "en", early)
    pieces = pieces_of(STORY)
    await speaker.say(*pieces[:20])
    await soon(lambda: early.number == 20)
    await views.watch(speaker.run, "en", late)
    assert late.shown == early.shown
    await speaker.say(*pieces[20:])
    await speaker.end()
    await soon(lambda: late.finished and early.finished)
    assert late.shown == early.shown == render_blocks(STORY)


async def test_a_tab_that_comes_while_words_flow_loses_none(views: RunViews, speaker: Speaker) -> None:
    tabs = [Tab() for _ in range(5)]
    for number, piece in enumerate(pieces_of(STORY)):
        await speaker.say(piece)
        if number % 5 == 0 and number // 5 < len(tabs):
            await views.watch(speaker.run, "en", tabs[number // 5])
    await speaker.end()
    for tab in tabs:
        await soon(lambda tab=tab: tab.finished)
        assert tab.shown == render_blocks(STORY)


async def test_a_tab_that_comes_after_the_end_sees_the_whole_answer(views: RunViews, speaker: Speaker) -> None:
    await speaker.say(STORY)
    await speaker.end()
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await soon(lambda: tab.finished)
    assert tab.kinds == ["finished"]
    assert tab.shown == render_blocks(STORY)
    assert "icon-copy" in tab.frames[0]["footer"]


async def test_what_the_doorbell_missed_is_taken_from_the_log(parts: Parts, views: RunViews, speaker: Speaker) -> None:
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.say("One")
    await soon(lambda: tab.number == 1)
    for number, word in ((2, " two"), (3, " three")):
        await parts.redis.xadd(keys.log(speaker.run), {"e": Entry(number, TextDelta(word)).encode()}, id=f"{number}-0")
    speaker.writer.number = 3
    await speaker.say(" four")
    await soon(lambda: tab.text == "One two three four")


async def test_what_the_log_has_lost_is_taken_from_the_database(
    parts: Parts, views: RunViews, speaker: Speaker
) -> None:
    early, late = Tab(), Tab()
    await views.watch(speaker.run, "en", early)
    await speaker.say("One", " two")
    await soon(lambda: early.number == 2)
    await parts.redis.delete(keys.log(speaker.run))
    await speaker.say(" three")
    await speaker.save()
    await speaker.say(" four")
    await views.leave(speaker.run, "en", early)
    await views.watch(speaker.run, "en", late)
    await soon(lambda: late.text == "One two three four")


@pytest.mark.parametrize("views", ["elsewhere"], indirect=True)
async def test_a_tab_waits_for_the_database_where_the_log_has_a_hole(
    parts: Parts, views: RunViews, speaker: Speaker
) -> None:
    await speaker.say("One", " two")
    await parts.redis.delete(keys.log(speaker.run))
    await speaker.say(" three")
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    assert tab.text == ""
    await speaker.save()
    await soon(lambda: tab.text == "One two three")


async def test_a_wait_is_shown_after_the_words_before_it_however_busy_the_process_is(
    views: RunViews, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is done next, and words that come later would hide it. Here no time is left for painting."""
    monkeypatch.setattr(run_view, "PAINT_SECONDS", 0)
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.tell(TextDelta("Let me see."))
    await speaker.tell(Waiting("searching", words="llamas"))
    await soon(lambda: "waiting" in tab.kinds and tab.text == "Let me see.")
    assert tab.kinds[-2:] == ["text", "waiting"]


async def test_words_said_again_replace_those_on_the_page(views: RunViews, speaker: Speaker) -> None:
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
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
        views = RunViews(Parts(slow, parts.doorbell, Journal(slow)))  # type: ignore[arg-type]
        wire.hold()
        tab, heard = Tab(), list[bytes | None]()
        await views.watch(speaker.run, "en", tab)
        await soon(lambda: "xrange" in valkey.last_commands("slow"))
        await parts.doorbell.subscribe(keys.log(speaker.run), heard.append)
        await speaker.say(" two")
        await speaker.end()
        await soon(lambda: heard and b"finished" in heard[-1])
        wire.let_go()
        await soon(lambda: tab.finished, 5)
        assert tab.shown == render_blocks("One two")


async def test_an_end_that_nobody_told_is_found_in_the_database(views: RunViews, speaker: Speaker) -> None:
    """Who marked the run may have died before it rang the doorbell."""
    tab = Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.say("One", " two")
    await save_end(speaker.run, speaker.outcome)
    await soon(lambda: tab.finished, POLL_SECONDS * 2)
    assert tab.text == "One two"


@pytest.mark.parametrize("views", ["elsewhere"], indirect=True)
async def test_a_run_that_nobody_looks_at_is_heard_no_more(valkey: Valkey, views: RunViews, speaker: Speaker) -> None:
    channel = keys.log(speaker.run)
    tabs = Tab(), Tab()
    for tab in tabs:
        await views.watch(speaker.run, "en", tab)
    await speaker.say("One")
    await soon(lambda: all(tab.text == "One" for tab in tabs))
    await views.leave(speaker.run, "en", tabs[0])
    await speaker.say(" two")
    await soon(lambda: tabs[1].text == "One two")
    assert tabs[0].text == "One"
    assert valkey.listeners(channel) == 1
    await views.leave(speaker.run, "en", tabs[1])
    await soon(lambda: valkey.listeners(channel) == 0)


@pytest.mark.parametrize("views", ["beside"], indirect=True)
async def test_words_reach_tabs_of_the_same_process_without_the_doorbell(
    valkey: Valkey, views: RunViews, speaker: Speaker
) -> None:
    early, late = Tab(), Tab()
    await views.watch(speaker.run, "en", early)
    await speaker.say("One")
    assert early.text == "One"
    await views.watch(speaker.run, "en", late)
    await speaker.say(" two")
    assert early.text == late.text == "One two"
    assert valkey.listeners(keys.log(speaker.run)) == 0
    for tab in (early, late):
        await views.leave(speaker.run, "en", tab)
    assert not speaker.writer.listeners


async def test_a_wait_is_shown_until_the_first_word(views: RunViews, speaker: Speaker) -> None:
    tab, late = Tab(), Tab()
    await views.watch(speaker.run, "en", tab)
    await speaker.tell(Waiting("queue", 2))
    await views.watch(speaker.run, "en", late)
    await soon(lambda: tab.kinds == late.kinds == ["waiting"])
    assert tab.frames[0]["sentence"] == late.frames[0]["sentence"]
    await speaker.say("One")
    await soon(lambda: tab.text == late.text == "One")
    last = Tab()
    await views.watch(speaker.run, "en", last)
    assert last.kinds == ["text"]


async def test_nobody_waits_for_a_run_that_was_erased(views: RunViews, speaker: Speaker) -> None:
    await in_thread(Conversation.objects.filter(runs=speaker.run).delete)()
    tab = Tab()
    await asyncio.wait_for(views.watch(speaker.run, "en", tab), 5)
    assert tab.frames == []


@pytest.mark.parametrize("views", ["elsewhere"], indirect=True)
async def test_in_a_crowd_pictures_come_less_often_and_no_word_is_lost(parts: Parts, views: RunViews) -> None:
    table = "| verse | tone |\n|---|---|\n" + "".join(f"| *{row}* | `la` **la** |\n" for row in range(10))
    pieces = pieces_of(table)
    speakers = [Speaker(await make_run(), parts.journal) for _ in range(20)]
    tabs = [Tab() for _ in speakers]
    for speaker, tab in zip(speakers, tabs, strict=True):
        await views.watch(speaker.run, "en", tab)
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


def catalog(folder: Path, language: str, words: dict[str, str]) -> None:
    """A compiled catalog of translations, in the format of GNU gettext's .mo files (its manual, section 10.3)."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **words}.items())
    texts = [[text.encode() for text in column] for column in zip(*pairs, strict=True)]
    count, start = len(pairs), 28 + 16 * len(pairs)
    tables, data = b"", b""
    for column in texts:
        for text in column:
            tables += struct.pack("<II", len(text), start + len(data))
            data += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, start)
    file = folder / language / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(head + tables + data)


async def test_each_viewer_reads_in_their_own_language(
    parts: Parts, views: RunViews, speaker: Speaker, settings: Settings, tmp_path: Path
) -> None:
    catalog(tmp_path, "de", {"Thinking": "Denkt nach", "Copy": "Kopieren", "Copy code": "Code kopieren"})
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    settings.LOCALE_PATHS = [tmp_path]
    english, german = Tab(), Tab()
    await views.watch(speaker.run, "en", english)
    await views.watch(speaker.run, "de", german)
    await speaker.tell(Waiting("thinking"))
    await soon(lambda: english.frames and german.frames)
    assert [tab.frames[0]["sentence"] for tab in (english, german)] == ["Thinking", "Denkt nach"]
    await speaker.say("```python\nprint()\n```\n")
    await soon(lambda: english.shown and german.shown)
    assert [re.search(">(Copy|Kopieren)<", tab.shown[0])[1] for tab in (english, german)] == ["Copy", "Kopieren"]
    await speaker.end()
    await soon(lambda: english.finished and german.finished)
    assert "Kopieren" in german.shown[0]
    assert "Kopieren" not in english.shown[0]


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
            views, answering = RunViews(runtime), Answering(runtime)
            runs = [await make_run() for _ in range(3)]
            answering.start(runs[0])
            await fake_llama.until(lambda counts: counts.requests == 1)
            answering.start(runs[1])
            second = Tab()
            await views.watch(runs[1], "en", second)
            await soon(lambda: second.frames and second.frames[-1]["sentence"] == "You are next")
            answering.start(runs[2])
            tab = Tab()
            await views.watch(runs[2], "en", tab)
            await soon(lambda: tab.frames and "1 person is before you" in tab.frames[-1]["sentence"])
            # All are saved at the same pace.
            await soon(lambda: Run.objects.filter(id=runs[0], saved_number__gt=0).exists())
            await views.leave(runs[2], "en", tab)
            reloaded = Tab()
            await views.watch(runs[2], "en", reloaded)
            await soon(lambda: [frame.get("sentence") for frame in reloaded.frames] == ["1 person is before you"], 5)
            gate.open()
            await soon(lambda: reloaded.finished)
            assert [frame["sentence"] for frame in reloaded.frames if frame["type"] == "waiting"] == [
                "1 person is before you",
                "You are next",
                "Thinking",
            ]
            await views.close()
    finally:
        fake_llama.default = before
