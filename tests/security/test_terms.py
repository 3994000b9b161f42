"""The terms of the site, walked around: every way that costs a model or a painter is tried without a yes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest

from assistant import conversations
from assistant.models import Conversation, Message, Person, Run
from assistant.rooms import membership
from imagine import keys
from imagine.models import Picture
from tests.fake_llama import FakeLlama
from tests.imagine.drawing import Pad, begin
from tests.imagine.drawings import encoded, gradient
from tests.people import Frame, Socket, Visitor, next_address
from tests.security.attacks import attach, draw, sign_up
from tests.security.quiet import FRAGMENT, film, quiet_site
from tests.servers import Site, Valkey
from tests.web.api.programs import asking, new_program

NEEDED = "agreement_needed"
OPUS = b"OggS" + bytes(60)
PHOTO = encoded(gradient(), "jpeg")


@pytest.fixture(scope="module")
def shared_asking_site(
    quiet_valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that asks for an age and for the terms."""
    changes = {"TERMS_URL": "https://example.com/terms", "TERMS_AGE": "16", "TERMS_VERSION": "2026-11"}
    # Nobody listens or speaks there.
    changes |= {"SPEECH_URL": "http://127.0.0.1:9/v1", "VOICE_URL": "http://127.0.0.1:9/v1"}
    with quiet_site(quiet_valkey, shared_llama.url, tmp_path_factory.mktemp("asking"), changes) as site:
        yield site


@pytest.fixture
def eve(shared_asking_site: Site, fake_llama: FakeLlama) -> Iterator[Visitor]:
    """A guest who has agreed to nothing."""
    with Visitor(shared_asking_site, next_address()) as visitor:
        begin(visitor)
        yield visitor


def agree(visitor: Visitor) -> None:
    assert visitor.post("/you/agree", headers=FRAGMENT).status_code == 204


# What there is of a time before the terms


def talked(visitor: Visitor) -> Conversation:
    turn = conversations.say(visitor.person, None, "Hello", uuid4())
    Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.FAILED, problem="trouble")
    return turn.run.conversation


def message(visitor: Visitor, role: str) -> Message:
    return talked(visitor).messages.get(role=role)


def answered(visitor: Visitor) -> Message:
    """An answer that can be read aloud."""
    answer = message(visitor, "assistant")
    Message.objects.filter(pk=answer.pk).update(text="Hello there.")
    return answer


def room(visitor: Visitor) -> Any:
    return membership.make(visitor.person, "Eve", "A room").pk


# The ways. Each returns the code by which it is refused, or nothing.


def posted(visitor: Visitor, path: str, data: dict[str, Any] | None = None, **more: Any) -> str:
    response = visitor.post(path, {"id": str(uuid4()), **(data or {})}, headers=FRAGMENT, **more)
    if response.headers["content-type"] == "application/json" and response.status_code >= 400:
        return str(response.json().get("code", ""))
    return NEEDED if response.status_code == 403 and "Please agree first" in response.text else ""


def sent(visitor: Visitor, path: str, kind: str, **fields: Any) -> str:
    with visitor.socket(path) as socket:
        socket.say(kind, id=uuid4(), **fields)
        return refusal(socket, "accepted", "said")


def refusal(socket: Socket, *taken: str) -> str:
    while True:
        frame: Frame = socket.hear()
        if frame["type"] in ("refused", "problem"):
            return str(frame["code"])
        if frame["type"] in taken:
            return ""


def said_in_room(visitor: Visitor) -> str:
    here = room(visitor)
    with visitor.socket("/ws/room/") as socket:
        socket.say("enter", room=here, after=0)
        socket.hear_until("entered")
        socket.say("say", id=uuid4(), text="@Chaski hello")
        return refusal(socket, "said")


def typed(visitor: Visitor) -> str:
    with visitor.socket("/ws/imagine/") as socket:
        Pad(socket).type("a llama")
        socket.say("ping")
        return refusal(socket, "pong")


def program(visitor: Visitor, **more: Any) -> str:
    person = sign_up(visitor)
    response = new_program(visitor.site, person).post(asking("Hello", **more))
    return str(response.json()["error"]["code"]) if response.status_code >= 400 else ""


def ideas(visitor: Visitor) -> str:
    """They come without the model."""
    visitor.post("/imagine/ideas", {"prompt": "a llama in the snow"}, headers=FRAGMENT)
    return NEEDED


def preview(visitor: Visitor, path: str, valkey: Valkey) -> str:
    canvas = film(visitor, valkey, "a llama", "a red llama")
    valkey.forget_all(keys.slot(visitor.person.id))
    return posted(visitor, path, {"sketch": str(canvas), "number": "2"})


Way = Callable[[Visitor, Valkey], str]
WAYS: dict[str, Way] = {
    "the start page": lambda eve, _: posted(eve, "/", {"text": "Hello"}),
    "the start page with a switch": lambda eve, _: posted(eve, "/", {"text": "Hello", "temporary": "1", "harder": "1"}),
    "a form of a conversation": lambda eve, _: posted(eve, f"/c/{talked(eve).id}/messages", {"text": "Hello"}),
    "a command that draws": lambda eve, _: posted(eve, "/", {"text": "/imagine a llama"}),
    "a command that asks the best model": lambda eve, _: posted(eve, "/", {"text": "/think why"}),
    "an edit": lambda eve, _: posted(eve, f"/m/{message(eve, 'user').id}/edit", {"text": "Hello again"}),
    "another try": lambda eve, _: posted(eve, f"/m/{message(eve, 'assistant').id}/retry"),
    "going on": lambda eve, _: posted(eve, f"/m/{message(eve, 'assistant').id}/retry", {"revision": "continue"}),
    "the socket": lambda eve, _: sent(eve, "/ws/", "send", conversation=talked(eve).id, text="Hello"),
    "an edit by the socket": lambda eve, _: sent(eve, "/ws/", "edit", message=message(eve, "user").id, text="Hi"),
    "another try by the socket": lambda eve, _: sent(eve, "/ws/", "retry", message=message(eve, "assistant").id),
    "words in a room": lambda eve, _: posted(eve, f"/rooms/{room(eve)}/messages", {"text": "@Chaski hello"}),
    "a summary in a room": lambda eve, _: posted(eve, f"/rooms/{room(eve)}/messages", {"text": "/summarise"}),
    "a picture in a room": lambda eve, _: posted(eve, f"/rooms/{room(eve)}/messages", {"text": "/imagine a llama"}),
    "a room's socket": lambda eve, _: said_in_room(eve),
    "a photo in a room": lambda eve, _: posted(
        eve, f"/rooms/{room(eve)}/attach/", files={"file": ("dog.jpg", PHOTO, "image/jpeg")}
    ),
    "the page for pictures": lambda eve, _: posted(eve, "/imagine/", {"prompt": "a llama"}),
    "its script": lambda eve, _: posted(eve, "/imagine/draw", {"prompt": "a llama", "count": "4"}),
    "live prompts": lambda eve, _: typed(eve),
    "a preview that is kept": lambda eve, valkey: preview(eve, "/imagine/keep", valkey),
    "a preview drawn large": lambda eve, valkey: preview(eve, "/imagine/finish", valkey),
    "a loop of previews": lambda eve, valkey: preview(eve, "/imagine/grow", valkey),
    "an upload": lambda eve, _: posted(eve, "/imagine/upload", files={"file": ("dog.jpg", PHOTO, "image/jpeg")}),
    "variants": lambda eve, _: posted(eve, f"/p/{draw(eve).id}/vary"),
    "another style": lambda eve, _: posted(eve, f"/p/{draw(eve).id}/restyle", {"style": "watercolor"}),
    "a change": lambda eve, _: posted(eve, f"/p/{draw(eve).id}/edit", {"words": "with a hat"}),
    "a loop": lambda eve, _: posted(eve, f"/p/{draw(eve).id}/animate", {"motion": "gentle", "seconds": "2"}),
    "a picture tried again": lambda eve, _: posted(eve, f"/p/{draw(eve, status=Picture.Status.STOPPED).id}/again"),
    "a program": lambda eve, _: program(eve),
    "a program that takes a stream": lambda eve, _: program(eve, stream=True),
    "dictation": lambda eve, _: posted(eve, "/dictate", files={"file": ("said.ogg", OPUS, "audio/ogg")}),
    "an answer read aloud": lambda eve, _: posted(eve, f"/m/{answered(eve).id}/aloud/0"),
    "ideas": lambda eve, _: ideas(eve),
}


def asked_for(visitor: Visitor, valkey: Valkey) -> tuple[int, int, int, bool]:
    """What costs: answers, pictures in the making or uploaded, live prompts."""
    person = visitor.person
    mine = Picture.objects.filter(person=person)
    uploaded = mine.filter(made=Picture.Made.UPLOADED).count()
    return (
        Run.objects.filter(person=person, status=Run.Status.RUNNING).count(),
        mine.filter(status=Picture.Status.WAITING).count(),
        uploaded,
        valkey.has(keys.slot(person.id)),
    )


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_answered_or_drawn_before_a_yes(
    eve: Visitor, quiet_valkey: Valkey, fake_llama: FakeLlama, way: str
) -> None:
    before = len(fake_llama.requests)
    assert WAYS[way](eve, quiet_valkey) == NEEDED
    assert asked_for(eve, quiet_valkey) == (0, 0, 0, False)
    assert len(fake_llama.requests) == before


@pytest.mark.parametrize("way", [way for way in WAYS if way != "ideas"])
def test_after_a_yes_each_way_is_open(eve: Visitor, quiet_valkey: Valkey, way: str) -> None:
    agree(eve)
    assert WAYS[way](eve, quiet_valkey) != NEEDED


def test_ideas_are_the_models_after_a_yes(eve: Visitor, fake_llama: FakeLlama) -> None:
    agree(eve)
    ideas(eve)
    assert fake_llama.requests


def test_who_only_reads_is_asked_nothing(eve: Visitor) -> None:
    for path in ("/", "/about/", "/imagine/", "/imagine/gallery/", "/c/", "/you/", f"/c/{talked(eve).id}/"):
        page = eve.get(path)
        assert page.status_code == 200
        assert 'role="alert">Please agree' not in page.text


def test_a_file_may_wait_for_the_yes(eve: Visitor) -> None:
    file = attach(eve)
    assert posted(eve, "/", {"text": "Read it", "attachments": str(file.id)}) == NEEDED
    agree(eve)
    assert posted(eve, "/", {"text": "Read it", "attachments": str(file.id)}) == ""


class Card(HTMLParser):
    """The form of the card in a page: where it leads, and what it sends."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action, self.fields, self.hidden, self._in = "", list[tuple[str, str]](), True, False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._in = found.get("id") == "terms"
            if self._in:
                self.action, self.hidden = found["action"] or "", "hidden" in found
        elif tag == "input" and self._in:
            self.fields.append((found["name"] or "", found.get("value") or ""))

    @property
    def data(self) -> dict[str, list[str]]:
        data: dict[str, list[str]] = {"agree": ["1"]}
        for name, value in self.fields:
            data.setdefault(name, []).append(value)
        return data


def test_without_a_script_the_card_sends_everything_once_more(eve: Visitor) -> None:
    waiting, text, request = attach(eve), 'Two\n\n  "lines" & <b>', str(uuid4())
    data = {"id": request, "text": text, "attachments": str(waiting.id), "temporary": "1"}
    page = eve.post("/", data, files={"files": ("notes.txt", b"From the form")})
    assert page.status_code == 403
    card = Card(page.text)
    assert (card.action, card.hidden) == ("/", False)
    answer = eve.post(card.action, card.data)
    assert answer.status_code == 302
    said = Message.objects.get(client_id=request)
    assert (said.text, said.conversation.temporary) == (text, True)
    assert {file.name for file in said.attachments.all()} == {waiting.name, "notes.txt"}
    assert eve.person.agreed_to == "2026-11 16+"
    assert Card(eve.get("/").text).action == ""


def test_without_a_script_words_in_a_room_go_once_more(eve: Visitor) -> None:
    here = room(eve)
    page = eve.post(f"/rooms/{here}/messages", {"text": "Hello all"})
    card = Card(page.text)
    assert (page.status_code, card.hidden) == (403, False)
    assert eve.post(card.action, card.data).headers["location"] == f"/rooms/{here}/"
    assert Message.objects.filter(author=eve.person, text="Hello all").count() == 1


def test_without_a_script_a_picture_is_drawn_after_the_yes(eve: Visitor) -> None:
    page = eve.post("/imagine/", {"prompt": "a llama", "style": "watercolor"})
    card = Card(page.text)
    assert (page.status_code, card.hidden) == (403, False)
    assert eve.post(card.action, card.data).status_code == 302
    picture = Picture.objects.get(person=eve.person)
    assert (picture.prompt, picture.style) == ("a llama", "watercolor")


def test_without_a_script_a_picture_is_changed_after_the_yes(eve: Visitor) -> None:
    picture = draw(eve)
    page = eve.post(f"/p/{picture.id}/edit", {"words": "with a hat"})
    card = Card(page.text)
    assert (page.status_code, card.action, card.hidden) == (403, f"/p/{picture.id}/edit", False)
    assert eve.post(card.action, card.data).status_code == 302
    assert Picture.objects.filter(parent=picture).count() == 1


def test_a_card_promises_no_file_that_it_does_not_have(eve: Visitor) -> None:
    page = eve.post("/imagine/upload", files={"file": ("dog.jpg", PHOTO, "image/jpeg")})
    card = Card(page.text)
    assert (page.status_code, card.action) == (403, "/you/agree")
    assert eve.post(card.action, card.data).headers["location"] == "/"


def test_a_yes_in_two_tabs_at_once_sends_the_message_once(eve: Visitor) -> None:
    data = {"id": str(uuid4()), "text": "Hello", "agree": "1"}
    eve.get("/")
    with ThreadPoolExecutor(2) as tabs:
        answers = list(tabs.map(lambda _: eve.post("/", data), range(2)))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert Message.objects.filter(author=eve.person).count() == 1


def test_a_yes_reaches_a_socket_that_is_open(eve: Visitor) -> None:
    here = talked(eve).id
    with eve.socket() as socket:
        socket.say("send", id=uuid4(), conversation=here, text="Hello")
        assert refusal(socket, "accepted") == NEEDED
        agree(eve)
        socket.say("send", id=uuid4(), conversation=here, text="Hello")
        assert refusal(socket, "accepted") == ""


def test_a_yes_leads_to_no_other_site(eve: Visitor) -> None:
    for following in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert eve.post("/you/agree", {"next": following}).headers["location"] == "/you/"
    assert eve.post("/you/agree", {"next": "/imagine/"}).headers["location"] == "/imagine/"


def test_no_other_site_agrees_for_a_visitor(eve: Visitor) -> None:
    answer = eve.http.post("/you/agree", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert eve.person.agreed_at is None


def test_a_yes_to_older_terms_is_none(eve: Visitor) -> None:
    agree(eve)
    Person.objects.filter(pk=eve.person.pk).update(agreed_to="2026-10 16+")
    assert posted(eve, "/", {"text": "Hello"}) == NEEDED


def test_your_data_says_when_one_agreed(eve: Visitor) -> None:
    assert "You agreed" not in eve.get("/you/").text
    agree(eve)
    assert "You agreed" in eve.get("/you/").text
