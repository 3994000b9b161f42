"""The log of a run: numbered without gaps, whole after every trouble, heard by all readers, kept by a heartbeat."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from assistant import conversations, people
from assistant.database import in_thread
from assistant.doorbell import Doorbell
from assistant.events import (
    Event,
    ReasoningDelta,
    ReasoningReplaced,
    SourcesFound,
    StepTaken,
    TextDelta,
    TextReplaced,
    TurnFailed,
    TurnFinished,
    Unknown,
    Waiting,
    from_json,
)
from assistant.models import Message, Run
from assistant.runs import keys
from assistant.runs.heartbeat import Heartbeat, reap, request_stop
from assistant.runs.log import (
    EVENTS_PER_SECOND,
    INTERVAL_SECONDS,
    LOG_SECONDS,
    REASONING_CHARACTERS,
    TICK_SECONDS,
    Entry,
    Journal,
    read,
)
from tests.servers import Valkey, soon


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that the test may break."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def shaky_redis(own_valkey: Valkey) -> AsyncIterator[Redis]:
    """A client of the Valkey that breaks; it does not wait for long."""
    async with Redis.from_url(own_valkey.url, socket_connect_timeout=0.5, socket_timeout=0.5) as client:
        yield client


@pytest.fixture
async def journal(redis: Redis) -> AsyncIterator[Journal]:
    async with Journal(redis) as journal:
        yield journal


def told(entries: list[Entry]) -> str:
    """The answer as one reads it who takes these entries in order."""
    text = ""
    for entry in entries:
        match entry.event:
            case TextDelta(piece):
                text += piece
            case TextReplaced(whole):
                text = whole
    return text


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.number for entry in entries]


def others(entries: list[Entry]) -> list[Event]:
    """What was not text."""
    return [entry.event for entry in entries if not isinstance(entry.event, TextDelta | TextReplaced)]


# Writing and reading


@pytest.mark.parametrize(
    "event",
    [
        Waiting("queue", 3),
        TextDelta("Olá \u2028 🦙 \x00"),
        TextReplaced(""),
        ReasoningDelta("Hmm", 0.4),
        ReasoningReplaced("Hmm", 2),
        TurnFinished("length", "a model", 12, 34),
        TurnFailed("interrupted", retry=False),
    ],
)
def test_an_event_comes_out_of_the_log_as_it_went_in(event: Event) -> None:
    assert Entry.decode(Entry(7, event).encode()) == Entry(7, event)


def test_what_a_newer_version_adds_to_an_event_does_no_harm() -> None:
    assert from_json({"kind": "text", "text": "Hi", "mood": "calm"}) == TextDelta("Hi")


@pytest.mark.parametrize("value", [{"kind": "hologram", "depth": 3}, {"kind": "text", "words": "Hi"}, {}])
def test_what_only_a_newer_version_knows_is_skipped_and_logged(
    value: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    assert from_json(value) == Unknown()
    assert "another version is skipped" in caplog.text


async def test_events_are_numbered_from_one_without_gaps(redis: Redis, journal: Journal) -> None:
    writer = journal.open(uuid4())
    writer.append(Waiting("thinking"))
    for number in range(200):
        writer.append(TextDelta(f"word{number} "))
        await asyncio.sleep(0.001)
    writer.append(TurnFinished("stop"))
    assert await journal.written(writer, 5)
    entries = await read(redis, writer.run, 0)
    assert numbers(entries) == list(range(1, len(entries) + 1))
    assert told(entries) == "".join(f"word{number} " for number in range(200)) == writer.written_text
    assert others(entries) == [Waiting("thinking"), TurnFinished("stop")]
    assert writer.number == len(entries)


async def test_words_that_wait_for_each_other_are_written_as_one(redis: Redis, journal: Journal) -> None:
    writer = journal.open(uuid4())
    for letter in "abcdefghij":
        writer.append(TextDelta(letter))
    assert await journal.written(writer, 5)
    assert await read(redis, writer.run, 0) == [Entry(1, TextDelta("abcdefghij"))]


async def test_a_first_word_does_not_wait_for_a_crowd(redis: Redis, journal: Journal) -> None:
    crowd = [journal.open(uuid4()) for _ in range(1500)]
    for word in ("first", "second"):
        for writer in crowd:
            writer.append(TextDelta(word))
        await soon(lambda: all(not writer.pending for writer in crowd))
    # The journal rests for more than a second now.
    for writer in crowd:
        writer.append(TextDelta("third"))
    newcomer = journal.open(uuid4())
    newcomer.append(TextDelta("Hello"))
    assert await journal.written(newcomer, 20)
    assert any(writer.pending for writer in crowd)
    assert told(await read(redis, newcomer.run, 0)) == "Hello"


async def test_in_a_crowd_words_come_together_and_after_it_one_by_one(redis: Redis, journal: Journal) -> None:
    crowd = [journal.open(uuid4()) for _ in range(100)]
    for writer in crowd:
        writer.append(TextDelta("One"))
    assert all([await journal.written(writer, 5) for writer in crowd])
    first = crowd[0]
    first.append(TextDelta(" two"))
    assert first.due - first.written_at == pytest.approx(100 / EVENTS_PER_SECOND)
    await first.throttle()
    assert asyncio.get_running_loop().time() >= first.due - TICK_SECONDS - 0.001
    for writer in crowd[1:]:
        writer.append(TurnFinished("stop"))
    assert all([await journal.written(writer, 5) for writer in crowd])
    assert not first.pending
    first.append(TextDelta(" three"))
    assert first.due - first.written_at == pytest.approx(INTERVAL_SECONDS)
    asked = first.throttle()
    with pytest.raises(StopIteration):
        asked.send(None)


@pytest.mark.parametrize("event", [Waiting("thinking"), StepTaken({"tool": "calculate"}), TextReplaced("")])
async def test_a_model_is_asked_and_a_tool_begun_at_once_also_in_a_crowd(journal: Journal, event: Event) -> None:
    crowd = [journal.open(uuid4()) for _ in range(1000)]
    for writer in crowd:
        writer.append(TextDelta("One"))
    assert all([await journal.written(writer, 20) for writer in crowd])
    writer = journal.open(uuid4())
    writer.append(event)
    assert writer.pending
    assert journal.is_crowded
    with pytest.raises(StopIteration):
        writer.throttle().send(None)


async def test_two_readers_read_the_same_from_where_they_are(redis: Redis, journal: Journal) -> None:
    writer = journal.open(uuid4())
    for number in range(10):
        writer.append(TextDelta(f"{number} "))
        assert await journal.written(writer, 5)
    whole = await read(redis, writer.run, 0)
    assert numbers(await read(redis, writer.run, 4)) == [5, 6, 7, 8, 9, 10]
    assert whole[4:] == await read(redis, writer.run, 4)
    assert await read(redis, writer.run, 10) == []


async def test_the_runs_of_a_process_do_not_mix(redis: Redis, journal: Journal) -> None:
    writers = [(journal.open(uuid4()), f"answer {number}") for number in range(20)]
    for writer, text in writers:
        for letter in text:
            writer.append(TextDelta(letter))
            await asyncio.sleep(0)
    for writer, text in writers:
        assert await journal.written(writer, 5)
        assert told(await read(redis, writer.run, 0)) == text


async def test_a_log_is_kept_for_an_hour_after_its_last_event(redis: Redis, journal: Journal) -> None:
    writer = journal.open(uuid4())
    writer.append(TextDelta("Hello"))
    assert await journal.written(writer, 5)
    assert LOG_SECONDS - 60 < await redis.ttl(keys.log(writer.run)) <= LOG_SECONDS


# Trouble


async def test_redis_is_killed_and_the_whole_text_is_said_again(own_valkey: Valkey, shaky_redis: Redis) -> None:
    async with Journal(shaky_redis) as journal:
        writer = journal.open(uuid4())
        writer.append(TextDelta("One "))
        assert await journal.written(writer, 5)
        own_valkey.kill()
        writer.append(TextDelta("two "))
        assert not await journal.written(writer, 0.3)
        writer.append(Waiting("loading"))
        own_valkey.start()
        writer.append(TextDelta("three."))
        assert await journal.written(writer, 20)
        entries = await read(shaky_redis, writer.run, 0)
        assert entries[0].number > 1
        assert isinstance(entries[0].event, TextReplaced)
        assert told(entries) == "One two three." == writer.written_text
        assert others(entries) == [Waiting("loading")]
        assert numbers(entries)[-1] == writer.number


async def test_thoughts_that_wait_are_one_event_and_stay_within_bounds(redis: Redis, journal: Journal) -> None:
    writer = journal.open(uuid4())
    for event in (ReasoningDelta("Hm", 0.1), ReasoningDelta("m.", 0.2), TextDelta("Yes"), TextReplaced("")):
        writer.append(event)
    writer.append(ReasoningDelta("Yes", 0.4))
    writer.append(ReasoningDelta("x" * REASONING_CHARACTERS, 0.5))
    writer.append(TextDelta("No"))
    assert await journal.written(writer, 5)
    assert await read(redis, writer.run, 0) == [
        Entry(1, ReasoningDelta("Hmm.", 0.2)),
        Entry(2, TextDelta("Yes")),
        Entry(3, TextReplaced("")),
        Entry(4, ReasoningDelta("Yes" + "x" * (REASONING_CHARACTERS - 7), 0.5)),
        Entry(5, TextDelta("No")),
    ]
    assert writer.written_text == "No"
    assert writer.written_reasoning
    assert len(writer.written_reasoning.text) == REASONING_CHARACTERS


async def test_after_trouble_thoughts_are_said_again_behind_the_text(own_valkey: Valkey, shaky_redis: Redis) -> None:
    async with Journal(shaky_redis) as journal:
        writer = journal.open(uuid4())
        writer.append(ReasoningDelta("Hm", 0.1))
        assert await journal.written(writer, 5)
        own_valkey.kill()
        writer.append(ReasoningDelta("m.", 0.2))
        assert not await journal.written(writer, 0.3)
        own_valkey.start()
        writer.append(TextDelta("Yes."))
        assert await journal.written(writer, 20)
        entries = await read(shaky_redis, writer.run, 0)
        text, reasoning, *more = [entry.event for entry in entries]
        assert isinstance(text, TextReplaced)
        assert reasoning == ReasoningReplaced("Hmm.", 0.2)
        assert told([Entry(1, text), *(Entry(1, event) for event in more)]) == "Yes."


async def test_redis_freezes_and_no_word_is_doubled(own_valkey: Valkey, shaky_redis: Redis) -> None:
    async with Journal(shaky_redis) as journal:
        writer = journal.open(uuid4())
        writer.append(TextDelta("One "))
        assert await journal.written(writer, 5)
        own_valkey.pause()
        writer.append(TextDelta("two "))
        # Long enough for the write to fail; Valkey carries it out all the same when it wakes.
        await soon(lambda: any(isinstance(event, TextReplaced) for event in writer.pending))
        own_valkey.go_on()
        writer.append(TextDelta("three."))
        assert await journal.written(writer, 20)
        entries = await read(shaky_redis, writer.run, 0)
        assert told(entries) == "One two three."
        assert numbers(entries) == sorted(set(numbers(entries)))
        assert entries[0] == Entry(1, TextDelta("One "))


async def test_redis_is_full_and_all_is_said_once_there_is_room(own_valkey: Valkey, shaky_redis: Redis) -> None:
    async with Journal(shaky_redis) as journal:
        writer = journal.open(uuid4())
        writer.append(TextDelta("One "))
        assert await journal.written(writer, 5)
        await shaky_redis.config_set("maxmemory", 1)
        writer.append(TextDelta("two."))
        assert not await journal.written(writer, 0.5)
        await shaky_redis.config_set("maxmemory", 0)
        assert await journal.written(writer, 10)
        assert told(await read(shaky_redis, writer.run, 0)) == "One two."


async def test_an_event_that_cannot_be_written_keeps_its_number_and_silences_no_run(
    redis: Redis, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = journal.open(uuid4()), journal.open(uuid4())
    broken.append(TurnFinished("stop", model=object()))  # type: ignore[arg-type]
    broken.append(TextDelta("Hello"))
    other.append(TextDelta("Good day"))
    assert await journal.written(broken, 5)
    assert await journal.written(other, 5)
    assert await read(redis, broken.run, 0) == [Entry(1, Unknown()), Entry(2, TextDelta("Hello"))]
    other.append(TextDelta(", and good night"))
    assert await journal.written(other, 5)
    assert told(await read(redis, other.run, 0)) == "Good day, and good night"
    assert "TurnFinished" in caplog.text


async def test_an_error_that_nobody_expects_ends_no_log(
    redis: Redis, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer, pipeline = journal.open(uuid4()), redis.pipeline

    def fails_once(**options: object) -> object:
        monkeypatch.setattr(redis, "pipeline", pipeline)
        raise AttributeError("a slip")

    monkeypatch.setattr(redis, "pipeline", fails_once)
    writer.append(TextDelta("Hello"))
    assert await journal.written(writer, 5)
    assert told(await read(redis, writer.run, 0)) == "Hello"
    assert "a slip" in caplog.text


async def test_a_writer_that_is_forgotten_holds_up_nobody(own_valkey: Valkey, shaky_redis: Redis) -> None:
    async with Journal(shaky_redis) as journal:
        writer = journal.open(uuid4())
        own_valkey.kill()
        writer.append(TextDelta("Hello"))
        await soon(lambda: any(isinstance(event, TextReplaced) for event in writer.pending))
        journal.forget(writer)
        assert await journal.written(writer, 1)
        own_valkey.start()
        assert await read(shaky_redis, writer.run, 0) == []


# The doorbell


class Heard:
    """A listener that notes what it hears."""

    def __init__(self) -> None:
        self.all: list[bytes | None] = []

    def __call__(self, data: bytes | None) -> None:
        self.all.append(data)

    @property
    def words(self) -> list[bytes]:
        return [data for data in self.all if data is not None]

    @property
    def breaks(self) -> int:
        return self.all.count(None)


async def ring_until_heard(redis: Redis, channel: str, heard: Heard, word: bytes) -> None:
    async with asyncio.timeout(15):
        while word not in heard.words:
            with suppress(ConnectionError):  # of before a restart
                await redis.publish(channel, word)
            await asyncio.sleep(0.01)


async def test_a_listener_hears_what_it_listens_to_until_it_leaves(valkey: Valkey, redis: Redis) -> None:
    mine, other = Heard(), Heard()
    async with Doorbell(valkey.url) as bell:
        await bell.subscribe("mine", mine)
        await bell.subscribe("other", other)
        await ring_until_heard(redis, "mine", mine, b"one")
        await bell.unsubscribe("mine", mine)
        await ring_until_heard(redis, "other", other, b"two")
        before = len(mine.all)
        await redis.publish("mine", b"three")
        await ring_until_heard(redis, "other", other, b"four")
    assert len(mine.all) == before
    assert b"one" not in other.words


async def test_a_listener_that_comes_while_the_bell_connects_hears_too(valkey: Valkey, redis: Redis) -> None:
    listeners = {f"early-{number}": Heard() for number in range(100)}
    async with Doorbell(valkey.url) as bell:
        for channel, heard in listeners.items():
            await bell.subscribe(channel, heard)
            await asyncio.sleep(0)
        for channel, heard in listeners.items():
            await ring_until_heard(redis, channel, heard, b"ring")


async def test_the_bell_can_be_taken_down_at_any_moment(valkey: Valkey) -> None:
    for steps in range(40):
        async with asyncio.timeout(5), Doorbell(valkey.url):
            for _ in range(steps):
                await asyncio.sleep(0)


async def test_the_bell_comes_back_after_redis_and_tells_everybody(
    own_valkey: Valkey, shaky_redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    heard, late = Heard(), Heard()
    async with Doorbell(own_valkey.url) as bell:
        await bell.subscribe("run", heard)
        await ring_until_heard(shaky_redis, "run", heard, b"before")
        breaks = heard.breaks
        own_valkey.kill()
        await soon(lambda: heard.breaks == breaks + 1)
        await bell.subscribe("late", late)
        # It knocks in vain and tells nobody: each word would make every open page look again.
        await soon(lambda: caplog.text.count("subscriptions are interrupted") > 2)
        assert heard.breaks == breaks + 1
        own_valkey.start()
        await soon(lambda: heard.breaks == breaks + 2)
        await ring_until_heard(shaky_redis, "run", heard, b"after")
        await ring_until_heard(shaky_redis, "late", late, b"after")


async def test_one_listener_that_stumbles_does_not_deafen_the_others(
    valkey: Valkey, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(data: bytes | None) -> None:
        raise ValueError("a stone")

    heard = Heard()
    async with Doorbell(valkey.url) as bell:
        await bell.subscribe("run", stumble)
        await bell.subscribe("run", heard)
        await ring_until_heard(redis, "run", heard, b"one")
        await ring_until_heard(redis, "run", heard, b"two")
    assert "a stone" in caplog.text


# The keeper


@in_thread
def make_run(seconds_ago: float = 0, text: str = "", number: int = 3) -> UUID:
    """A run that nobody answers, begun so long ago."""
    conversation = conversations.begin(people.make_guest(), "")
    answer = conversation.messages.create(position=1, role=Message.Role.ASSISTANT, text=text)
    run = Run.objects.create(conversation=conversation, answer=answer, saved_number=number if text else 0)
    Run.objects.filter(id=run.id).update(created_at=timezone.now() - timedelta(seconds=seconds_ago))
    return run.id


@in_thread
def state(run: UUID) -> tuple[str, str]:
    return Run.objects.values_list("status", "problem").get(id=run)


async def test_a_run_that_is_kept_has_a_heartbeat_that_ends_with_its_process(valkey: Valkey, redis: Redis) -> None:
    run = uuid4()
    async with Heartbeat(redis) as keeper:
        keeper.add(run, lambda: None)
        await soon(lambda: valkey.has(keys.alive(run)), 5)
        keeper.remove(run)
    assert 0 < await redis.ttl(keys.alive(run)) <= 10


async def test_a_person_stops_an_answer_within_a_second(redis: Redis) -> None:
    run, other = uuid4(), uuid4()
    stopped, not_stopped = asyncio.Event(), asyncio.Event()
    async with Heartbeat(redis) as keeper:
        keeper.add(run, stopped.set)
        keeper.add(other, not_stopped.set)
        await request_stop(redis, run)
        await asyncio.wait_for(stopped.wait(), 1)
    assert not not_stopped.is_set()


async def test_the_keeper_goes_on_after_redis_was_away(
    own_valkey: Valkey, shaky_redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    run, stopped = uuid4(), asyncio.Event()
    async with Heartbeat(shaky_redis) as keeper:
        own_valkey.kill()
        keeper.add(run, stopped.set)
        await soon(lambda: "runs cannot be kept alive" in caplog.text)
        own_valkey.start()
        await request_stop(shaky_redis, run)
        await asyncio.wait_for(stopped.wait(), 10)
        assert await shaky_redis.exists(keys.alive(run))


async def test_a_run_without_a_heartbeat_is_interrupted_when_seen_twice(own_valkey: Valkey, shaky_redis: Redis) -> None:
    dead, alive = await make_run(60, "So far"), await make_run(60)
    young, heard = await make_run(), Heard()
    await shaky_redis.set(keys.alive(alive), 1)
    async with Doorbell(own_valkey.url) as bell:
        await bell.subscribe(keys.log(dead), heard)
        await soon(lambda: heard.breaks)
        doubted = await reap(shaky_redis, set())
        assert dead in doubted
        assert {alive, young}.isdisjoint(doubted)
        assert await state(dead) == ("running", "")
        assert dead not in await reap(shaky_redis, doubted)
        await soon(lambda: heard.words)
    assert await state(dead) == ("interrupted", "interrupted")
    assert await state(alive) == await state(young) == ("running", "")
    said = Entry(4, TurnFailed("interrupted"))
    assert await read(shaky_redis, dead, 0) == [Entry.decode(heard.words[0])] == [said]
    assert await shaky_redis.ttl(keys.log(dead)) > 0


async def test_a_run_that_shows_life_again_is_not_interrupted(shaky_redis: Redis) -> None:
    run = await make_run(60)
    doubted = await reap(shaky_redis, set())
    await shaky_redis.set(keys.alive(run), 1)
    doubted = await reap(shaky_redis, doubted)
    await shaky_redis.delete(keys.alive(run))
    assert run in await reap(shaky_redis, doubted)
    assert await state(run) == ("running", "")


async def test_what_people_saw_of_a_dead_processs_answer_is_kept(shaky_redis: Redis) -> None:
    """It was saved every two seconds, and told many times in between."""
    run = await make_run(60, "So far", number=2)
    async with Journal(shaky_redis) as journal:
        writer = journal.open(run)
        events: list[Event] = [TextDelta("So "), TextDelta("far"), TextDelta(" and on"), ReasoningDelta("Hm", 1.5)]
        step = {"tool": "search_web", "what": "llamas"}
        source = {"url": "https://a.example/", "title": "A"}
        for event in [*events, StepTaken(step), SourcesFound([source]), TextDelta(" and on")]:
            writer.append(event)
            assert await journal.written(writer, 5)
    await reap(shaky_redis, {run})
    kept = await Run.objects.select_related("answer").aget(id=run)
    assert (kept.answer.text, kept.saved_number) == ("So far and on and on", 7)
    assert (kept.reasoning, kept.steps, kept.sources) == ("Hm", [step], [source])


async def test_after_a_gap_in_the_log_only_a_whole_text_is_kept(shaky_redis: Redis) -> None:
    lost, told_again = await make_run(60, "So far", number=2), await make_run(60, "So far", number=2)
    for run, event in ((lost, TextDelta("later")), (told_again, TextReplaced("So far and later"))):
        data = Entry(5, event).encode()
        await shaky_redis.xadd(keys.log(run), {"e": data}, id="5-0")
        await reap(shaky_redis, {run})
    texts = [run.answer.text async for run in Run.objects.select_related("answer").filter(id__in=[lost, told_again])]
    assert sorted(texts) == ["So far", "So far and later"]


async def test_what_a_dead_process_wrote_last_stands_before_the_end(shaky_redis: Redis) -> None:
    run = await make_run(60, "So far")
    async with Journal(shaky_redis) as journal:
        writer = journal.open(run)
        for word in ("So ", "far ", "and ", "on ", "and on"):
            writer.append(TextDelta(word))
            assert await journal.written(writer, 5)
    await reap(shaky_redis, {run})
    entries = await read(shaky_redis, run, 0)
    assert numbers(entries) == [1, 2, 3, 4, 5, 6]
    assert entries[-1].event == TurnFailed("interrupted")
