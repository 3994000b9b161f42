"""Prompts of pictures in English: which are translated, by whom, and what of an answer is taken."""

from collections.abc import AsyncIterator

import pytest
from pytest_django.fixtures import Settings

from assistant import translator, usage
from assistant.runtime import Runtime
from assistant.translator import clean, is_english
from assistant.usage import Payer
from imagine.status import RoleStatus
from tests.fake_llama import MODEL, FakeLlama, hangs, says
from tests.servers import Valkey

ENGLISH = RoleStatus("final", "ready", english=True)
OTHER = RoleStatus("final", "ready")
TYPED, DRAWN = "ein roter Fuchs im Schnee", "a red fox in the snow"
GUESTS = str(Payer.GUESTS)


@pytest.fixture(autouse=True)
def servers(settings: Settings, valkey: Valkey, fake_llama: FakeLlama) -> None:
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = f"{valkey.url}/9", fake_llama.url, False
    settings.BUDGETS = dict.fromkeys(Payer.values, 0)


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime() as runtime:
        await runtime.redis.flushdb()
        yield runtime


def test_a_prompt_is_english_where_nearly_all_its_words_are() -> None:
    english = ["a kitty", "my grandma knitting", "two cats, 4k", "Tom & Anna under a tree", "pizza", "42 !", "🦊"]
    others = [TYPED, "un gato negro", "gatto", "赤い狐", "рыжая лиса", "Hund", "kırmızı tilki karda"]
    assert [text for text in english if not is_english(text)] == []
    assert [text for text in others if is_english(text)] == []


def test_of_an_answer_one_line_is_taken_and_no_speech() -> None:
    assert clean(DRAWN, TYPED) == DRAWN
    assert clean(f'"{DRAWN}"\nI hope this helps!', TYPED) == DRAWN
    assert clean("Pizza", "pizza") == ""
    assert clean("  ", TYPED) == ""
    assert clean("I am sorry. " * 40, TYPED) == ""
    assert clean("x" * 600, "y" * 450) == ""


async def test_a_prompt_is_translated_once_and_counted_for_who_asked(runtime: Runtime, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(DRAWN))
    for _ in range(2):
        assert await runtime.translator.english(ENGLISH, TYPED, GUESTS) == DRAWN
    assert await runtime.translator.known(ENGLISH, TYPED) == DRAWN
    [request] = fake_llama.requests
    assert request["messages"][-1]["content"] == f"> {TYPED}"
    assert runtime.meter.tally.tokens(GUESTS) > 0
    assert usage.payer.get() == Payer.SITE


async def test_nobody_is_asked_for_what_the_checkpoint_reads(runtime: Runtime, fake_llama: FakeLlama) -> None:
    for painter, prompt in ((OTHER, TYPED), (None, TYPED), (ENGLISH, "a red fox")):
        assert await runtime.translator.english(painter, prompt, GUESTS) == ""
    assert not fake_llama.requests


async def test_a_slow_model_is_not_waited_for_again_and_again(
    runtime: Runtime, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translator, "SECONDS", 0.3)
    fake_llama.script(hangs())
    for _ in range(2):
        assert await runtime.translator.english(ENGLISH, TYPED, GUESTS) == ""
    assert len(fake_llama.requests) == 1


async def test_without_a_budget_a_prompt_stays_as_it_was_typed(
    runtime: Runtime, fake_llama: FakeLlama, settings: Settings
) -> None:
    settings.BUDGETS = settings.BUDGETS | {"guests": 1}
    runtime.meter.tally.note("usual", MODEL, 5, 5)
    usage.payer.set(Payer.GUESTS)
    runtime.meter.tally.note("usual", MODEL, 5, 5)
    assert await runtime.translator.english(ENGLISH, TYPED, GUESTS) == ""
    assert not fake_llama.requests
    # Who has a budget of their own is not kept waiting by that.
    fake_llama.script(says(DRAWN))
    assert await runtime.translator.english(ENGLISH, TYPED, str(Payer.ACCOUNTS)) == DRAWN


async def test_a_model_of_its_own_translates_and_the_demonstration_model_does_not(
    settings: Settings, fake_llama: FakeLlama
) -> None:
    settings.LLAMA_DEMO = True
    async with Runtime() as runtime:
        await runtime.redis.flushdb()
        assert await runtime.translator.english(ENGLISH, TYPED, GUESTS) == ""
    with FakeLlama(default=says(DRAWN)) as small:
        own = {"url": small.url, "model": "small", "key": "", "context": 0, "parallel": 1, "cost": (0, 0)}
        settings.LLAMA_ROLES = {"translate": own}
        async with Runtime() as runtime:
            assert await runtime.translator.english(ENGLISH, TYPED, GUESTS) == DRAWN
        assert [request["model"] for request in small.requests] == ["small"]
    assert not fake_llama.requests
