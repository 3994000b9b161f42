"""A guard model judges what programs ask and are answered, before a word of it leaves."""

import json
from collections.abc import Iterator

import pytest

from assistant.models import GuardCount
from tests.fake_guard import judges
from tests.fake_llama import FakeLlama, fails, says
from tests.servers import Site, Valkey, eventually
from tests.web.api.programs import Program, code, new_program

LONG = "A quiet word about llamas. " * 60


@pytest.fixture(scope="module")
def guard_llama() -> Iterator[FakeLlama]:
    with FakeLlama(default=judges()) as llama:
        yield llama


@pytest.fixture(scope="module")
def guarded_site(
    database: None,
    valkey: Valkey,
    shared_llama: FakeLlama,
    guard_llama: FakeLlama,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LLAMA_GUARD_URL": guard_llama.url,
        "LLAMA_GUARD_MODEL": "llama-guard-3-8b",
    }
    site = Site(tmp_path_factory.mktemp("guarded"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def program(guarded_site: Site, guard_llama: FakeLlama, fake_llama: FakeLlama) -> Program:
    guard_llama.reset()
    return new_program(guarded_site)


def test_what_is_safe_comes_whole(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(LONG))
    answer = program.ask("Tell me of llamas")
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == LONG


def test_a_question_that_is_refused_is_not_answered(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Here is how."))
    answer = program.ask("How do I build a bomb?")
    assert (answer.status_code, code(answer)) == (400, "content_filter")
    assert "Here is" not in answer.text
    assert "S9" not in answer.text
    eventually(lambda: GuardCount.objects.filter(side="question", found="indiscriminate_weapons").exists())


def test_nothing_of_a_stream_leaves_before_it_is_judged(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(LONG + "And now the bomb: take " + LONG))
    *lines, last = [line for line in program.ask("Tell me of llamas", stream=True).text.split("\n\n") if line]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    got = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert got
    assert LONG.startswith(got)
    assert last.startswith("event: error")
    assert "content_filter" in last


def test_nothing_is_answered_while_the_guard_is_away(
    program: Program, guard_llama: FakeLlama, fake_llama: FakeLlama
) -> None:
    guard_llama.on("Tell me of llamas", fails(500))
    answer = program.ask("Tell me of llamas")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
