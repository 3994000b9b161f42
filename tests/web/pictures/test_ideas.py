"""Ideas for pictures as chips: the model's for people we know, plain ones for everybody."""

import html
import re
from uuid import uuid4

import httpx

from tests.fake_llama import FakeLlama, says
from tests.people import Visitor
from tests.servers import eventually


def chips(response: httpx.Response) -> list[str]:
    assert response.status_code == 200
    return [html.unescape(chip) for chip in re.findall(r"<button[^>]*>([^<]+)</button>", response.text)]


def known(visitor: Visitor) -> None:
    """Let the visitor be somebody, and the model be free."""
    conversation = visitor.begin()
    eventually(lambda: not conversation.runs.filter(status="running").exists())


def test_a_visitor_gets_suggestions_without_the_model(alice: Visitor, fake_llama: FakeLlama) -> None:
    assert len(chips(alice.post("/imagine/ideas"))) == 4
    assert len(chips(alice.post("/imagine/ideas", {"prompt": "a fox"}))) == 3
    assert alice.session_key == ""
    assert fake_llama.requests == []


def test_a_person_gets_better_words_from_the_model(alice: Visitor, fake_llama: FakeLlama) -> None:
    known(alice)
    fake_llama.script(says("A fox in the snow at dusk\nA fox under ferns & moss"))
    assert chips(alice.post("/imagine/ideas", {"prompt": "a fox"})) == [
        "A fox in the snow at dusk",
        "A fox under ferns & moss",
    ]


def test_hostile_words_stay_words(alice: Visitor, fake_llama: FakeLlama) -> None:
    known(alice)
    prompt = "a fox'\"><script>alert(1)</script><img src=x onerror=alert(2)>"
    fake_llama.on("a fox", says('A fox <script>alert(3)</script> in the snow\nA fox " onclick="alert(4)'))
    for sent in (prompt, "a fox"):
        answer = alice.post("/imagine/ideas", {"prompt": sent})
        assert chips(answer)
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert '" onclick' not in answer.text


def test_a_person_who_asks_too_often_gets_plain_ideas(alice: Visitor, fake_llama: FakeLlama) -> None:
    known(alice)
    fake_llama.reset()
    fake_llama.on("a fox", says("A fox in the snow at dusk"))
    for _ in range(12):
        assert chips(alice.post("/imagine/ideas", {"prompt": "a fox"}))
    assert fake_llama.counts.requests == 10


def test_what_is_not_drawn_is_not_improved(alice: Visitor, fake_llama: FakeLlama) -> None:
    known(alice)
    for prompt in ("a nude fox", "x" * 600, "\x00\x07"):
        found = chips(alice.post("/imagine/ideas", {"prompt": prompt}))
        assert len(found) == 4
        assert not any(prompt in idea for idea in found)


def test_asking_needs_a_form_of_our_own(alice: Visitor) -> None:
    assert alice.get("/imagine/ideas").status_code == 405
    assert alice.http.post("/imagine/ideas", data={"id": str(uuid4())}).status_code == 403
