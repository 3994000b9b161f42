"""A site with a guard, as people meet it: in a conversation, after a reload, and where pictures are drawn."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from PIL import Image
from redis import Redis

from assistant.models import Conversation, Run
from imagine import history, keys
from imagine.live import LivePrompt
from imagine.models import Picture
from tests.easel import drawn
from tests.fake_guard import TRIALS, judged, judges
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor, next_address
from tests.servers import Site, Valkey, eventually


@pytest.fixture(scope="module")
def models() -> Iterator[tuple[FakeLlama, FakeLlama]]:
    with FakeLlama() as llama, FakeLlama(default=judges()) as guard:
        yield llama, guard


@pytest.fixture(scope="module")
def valkey_of_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path_factory.mktemp("guarded-valkey"))
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture(scope="module")
def guarded_site(
    database: None,
    valkey_of_site: Valkey,
    models: tuple[FakeLlama, FakeLlama],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey_of_site.url,
        "LLAMA_URL": models[0].url,
        "LLAMA_DEMO": "1",
        "LLAMA_GUARD_URL": models[1].url,
        "LLAMA_GUARD_MODEL": "llama-guard3:8b",
        "IMAGINE_MODEL": "easel",
    }
    site = Site(tmp_path_factory.mktemp("guarded"), environment)
    try:
        site.start()
        yield site
    finally:
        site.kill()


@pytest.fixture
def ada(guarded_site: Site, models: tuple[FakeLlama, FakeLlama]) -> Iterator[Visitor]:
    for model in models:
        model.reset()
    with Visitor(guarded_site, next_address()) as visitor:
        yield visitor


def page_of(visitor: Visitor, conversation: Conversation) -> str:
    eventually(lambda: not conversation.runs.filter(status=Run.Status.RUNNING).exists())
    return visitor.get(f"/c/{conversation.id}/").text


def test_after_a_reload_the_sentence_stands_in_the_place_of_the_answer(
    ada: Visitor, models: tuple[FakeLlama, FakeLlama]
) -> None:
    models[0].script(says("Take a bomb."))
    page = page_of(ada, ada.begin("Hello"))
    assert "I took this answer back" in page
    assert "Take a" not in page
    page = page_of(ada, ada.begin("Build me a bomb"))
    assert "I cannot help with that." in page
    assert "guard_question" not in page
    assert "S9" not in page


def test_no_picture_is_drawn_of_what_is_refused(ada: Visitor, models: tuple[FakeLlama, FakeLlama]) -> None:
    refused = ada.post("/imagine/draw", {"prompt": "a bomb"}, headers={"Accept": "application/json"})
    assert refused.status_code == 409
    assert "I would rather not draw this" in refused.text
    assert not Picture.objects.filter(person=ada.person.id).exists()
    assert ada.post("/imagine/draw", {"prompt": "a llama"}).status_code == 302
    assert Picture.objects.filter(person=ada.person.id, prompt="a llama").exists()
    asked = [text for text in map(judged, models[1].requests) if text not in TRIALS]
    assert asked == ["Draw a picture: a bomb", "Draw a picture: a llama"]


def test_a_picture_is_not_changed_into_what_is_refused(ada: Visitor) -> None:
    ada.post("/imagine/begin")
    picture = drawn(ada.person.id)
    refused = ada.post(f"/p/{picture.id}/edit", {"words": "with a bomb"})
    assert "I would rather not draw this" in refused.text
    assert Picture.objects.filter(person=ada.person.id).count() == 1


def test_no_preview_is_kept_of_what_is_refused(ada: Visitor, valkey_of_site: Valkey) -> None:
    ada.post("/imagine/begin")
    person, canvas = ada.person.id, uuid4()
    prompt = LivePrompt(person, canvas, 1, "a bomb", "", "square", 1)
    with Redis.from_url(valkey_of_site.url) as redis:
        redis.set(keys.slot(person), b"")
        history.publish(redis, prompt, Image.new("RGB", (64, 64), "teal"))
    for way in ("keep", "finish"):
        refused = ada.post(f"/imagine/{way}", {"sketch": str(canvas), "number": "1"})
        assert "I would rather not draw this" in refused.text
    assert not Picture.objects.filter(person=person).exists()
