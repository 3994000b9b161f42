"""Every route and every frame, tried by those it is not meant for. A new one without a case fails here."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.fake_llama import FakeLlama
from tests.people import Visitor, next_address
from tests.security.attacks import replies, rows, sign_up, talk
from tests.security.routes import KEYED, OPEN, OWNED, SIGNED, STAFF, Owned, routes
from tests.servers import Site
from web.sockets.messages import CONVERSATION_MESSAGES, ROOM_MESSAGES

SITE_ROUTES = [route for route in routes() if not route.name.startswith(STAFF)]
STAFF_ROUTES = [route for route in routes() if route.name.startswith(STAFF)]
OUR_ROUTES = [route for route in SITE_ROUTES if not route.name.startswith("account_")]
CHANGES = [(name, case) for name, case in OWNED if case.method == "POST"]
DRAWING = [
    "attach",
    "dictate",
    "imagine_begin",
    "draw_pictures",
    "keep_preview",
    "finish_preview",
    "grow_history",
    "upload_picture",
    "ideas",
]
# Addresses that show by GET what they change by POST.
LOOKED_AT = ("messages", "share_conversation", "room_messages", "ask_vote", "edit_in_room")
POST_ONLY = [
    *(name for name, _ in CHANGES if name not in LOOKED_AT),
    *DRAWING,
    "export",
    "erase",
    "switch_memory",
    "erase_memories",
    "make_link_code",
]


@pytest.fixture(scope="module")
def carol(shared_site: Site) -> Iterator[Visitor]:
    """Somebody with an account."""
    with Visitor(shared_site, next_address()) as visitor:
        sign_up(visitor)
        yield visitor


@pytest.fixture
def nobody(site: Site) -> Iterator[Visitor]:
    """A browser that has said nothing yet."""
    with Visitor(site, next_address()) as visitor:
        yield visitor


def call(visitor: Visitor, case: Owned, path: str) -> Any:
    return visitor.get(path) if case.method == "GET" else visitor.post(path, case.data())


def words_of(response: Any) -> str:
    """A page without its token, which is another each time."""
    return re.sub(r"\b\w{64}\b", "", response.text)


def test_every_route_has_a_case() -> None:
    known = {name for name, _ in OWNED} | set(OPEN) | set(SIGNED) | set(KEYED)
    assert {route.name for route in SITE_ROUTES} == known


def test_every_route_that_names_something_has_an_ownership_case() -> None:
    naming = {route.name for route in SITE_ROUTES if "0000" in route.path}
    assert naming == {name for name, _ in OWNED}


@pytest.mark.parametrize(("name", "case"), OWNED, ids=[f"{name} {case.method}" for name, case in OWNED])
def test_what_its_owner_may_do_nobody_else_may(
    name: str, case: Owned, alice: Visitor, bob: Visitor, carol: Visitor, nobody: Visitor, fake_llama: FakeLlama
) -> None:
    hers, his = talk(alice), talk(bob)
    before, asked = (rows(alice.person), rows(bob.person), rows(carol.person)), len(fake_llama.requests)
    for stranger in (bob, carol, nobody):
        refused = call(stranger, case, case.path(name, hers))
        missing = call(stranger, case, case.path(name, None))
        assert refused.status_code == missing.status_code == 404
        assert words_of(refused) == words_of(missing)
    assert (rows(alice.person), rows(bob.person), rows(carol.person)) == before
    assert len(fake_llama.requests) == asked
    assert call(bob, case, case.path(name, his)).status_code == case.status


@pytest.mark.parametrize(("name", "case"), CHANGES, ids=[name for name, _ in CHANGES])
def test_nothing_changes_by_looking_or_without_the_pages_token(
    name: str, case: Owned, alice: Visitor, fake_llama: FakeLlama
) -> None:
    hers = talk(alice)
    before, asked, path = rows(alice.person), len(fake_llama.requests), case.path(name, hers)
    override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST", "X-HTTP-Method": "POST"}
    looked = alice.get(path, headers=override, params={"_method": "POST", **case.data()})
    assert looked.status_code == (200 if name in LOOKED_AT else 405)
    attempts = [
        alice.http.post(path, data=case.data()),
        alice.http.post(path, data=case.data(), headers={"X-CSRFToken": "x" * 64}),
        alice.http.post(path, data=case.data(), headers={"X-HTTP-Method-Override": "GET"}),
        alice.http.post(path, content='{"text": "Hi"}', headers={"Content-Type": "text/plain"}),
        alice.http.post(path, json=case.data()),
        alice.post(path, case.data(), headers={"Origin": "https://evil.example"}),
        alice.post(path, case.data(), headers={"Origin": "null"}),
        alice.post(path, case.data(), headers={"Origin": alice.site.url + ".evil.example"}),
        *(alice.http.request(method, path) for method in ("PUT", "PATCH", "DELETE")),
    ]
    assert [attempt.status_code for attempt in attempts] == [403] * len(attempts)
    assert rows(alice.person) == before
    assert len(fake_llama.requests) == asked


@pytest.mark.parametrize(
    "route", [one for one in routes() if one.name not in SIGNED | KEYED], ids=lambda route: route.name
)
def test_no_route_takes_a_form_from_another_site(nobody: Visitor, route: Any) -> None:
    assert nobody.http.post(route.path, data={"text": "Hi"}).status_code == 403
    cross = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert nobody.post(route.path, {"text": "Hi"}, headers=cross).status_code == 403


@pytest.mark.parametrize("route", [one for one in routes() if one.name in SIGNED], ids=lambda route: route.name)
def test_a_route_for_signed_requests_refuses_another_signature(nobody: Visitor, route: Any) -> None:
    signature = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    assert nobody.http.post(route.path, data={"signed_request": "a.b"}, headers=signature).status_code == 403


@pytest.mark.parametrize("name", POST_ONLY)
def test_a_change_is_never_made_by_get(alice: Visitor, name: str) -> None:
    path = next(route.path for route in SITE_ROUTES if route.name == name)
    assert alice.get(path).status_code == 405


@pytest.mark.parametrize("route", OUR_ROUTES, ids=lambda route: route.name)
def test_odd_methods_do_nothing(alice: Visitor, route: Any) -> None:
    alice.get("/")
    token = {"X-CSRFToken": alice.http.cookies["csrftoken"], "Origin": alice.site.url}
    for method in ("PUT", "PATCH", "DELETE", "PROPFIND"):
        status = alice.http.request(method, route.path, headers=token).status_code
        assert status == 405, f"{method} {route.path}: {status}"


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=lambda route: route.name)
def test_the_admin_is_closed_to_everybody_else(route: Any, nobody: Visitor, bob: Visitor, carol: Visitor) -> None:
    bob.begin()
    for stranger in (nobody, bob, carol):
        for response in (stranger.get(route.path), stranger.post(route.path, {"post": "yes", "is_staff": "on"})):
            door = response.status_code == 302 and "/login/?next=" in response.headers["location"]
            index = response.status_code == 302 and response.headers["location"] == "/admin/"
            assert door or index or response.status_code == 403, f"{response.status_code} {response.text[:200]}"


# Frames

FRAME_CASES: dict[str, Any] = {
    "open": lambda talk: {"conversation": talk.conversation.id},
    "watch": lambda talk: {"run": talk.run.id, "after": 0},
    "send": lambda talk: {"conversation": talk.conversation.id, "id": uuid4(), "text": "Mine"},
    "edit": lambda talk: {"message": talk.question.id, "id": uuid4(), "text": "Mine"},
    "retry": lambda talk: {"message": talk.answer.id, "id": uuid4()},
    "stop": lambda talk: {"run": talk.run.id},
}
NAMELESS_FRAMES = {"ping": "names nothing"}
ANSWERS = {"open": "opened", "watch": "finished", "send": "accepted", "edit": "accepted", "retry": "accepted"}


def test_every_frame_has_a_case() -> None:
    assert set(CONVERSATION_MESSAGES) == set(FRAME_CASES) | set(NAMELESS_FRAMES)


@pytest.mark.parametrize("kind", FRAME_CASES)
def test_a_frame_about_somebody_elses_is_refused(
    kind: str, alice: Visitor, bob: Visitor, fake_llama: FakeLlama
) -> None:
    hers, his = talk(alice), talk(bob)
    before, asked = (rows(alice.person), rows(bob.person)), len(fake_llama.requests)
    with bob.socket() as socket:
        socket.say(kind, **FRAME_CASES[kind](hers))
        (refusal,) = replies(socket)
        assert refusal["type"] in ("refused", "problem")
        assert refusal["code"] == "not_found"
        assert (rows(alice.person), rows(bob.person)) == before
        assert len(fake_llama.requests) == asked
        socket.say(kind, **FRAME_CASES[kind](his))
        if kind in ANSWERS:
            socket.hear_until(ANSWERS[kind])
        else:
            assert replies(socket) == []


@pytest.mark.parametrize("kind", FRAME_CASES)
def test_a_frame_about_nothing_is_answered_in_the_same_words(kind: str, alice: Visitor, bob: Visitor) -> None:
    hers, bobs = talk(alice), talk(bob)
    nothing = {name: uuid4() for name in ("conversation", "message", "run")}
    real = FRAME_CASES[kind](hers)
    missing = {**real, **{name: value for name, value in nothing.items() if name in real}}
    with bob.socket() as socket:
        socket.say(kind, **real)
        (refused,) = replies(socket)
        socket.say(kind, **missing)
        (unknown,) = replies(socket)
    assert refused == unknown
    assert bobs.conversation.messages.count() == 2


# Of a room's page, which shows a room of one's own.
ROOM_FRAME_CASES: dict[str, Any] = {
    "enter": lambda talk: {"room": talk.together.room.pk, "after": 0},
    "watch": lambda talk: {"run": talk.together.run.id, "after": 0},
    "vote": lambda talk: {"poll": talk.together.poll.pk, "option": 1},
    "stop": lambda talk: {"run": talk.together.run.id},
}
NAMELESS_ROOM_FRAMES = {
    "say": "is said in the room that the page shows; tests/web/rooms/test_room_socket.py",
    "typing": "is told to those in the room that the page shows",
    "drawing": "is seen by those in the room that the page shows; tests/web/rooms/test_drawing_together.py",
    "drawn": "ends that",
    "read": "is kept of the room that the page shows",
    "ping": "names nothing",
}


def test_every_frame_of_a_room_has_a_case() -> None:
    assert set(ROOM_MESSAGES) == set(ROOM_FRAME_CASES) | set(NAMELESS_ROOM_FRAMES)


@pytest.mark.parametrize("kind", ROOM_FRAME_CASES)
def test_a_frame_about_a_room_of_others_is_refused_as_one_about_nothing(
    kind: str, alice: Visitor, bob: Visitor
) -> None:
    hers, his = talk(alice), talk(bob)
    real = ROOM_FRAME_CASES[kind](hers)
    missing = {**real, **{name: uuid4() for name in ("room", "run", "poll") if name in real}}
    with bob.socket("/ws/room/") as socket:
        socket.say("enter", room=his.together.room.pk, after=0)
        socket.hear_until("here")
        before = rows(alice.person), rows(bob.person)
        socket.say(kind, **real)
        refused = socket.hear_until("problem")
        socket.say(kind, **missing)
        unknown = socket.hear_until("problem")
        assert refused == unknown
        assert refused["code"] == "not_found"
        assert (rows(alice.person), rows(bob.person)) == before


@pytest.mark.parametrize("kind", ["say", "typing", "read", "vote", "drawing"])
def test_a_page_that_shows_no_room_does_nothing_in_any(kind: str, bob: Visitor) -> None:
    his = talk(bob)
    fields = {
        "say": {"id": uuid4(), "text": "Hi"},
        "typing": {},
        "read": {"number": 1},
        "drawing": {"sketch": uuid4()},
        "vote": {"poll": his.together.poll.pk, "option": 0},
    }
    before = rows(bob.person)
    with bob.socket("/ws/room/") as socket:
        socket.say(kind, **fields[kind])
        (refused,) = replies(socket)
    assert refused["code"] == "not_found"
    assert rows(bob.person) == before
