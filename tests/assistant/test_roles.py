"""Models with a role of their own, beside the one that does the rest."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from assistant import tasks
from assistant.llama.messages import ChatMessage
from tests.fake_llama import MODEL, FakeLlama, says

FOLDER = Path(__file__).parent.parent.parent
PROMPT = [ChatMessage("user", "Name it")]


@pytest.fixture
def small() -> Iterator[FakeLlama]:
    """A second server."""
    with FakeLlama(default=says("Soft Llamas")) as llama:
        yield llama


def role(**changes: object) -> dict[str, object]:
    return {"model": "", "key": "", "context": 0, "parallel": 1} | changes


async def test_what_is_done_beside_answers_is_asked_of_the_model_for_that(
    settings: Settings, fake_llama: FakeLlama, small: FakeLlama
) -> None:
    settings.LLAMA_URL, settings.LLAMA_KEY = fake_llama.url, "for the large one"
    settings.LLAMA_ROLES = {"titles": role(url=small.url, model="small", key="for the small one")}
    assert await tasks.complete(PROMPT) == "Soft Llamas"
    assert [request["model"] for request in small.requests] == ["small"]
    assert small.keys == ["Bearer for the small one"]
    assert not fake_llama.requests


async def test_one_model_does_all_where_no_other_is_named(settings: Settings, fake_llama: FakeLlama) -> None:
    settings.LLAMA_URL, settings.LLAMA_ROLES = fake_llama.url, {"titles": None}
    fake_llama.script(says("Llamas"))
    assert await tasks.complete(PROMPT) == "Llamas"
    assert [request["model"] for request in fake_llama.requests] == [MODEL]


SHOW = "import web.settings; role = web.settings.LLAMA_ROLES['titles']; print(role and (role['url'], role['key']))"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "None"),
        ({"LLAMA_TITLES_MODEL": "small"}, "('http://one/v1', 'secret')"),
        ({"LLAMA_TITLES_URL": "http://two/v1"}, "('http://two/v1', '')"),
        ({"LLAMA_TITLES_URL": "http://two/v1", "LLAMA_TITLES_KEY": "other"}, "('http://two/v1', 'other')"),
    ],
)
def test_a_key_goes_to_the_server_that_it_is_for(tmp_path: Path, environment: dict[str, str], found: str) -> None:
    around = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "LLAMA_URL": "http://one/v1",
        "LLAMA_KEY": "secret",
    }
    command = [sys.executable, "-c", SHOW]
    outcome = subprocess.run(command, cwd=FOLDER, env=around | environment, capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == found
