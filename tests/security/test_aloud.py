"""What is read aloud: sentences of one's own answers, and nothing that a browser makes up."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from django.conf import settings

from assistant.models import Message, Run
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor, next_address
from tests.recordings import recording
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Site, eventually

PATH = "/v1/audio/speech"
FIRST = "Llamas live in the high Andes, where the air is thin and the grass is short."
SECOND = "They hum to each other all day long, and nobody knows what about."
ANSWER = f"{FIRST} {SECOND}\n\n```python\nsecret = 5\n```\n\nSee https://example.com/llamas."


@pytest.fixture
def carol(speaking_site: Site) -> Iterator[Visitor]:
    """Somebody at a site with a voice."""
    with Visitor(speaking_site, next_address()) as visitor:
        yield visitor


@pytest.fixture
def dan(speaking_site: Site) -> Iterator[Visitor]:
    with Visitor(speaking_site, next_address()) as visitor:
        yield visitor


def answer(visitor: Visitor, llama: FakeLlama, text: str = ANSWER) -> Message:
    llama.script(says(text))
    conversation = visitor.begin()
    eventually(lambda: not conversation.runs.filter(status=Run.Status.RUNNING).exists())
    return conversation.messages.get(role=Message.Role.ASSISTANT)


def listed(visitor: Visitor, message: UUID) -> httpx.Response:
    return visitor.get(f"/m/{message}/aloud")


def read(visitor: Visitor, message: UUID, number: int | str = 0, **fields: str) -> httpx.Response:
    return visitor.post(f"/m/{message}/aloud/{number}", fields)


def test_an_answer_is_read_in_sentences(carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP) -> None:
    found = answer(carol, fake_llama)
    sentences = [[0, FIRST], [0, SECOND], [1, "Code."], [2, "See link."]]
    response = listed(carol, found.pk)
    assert response.json() == {"sentences": sentences}
    assert response.headers["cache-control"] == "private, no-store"
    sound = read(carol, found.pk, 1)
    assert (sound.status_code, sound.content) == (200, recording("mp3"))
    assert sound.headers["content-type"] == "audio/mpeg"
    assert sound.headers["cache-control"] == "private, no-store"
    assert sound.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in sound.headers["content-security-policy"]
    assert [asked.body["input"] for asked in speech.asked] == [SECOND]


def test_words_of_the_browser_are_never_read(carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP) -> None:
    found = answer(carol, fake_llama)
    assert read(carol, found.pk, 0, text="Free words", input="Free words").status_code == 200
    assert [asked.body["input"] for asked in speech.asked] == [FIRST]
    for number in (4, 10**8, "-1", "x"):
        assert read(carol, found.pk, number, text="Free words").status_code == 404
    question = found.conversation.messages.get(role=Message.Role.USER)
    assert read(carol, question.pk).status_code == listed(carol, question.pk).status_code == 404
    assert len(speech.asked) == 1


def test_answers_of_others_are_not_read(
    carol: Visitor, dan: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP
) -> None:
    hers = answer(carol, fake_llama)
    answer(dan, fake_llama)
    assert read(dan, hers.pk).status_code == listed(dan, hers.pk).status_code == 404
    with Visitor(carol.site, next_address()) as nobody:
        assert read(nobody, hers.pk).status_code == listed(nobody, hers.pk).status_code == 404
    assert carol.http.post(f"/m/{hers.pk}/aloud/0").status_code == 403
    assert carol.get(f"/m/{hers.pk}/aloud/0").status_code == 405
    assert speech.asked == []


def test_what_is_written_or_was_taken_back_is_not_read(
    carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP
) -> None:
    found = answer(carol, fake_llama)
    Run.objects.filter(answer=found).update(status=Run.Status.RUNNING)
    assert listed(carol, found.pk).json()["code"] == read(carol, found.pk).json()["code"] == "busy"
    Run.objects.filter(answer=found).update(status=Run.Status.FAILED, problem="guard_answer")
    Message.objects.filter(pk=found.pk).update(text="")
    assert listed(carol, found.pk).json() == {"sentences": []}
    assert read(carol, found.pk).status_code == 404
    assert speech.asked == []


def test_sentences_are_counted_for_a_person(carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP) -> None:
    found = answer(carol, fake_llama)
    assert [read(carol, found.pk).status_code for _ in range(61)] == [200] * 60 + [429]
    assert len(speech.asked) == 60
    with Visitor(carol.site, carol.address) as neighbour:
        assert read(neighbour, answer(neighbour, fake_llama).pk).status_code == 200


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply("<script>alert(1)</script>", headers={"content-type": "audio/mpeg"}), "voice_failed"),
        (Reply(recording("mp3") + bytes(5_000_000)), "voice_failed"),
        (Reply({"error": "x"}, 401), "voice_setup"),
        (Reply(drops=True), "voice_failed"),
    ],
)
def test_what_is_no_sound_is_a_sentence(
    carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP, reply: Reply, code: str
) -> None:
    found = answer(carol, fake_llama)
    speech.script(PATH, reply)
    response = read(carol, found.pk)
    assert (response.status_code, response.json()["code"]) == (503, code)


def test_who_hangs_up_lets_the_voice_go(carol: Visitor, fake_llama: FakeLlama, speech: ScriptedHTTP) -> None:
    found = answer(carol, fake_llama)
    speech.script(PATH, Reply(hangs=True))
    with pytest.raises(httpx.ReadTimeout):
        carol.post(f"/m/{found.pk}/aloud/0", timeout=httpx.Timeout(20, read=1))
    eventually(lambda: len(speech.left) == 1)


def test_without_a_voice_sentences_are_listed_and_none_is_read(alice: Visitor, fake_llama: FakeLlama) -> None:
    assert settings.VOICE_URL == ""
    found = answer(alice, fake_llama)
    assert len(listed(alice, found.pk).json()["sentences"]) == 4
    off = read(alice, found.pk)
    assert (off.status_code, off.json()["code"]) == (404, "voice_off")
