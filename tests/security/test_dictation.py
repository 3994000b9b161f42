"""What a browser sends to be written down: bounded, of a known kind, counted, kept nowhere."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.conf import settings

from assistant.transcription import DICTATION_BYTES
from tests.allowance import assert_a_minute_allows
from tests.people import Visitor, next_address
from tests.recordings import recording
from tests.scripted_http import Reply, ScriptedHTTP
from tests.security.attacks import rows
from tests.servers import Site, eventually

PATH = "/v1/audio/transcriptions"
WEBM = recording("webm")


@pytest.fixture
def carol(speaking_site: Site) -> Iterator[Visitor]:
    """Somebody at a site with a speech model, who has said nothing yet."""
    with Visitor(speaking_site, next_address()) as visitor:
        yield visitor


def dictate(visitor: Visitor, data: bytes = WEBM, **options: Any) -> httpx.Response:
    return visitor.post("/dictate", files={"file": ("../voice.webm", data, "text/html")}, **options)


@pytest.mark.parametrize("kind", ["webm", "ogg", "mp4", "wav"])
def test_what_browsers_record_is_written_down(carol: Visitor, speech: ScriptedHTTP, kind: str) -> None:
    data = recording(kind)
    response = dictate(carol, data)
    assert (response.status_code, response.json()) == (200, {"text": "Where do llamas live?"})
    assert response.headers["cache-control"] == "private, no-store"
    [asked] = speech.asked
    assert data in asked.body
    assert b"../voice" not in asked.body
    assert b"text/html" not in asked.body


def test_nobody_becomes_a_guest_and_nothing_is_kept(carol: Visitor, speech: ScriptedHTTP) -> None:
    assert dictate(carol).status_code == 200
    assert carol.session_key == ""
    carol.begin()
    before = rows(carol.person)
    assert dictate(carol).status_code == 200
    assert rows(carol.person) == before


def test_no_recording_is_so_large_that_django_writes_it_to_a_file() -> None:
    assert DICTATION_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE < settings.FILE_UPLOAD_MAX_MEMORY_SIZE


@pytest.mark.parametrize(
    "data",
    [b"", b"MZ a program", b"<html>", b"\x89PNG\r\n\x1a\n", recording("mp3"), recording("flac")],
    ids=["empty", "program", "page", "picture", "mp3", "flac"],
)
def test_what_no_browser_records_reaches_no_server(carol: Visitor, speech: ScriptedHTTP, data: bytes) -> None:
    response = dictate(carol, data)
    assert (response.status_code, response.json()["code"]) == (400, "audio_unreadable")
    assert speech.asked == []


def test_words_in_place_of_a_file_are_refused(carol: Visitor, speech: ScriptedHTTP) -> None:
    assert carol.post("/dictate", {"file": "words"}).json()["code"] == "audio_unreadable"
    assert speech.asked == []


def test_what_is_too_long_reaches_no_server(carol: Visitor, speech: ScriptedHTTP) -> None:
    large = WEBM + bytes(DICTATION_BYTES)
    assert dictate(carol, large).json()["code"] == "dictation_too_long"
    assert dictate(carol, recording("ogg", 130)).json()["code"] == "dictation_too_long"
    assert dictate(carol, large + large).status_code == 413
    assert speech.asked == []


def test_a_person_is_counted_and_their_neighbours_are_not(carol: Visitor, speech: ScriptedHTTP) -> None:
    carol.begin()
    statuses: list[int] = []

    def is_heard() -> bool:
        statuses.append(dictate(carol).status_code)
        return statuses[-1] == 200

    assert_a_minute_allows(10, is_heard)
    assert set(statuses) == {200, 429}
    assert len(speech.asked) == statuses.count(200)
    with Visitor(carol.site, carol.address) as neighbour:
        neighbour.begin()
        assert dictate(neighbour).status_code == 200


def test_visitors_are_counted_by_their_address(carol: Visitor, speech: ScriptedHTTP) -> None:
    assert [dictate(carol).status_code for _ in range(51)] == [200] * 50 + [429]


def test_one_who_hangs_up_holds_no_place_and_the_model_is_let_go(carol: Visitor, speech: ScriptedHTTP) -> None:
    carol.begin()
    speech.script(PATH, Reply(hangs=True))

    def give_up() -> None:
        with pytest.raises(httpx.ReadTimeout):
            dictate(carol, timeout=httpx.Timeout(20, read=2))

    with ThreadPoolExecutor(settings.LIMIT_PERSON_RUNS) as threads:
        waiting = [threads.submit(give_up) for _ in range(settings.LIMIT_PERSON_RUNS)]
        eventually(lambda: len(speech.asked) == settings.LIMIT_PERSON_RUNS)
        assert dictate(carol).json()["code"] == "limited"
        for one in waiting:
            one.result()
    eventually(lambda: len(speech.left) == settings.LIMIT_PERSON_RUNS)
    speech.script(PATH, Reply({"text": "Hello"}))
    eventually(lambda: dictate(carol).status_code == 200)


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (Reply({"error": "x"}, 500), 503, "speech_failed"),
        (Reply({"error": "x"}, 401), 503, "speech_setup"),
        (Reply({"error": "x"}, 400), 400, "audio_unreadable"),
        (Reply({"text": " [BLANK_AUDIO] "}), 400, "no_speech"),
        (Reply(drops=True), 503, "speech_failed"),
    ],
)
def test_each_failure_is_a_sentence(carol: Visitor, speech: ScriptedHTTP, reply: Reply, status: int, code: str) -> None:
    speech.script(PATH, reply)
    response = dictate(carol)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["sentence"].endswith(".")


def test_hostile_words_come_as_clean_text(carol: Visitor, speech: ScriptedHTTP) -> None:
    speech.script(PATH, Reply({"text": "<b>Hi</b>\u202e<|eot_id|>\x00"}))
    response = dictate(carol)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"text": "<b>Hi</b>< |eot_id|>"}


def test_the_microphone_is_allowed_where_it_is_of_use_alone(carol: Visitor, alice: Visitor) -> None:
    assert "microphone=(self)" in carol.get("/").headers["permissions-policy"]
    assert "camera=()" in carol.get("/").headers["permissions-policy"]
    assert "microphone=()" in carol.get("/admin/login/").headers["permissions-policy"]
    assert "microphone=()" in alice.get("/").headers["permissions-policy"]
    off = dictate(alice)
    assert (off.status_code, off.json()["code"]) == (404, "speech_off")
