"""A guard model over real HTTP: good ones, and those that are slow, dead, unfit or talk nonsense."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistant.guard import client as module
from assistant.guard import trial
from assistant.guard.categories import Category, version_of
from assistant.guard.client import GuardClient
from assistant.guard.errors import GuardAwayError, GuardError, RefusedQuestionError, SelfHarmError, VerdictError
from assistant.guard.guard import Guard
from assistant.guard.verdicts import Verdict
from assistant.llama.client import NoteUsage
from assistant.llama.messages import ChatMessage
from assistant.llama.options import LlamaOptions
from tests.fake_guard import TRIALS, judged, judges, says_as_guard
from tests.fake_llama import Answer, FakeLlama, Gate, cut_off, fails, sends

THREE = version_of("", 3)
HELLO = [ChatMessage("user", "Hello")]
BOMB = [ChatMessage("user", "A bomb, please")]
UNSAFE = Verdict(frozenset({Category.INDISCRIMINATE_WEAPONS}))


@asynccontextmanager
async def connected(
    llama: FakeLlama, key: str = "", seats: int = 4, note_usage: NoteUsage = lambda _model, _read, _written: None
) -> AsyncIterator[GuardClient]:
    client = GuardClient(LlamaOptions(llama.url, "Llama-Guard-3-8B", key), THREE, seats, note_usage)
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def client(guard_llama: FakeLlama) -> AsyncIterator[GuardClient]:
    async with connected(guard_llama) as client:
        yield client


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PAUSE_SECONDS", (0.0,))


def asked(llama: FakeLlama) -> list[str]:
    """What was to be judged, without the trial."""
    return [text for text in map(judged, llama.requests) if text not in TRIALS]


@pytest.mark.parametrize("way", ["messages", "parts", "prefill", "prompt"])
async def test_it_finds_out_how_the_server_has_to_be_asked(
    guard_llama: FakeLlama, client: GuardClient, way: str
) -> None:
    guard_llama.default = judges(way=way)
    assert await client.verdict(HELLO) == Verdict()
    assert await client.verdict(BOMB) == UNSAFE
    assert await client.verdict([*HELLO, ChatMessage("assistant", "It is a bomb")]) == UNSAFE
    last = guard_llama.requests[-1]
    assert last["temperature"] == 0
    assert last["model"] == "Llama-Guard-3-8B"
    assert (len(last["messages"]) == 2) == (way in ("messages", "parts"))


async def test_the_trial_is_made_once(guard_llama: FakeLlama, client: GuardClient) -> None:
    await asyncio.gather(*(client.verdict(HELLO) for _ in range(5)))
    assert len(guard_llama.requests) == 3 + 5


@pytest.mark.parametrize("always", ["safe", "unsafe\nS1", "I cannot judge that.", ""])
async def test_a_model_that_judges_nothing_counts_as_away(
    guard_llama: FakeLlama, client: GuardClient, always: str
) -> None:
    guard_llama.default = says_as_guard(always)
    with pytest.raises(GuardAwayError):
        await client.verdict(HELLO)
    assert asked(guard_llama) == []


BROKEN: list[Answer] = [
    fails(500),
    fails(503),
    fails(429),
    fails(401),
    fails(404),
    cut_off("saf"),
    sends(b"", kind="application/json"),
    sends(b"safe", kind="text/plain"),
    sends(b"{" * 100_000, kind="application/json"),
    sends(b'{"choices": []}', kind="application/json"),
    sends(b'{"choices": [{"message": null}]}', kind="application/json"),
    sends(b'["safe"]', kind="application/json"),
]


@pytest.mark.parametrize("answer", BROKEN)
async def test_no_failure_is_taken_for_safe(guard_llama: FakeLlama, client: GuardClient, answer: Answer) -> None:
    await client.verdict(HELLO)
    guard_llama.script(answer)
    with pytest.raises(GuardAwayError):
        await client.verdict(HELLO)


@pytest.mark.parametrize(("said", "reason"), [("Hmm", "stop"), (None, "stop"), ("safe", "length"), (["safe"], "stop")])
async def test_nonsense_is_no_verdict_and_the_next_one_is_asked_for(
    guard_llama: FakeLlama, client: GuardClient, said: object, reason: str
) -> None:
    await client.verdict(HELLO)
    guard_llama.script(says_as_guard(said, reason))
    with pytest.raises(VerdictError):
        await client.verdict(HELLO)
    assert await client.verdict(BOMB) == UNSAFE


async def test_a_wrong_key_is_away(guard_llama: FakeLlama) -> None:
    guard_llama.key = "right"
    async with connected(guard_llama, "wrong") as client:
        with pytest.raises(GuardAwayError):
            await client.verdict(HELLO)
    async with connected(guard_llama, "right") as client:
        assert await client.verdict(HELLO) == Verdict()


async def test_nobody_waits_for_a_dead_one(
    guard_llama: FakeLlama, client: GuardClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VERDICT_SECONDS", 0.2)
    await client.verdict(HELLO)
    guard_llama.default = judges(gate=Gate())
    with pytest.raises(GuardAwayError, match=r"0\.2 s"):
        await client.verdict(HELLO)
    monkeypatch.setattr(module, "VERDICT_SECONDS", 60)
    count = len(guard_llama.requests)
    async with asyncio.timeout(5):
        for _ in range(20):
            with pytest.raises(GuardAwayError):
                await client.verdict(HELLO)
    assert len(guard_llama.requests) == count


async def test_nobody_waits_for_the_trial_of_one_that_hangs_from_the_first(
    guard_llama: FakeLlama, client: GuardClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_: Any) -> None:
        await asyncio.Event().wait()

    guard_llama.default = hangs
    monkeypatch.setattr(module, "VERDICT_SECONDS", 0.2)
    with pytest.raises(GuardAwayError):
        await client.verdict(HELLO)
    monkeypatch.setattr(module, "VERDICT_SECONDS", 60)
    async with asyncio.timeout(5):
        with pytest.raises(GuardAwayError):
            await client.verdict(HELLO)
    assert len(guard_llama.requests) == 1


async def test_it_comes_back(guard_llama: FakeLlama, client: GuardClient, no_pause: None) -> None:
    await client.verdict(HELLO)
    guard_llama.stop()
    with pytest.raises(GuardAwayError):
        await client.verdict(HELLO)
    guard_llama.default = judges(way="prompt")
    guard_llama.start()
    async with asyncio.timeout(20):
        while True:
            try:
                assert await client.verdict(BOMB) == UNSAFE
                break
            except GuardAwayError:
                await asyncio.sleep(0.02)


async def test_so_many_are_asked_at_once(guard_llama: FakeLlama) -> None:
    gate = Gate()
    guard_llama.default = judges(gate=gate)
    async with connected(guard_llama, seats=2) as client:
        await client.verdict([ChatMessage("user", next(iter(TRIALS)))])
        tasks = [asyncio.create_task(client.verdict(HELLO)) for _ in range(5)]
        await guard_llama.until(lambda counts: counts.open == 2)
        await asyncio.sleep(0)
        assert len(asked(guard_llama)) == 2
        gate.open()
        assert await asyncio.gather(*tasks) == [Verdict()] * 5


# What the operator makes of it


async def refused_with(work: Callable[[], Any]) -> type[GuardError] | None:
    try:
        await work()
    except GuardError as error:
        return type(error)
    return None


def guard(client: GuardClient, *ignored: Category, open_when_away: bool = False) -> Guard:
    return Guard(client, frozenset(ignored), 4_000, open_when_away=open_when_away)


async def test_what_is_ignored_for_accounts_counts_for_guests(guard_llama: FakeLlama, client: GuardClient) -> None:
    guard_llama.default = judges({"vote": "S13", "child": "S4"})
    judge = guard(client, Category.ELECTIONS, Category.CHILD_EXPLOITATION)
    vote, child = [ChatMessage("user", "vote")], [ChatMessage("user", "child")]
    assert await refused_with(lambda: judge.question(vote, guest=False)) is None
    assert await refused_with(lambda: judge.question(vote, guest=True)) is RefusedQuestionError
    assert await refused_with(lambda: judge.question(child, guest=False)) is RefusedQuestionError
    assert judge.counts == {
        ("question", "safe"): 1,
        ("question", "elections"): 1,
        ("question", "child_exploitation"): 1,
    }


@pytest.mark.parametrize(
    ("open_when_away", "guest", "found"),
    [(False, False, GuardAwayError), (True, False, None), (True, True, GuardAwayError)],
)
async def test_where_it_is_away_guests_are_never_answered(
    guard_llama: FakeLlama, client: GuardClient, open_when_away: bool, guest: bool, found: type[GuardError] | None
) -> None:
    guard_llama.default = fails(500)
    judge = guard(client, open_when_away=open_when_away)
    assert await refused_with(lambda: judge.answer(HELLO, "Hi", guest=guest)) is found
    assert judge.counts == {("answer", "away"): 1}


async def test_one_bad_slice_is_enough_and_a_missing_one_hides_none(
    guard_llama: FakeLlama, client: GuardClient
) -> None:
    guard_llama.default = judges({"hurt": "S11"})
    judge = guard(client, open_when_away=True)
    await client.verdict(HELLO)
    guard_llama.on("first", says_as_guard("Hmm"))
    long = [ChatMessage("user", "first " + "x " * 3_000 + "hurt myself")]
    assert await refused_with(lambda: judge.question(long, guest=False)) is SelfHarmError
    assert "S11" not in SelfHarmError.sentence
    assert "988" in SelfHarmError.sentence


# What it used


COUNTED = {"prompt_tokens": 250, "completion_tokens": 5}


@pytest.mark.parametrize(
    ("usage", "read", "written"),
    [
        (COUNTED, range(250, 251), range(5, 6)),
        ({}, range(1, 90), range(1, 60)),
        ({"prompt_tokens": "many", "completion_tokens": True}, range(1, 90), range(1, 60)),
        ([], range(1, 90), range(1, 60)),
        ({"prompt_tokens": -4, "completion_tokens": 2**40}, range(1, 90), range(1, 60)),
    ],
)
async def test_tokens_are_noted_as_the_server_counts_them_or_as_we_estimate(
    guard_llama: FakeLlama, usage: object, read: range, written: range
) -> None:
    noted: list[tuple[str, int, int]] = []
    async with connected(guard_llama, note_usage=lambda *counts: noted.append(counts)) as client:
        await client.verdict(HELLO)
        noted.clear()
        guard_llama.script(says_as_guard("safe", usage=usage))
        await client.verdict(HELLO)
    [(model, prompt, answer)] = noted
    assert model == "Llama-Guard-3-8B"
    assert prompt in read
    assert answer in written
