"""What belongs to somebody else: named in a request, smuggled into one, asked for in lists, or left behind."""

import io
import json
import re
import zipfile
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

from assistant.models import Conversation, Message, Person
from imagine.models import Picture
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Visitor
from tests.security.attacks import replies, rest, rows, talk
from tests.security.routes import OWNED, Owned
from tests.servers import Valkey, eventually


def test_nobody_speaks_in_anothers_conversation(alice: Visitor, bob: Visitor, fake_llama: FakeLlama) -> None:
    hers, his = talk(alice), talk(bob)
    before, asked = rows(alice.person), len(fake_llama.requests)
    assert bob.post(f"/c/{hers.conversation.id}/messages", {"text": "I was here"}).status_code == 404
    with bob.socket() as socket:
        socket.say("send", conversation=hers.conversation.id, id=uuid4(), text="I was here")
        assert socket.hear_until("refused")["code"] == "not_found"
    assert rows(alice.person) == before
    assert len(fake_llama.requests) == asked
    assert not Message.objects.filter(text="I was here").exists()
    assert his.conversation.messages.count() == 2


@pytest.mark.parametrize("after", [0, 1, 5, 2**31 - 1])
def test_nobody_follows_anothers_running_answer(
    alice: Visitor, bob: Visitor, fake_llama: FakeLlama, after: int
) -> None:
    his, gate = talk(bob), Gate()
    fake_llama.on("My secret", says("The secret answer is long.", gate=gate))
    hers = alice.begin("My secret")
    run = hers.runs.get()
    with alice.socket() as mine, bob.socket() as socket:
        mine.say("watch", run=run.id, after=0)
        socket.say("watch", run=run.id, after=after)
        socket.say("open", conversation=hers.id)
        assert [frame["code"] for frame in replies(socket)] == ["not_found", "not_found"]
        gate.open()
        mine.hear_until("finished")
        socket.say("watch", run=his.run.id, after=after)
        heard = json.dumps([*replies(socket), *socket.heard])
    assert "secret" not in heard
    assert str(run.id) not in heard
    assert str(hers.id) not in heard


def test_nobody_without_a_session_follows_anything(alice: Visitor, bob: Visitor) -> None:
    hers = talk(alice)
    assert bob.get(f"/c/{hers.conversation.id}/messages").status_code == 404
    assert bob.get(f"/c/{hers.conversation.id}/").status_code == 404


def test_no_rights_are_left_after_a_refusal(alice: Visitor, bob: Visitor, fake_llama: FakeLlama) -> None:
    """Bob asks to follow Alice's conversation and is refused. What she then says does not reach him."""
    talk(bob)
    hers = talk(alice)
    with alice.socket() as mine, bob.socket() as socket:
        socket.say("open", conversation=hers.conversation.id)
        replies(socket)
        mine.say("send", conversation=hers.conversation.id, id=uuid4(), text="Only for me")
        mine.hear_until("finished")
        assert replies(socket) == []


def test_a_message_of_another_conversation_is_not_found_through_ones_own(
    alice: Visitor, bob: Visitor, fake_llama: FakeLlama
) -> None:
    """Bob names his own conversation beside Alice's message, wherever a field could hold it."""
    hers, his = talk(alice), talk(bob)
    before, asked = (rows(alice.person), rows(bob.person)), len(fake_llama.requests)
    smuggled = {"conversation": his.conversation.id, "message": hers.question.id, "run": hers.run.id}
    attempts = [
        ("edit", {**smuggled, "id": uuid4(), "text": "Mine"}),
        ("retry", {**smuggled, "message": hers.answer.id, "id": uuid4()}),
        ("stop", smuggled),
        ("watch", {**smuggled, "after": 0}),
    ]
    with bob.socket() as socket:
        for kind, fields in attempts:
            socket.say(kind, **fields)
            (refusal,) = replies(socket)
            assert refusal["code"] == "not_found"
    form = {"conversation": str(his.conversation.id), "text": "Mine", "good": "0"}
    for path in (f"/m/{hers.question.id}/edit", f"/m/{hers.answer.id}/retry", f"/m/{hers.answer.id}/feedback"):
        assert bob.post(path, form).status_code == 404
    assert (rows(alice.person), rows(bob.person)) == before
    assert len(fake_llama.requests) == asked


@pytest.mark.parametrize("act", ["edit", "retry"])
def test_only_a_question_is_edited_and_only_an_answer_is_made_anew(
    alice: Visitor, fake_llama: FakeLlama, act: str
) -> None:
    hers = talk(alice)
    before = rows(alice.person)
    wrong = hers.answer if act == "edit" else hers.question
    assert alice.post(f"/m/{wrong.id}/{act}", {"text": "Mine", "id": str(uuid4())}).status_code == 404
    assert alice.post(f"/m/{hers.question.id}/feedback", {"good": "1"}).status_code == 400
    assert rows(alice.person) == before


SMUGGLED = {
    "user": "1",
    "person": "00000000-0000-4000-8000-000000000001",
    "person_id": "00000000-0000-4000-8000-000000000001",
    "author": "00000000-0000-4000-8000-000000000001",
    "owner": "1",
    "session_key": "a" * 32,
    "is_staff": "on",
    "is_superuser": "on",
    "is_guest": "",
    "is_active": "",
    "role": "assistant",
    "created_at": "1999-01-01T00:00:00Z",
    "updated_at": "1999-01-01T00:00:00Z",
    "shared": "1",
    "position": "1",
    "parent": "00000000-0000-4000-8000-000000000001",
    "shown": "",
    "chosen": "",
    "revision": "shorter",
    "status": "done",
    "titled_by_person": "1",
}


def test_fields_nobody_asked_for_are_never_stored(alice: Visitor) -> None:
    response = alice.post("/", {**SMUGGLED, "text": "Hello", "id": str(uuid4())})
    conversation = Conversation.objects.get(id=UUID(response.headers["location"].split("/")[2]))
    person = alice.person
    with alice.socket() as socket:
        run = conversation.runs.get()
        socket.say("watch", run=run.id, after=0, **SMUGGLED)
        socket.hear_until("finished")
        socket.say("send", **{**SMUGGLED, "conversation": conversation.id, "id": uuid4(), "text": "More"})
        socket.hear_until("finished")
    answer = conversation.messages.get(position=4)
    alice.post(f"/m/{answer.id}/feedback", {**SMUGGLED, "good": "1"})
    alice.post(f"/c/{conversation.id}/rename", {**SMUGGLED, "title": "A name"})
    alice.post("/account/signup/", {**SMUGGLED, "username": f"a{person.id.hex[:20]}", "password1": "quiet llama 42"})
    after = Person.objects.get(id=person.id)
    assert (after.is_staff, after.is_superuser, after.is_active, after.is_guest) == (False, False, True, False)
    assert after.date_joined.year > 2000
    conversation.refresh_from_db()
    assert conversation.members.get().id == person.id
    assert conversation.created_at.year > 2000
    said = conversation.messages.order_by("position").values_list("position", "role", "author_id", "shown")
    expected = [(1, "user"), (2, "assistant"), (3, "user"), (4, "assistant")]
    assert [(position, role) for position, role, _, _ in said] == expected
    assert {author for _, role, author, _ in said if role == "user"} == {person.id}
    assert {shown for *_, shown in said} == {True}
    assert list(conversation.messages.values_list("parent__position", flat=True)) == [None, 1, 2, 3]
    assert set(conversation.runs.values_list("revision", flat=True)) == {""}
    assert answer.feedback.person_id == person.id


# Columns of all that one may have, which no form asks for. A form takes fifty fields.
MORE_SMUGGLED = {
    **SMUGGLED,
    "token": "smuggled",
    "locked": "1",
    "shows_earlier": "1",
    "last_number": "987",
    "joined_at": "1999-01-01T00:00:00Z",
    "ends_at": "2999-01-01T00:00:00Z",
    "reported_at": "1999-01-01T00:00:00Z",
    "closed_at": "1999-01-01T00:00:00Z",
    "edition": "987",
    "kind": "smuggled",
    "size": "987",
    "problem": "smuggled",
    "made": "uploaded",
    "from_upload": "1",
    "attempts": "987",
    "files": "smuggled",
    "group": "00000000-0000-4000-8000-000000000001",
    "linked_at": "1999-01-01T00:00:00Z",
    "channel": "smuggled",
    "muted": "1",
    "remembers": "",
}
# What a form of that name asks for.
WANTED = {"retry": {"revision"}, "react": {"kind"}}
# These take away what others work with.
LAST = (
    "discard_attachment",
    "erase_memory",
    "revoke_api_key",
    "stop_picture",
    "unshare_picture",
    "delete_picture",
    "delete",
)


def changes() -> list[tuple[str, Owned]]:
    """All forms about what one has, so that each finds it there. Who leaves a room alone has ended it."""
    forms = [(name, case, case.data().get("do")) for name, case in OWNED if case.method == "POST"]
    ordered = sorted(forms, key=lambda form: (form[0] in LAST, form[2] == "end"))
    return [(name, case) for name, case, do in ordered if do != "leave"]


def kept(visitor: Visitor) -> list[Any]:
    """The rows of a visitor's, without what is another for each: ids, tokens, and times within the test."""
    person = visitor.person
    found = [*rows(person), list(Person.objects.filter(pk=person.pk).values(*RIGHTS))]
    return [sorted((told(row, person) for row in table), key=str) for table in found]


def told(row: dict[str, Any], person: Person) -> dict[str, Any]:
    painting = row.get("status") == Picture.Status.WAITING or row.get("attempts") == 1
    left_out = ANOTHER | PAINTERS if painting else ANOTHER
    return {key: plain(value, person) for key, value in row.items() if key not in left_out}


RIGHTS = ("is_staff", "is_superuser", "is_active", "is_guest", "remembers", "date_joined")
ANOTHER = {"id", "seed", "token", "user_id", "public_id", "digest", "contact_id", "saved_number"}
# What a painter writes while it draws: an earlier test may have started one.
PAINTERS = {"status", "problem", "attempts", "started_at", "finished_at", "width", "height", "frames", "files"}


def plain(value: Any, person: Person) -> Any:
    if isinstance(value, datetime):
        return "now" if 2000 < value.year < 2900 else "smuggled"
    if isinstance(value, UUID):
        return "me" if value == person.pk else "an id"
    return re.sub(r"[0-9a-f-]{32,36}", "an id", str(value))


def test_no_form_stores_a_field_that_it_does_not_ask_for(alice: Visitor, bob: Visitor) -> None:
    """Bob sends what Alice sends, and more: what both have afterwards is the same."""
    hers, his = talk(alice), talk(bob)
    owners = dict.fromkeys(("user", "person", "person_id", "author", "author_id", "owner", "host"), alice.person.pk)
    for name, case in changes():
        extra = {key: value for key, value in (MORE_SMUGGLED | owners).items() if key not in WANTED.get(name, ())}
        for visitor, talked, more in ((alice, hers, {}), (bob, his, extra)):
            response = visitor.post(case.path(name, talked), {**more, **case.data()})
            assert response.status_code in (case.status, 409), f"{name}: {response.status_code}"
            rest(talked.conversation)
        for one, other in zip(kept(alice), kept(bob), strict=True):
            assert one == other, name


FILTERS: list[dict[str, Any]] = [
    {"user": "{hers}"},
    {"person": "{hers}"},
    {"person_id": "{hers}"},
    {"conversation__person": "{hers}"},
    {"q": "private"},
    {"q": "%"},
    {"q": "_"},
    {"q": ""},
    {"q": "' OR 1=1 --"},
    {"order": "person__password"},
    {"page": "2"},
    {"page": "-1"},
    {"page": "x"},
    {"manage": "{conversation}"},
]


@pytest.mark.parametrize("query", FILTERS, ids=lambda query: next(iter(query.items()))[0])
def test_lists_hold_only_ones_own(alice: Visitor, bob: Visitor, query: dict[str, str]) -> None:
    hers, his = talk(alice, "A private matter of Alice"), talk(bob, "His own private affair")
    names = {"hers": alice.person.id, "conversation": hers.conversation.id}
    params = {name: value.format(**names) for name, value in query.items()}
    for headers in ({}, {"X-Fragment": "1"}):
        page = bob.get("/c/", params=params, headers=headers)
        assert page.status_code == 200
        assert "matter of Alice" not in page.text
        assert f"/c/{hers.conversation.id}/" not in page.text
    assert "own private affair" in bob.get("/c/", params={"q": "private"}).text
    assert str(his.conversation.id) in bob.get("/c/").text


def test_one_takes_along_and_counts_only_ones_own(alice: Visitor, bob: Visitor) -> None:
    hers, his = talk(alice, "Only Alice wrote this"), talk(bob, "Only Bob wrote this")
    packed = zipfile.ZipFile(io.BytesIO(bob.post("/you/export", {"person": str(alice.person.id)}).content))
    everything = b"".join(packed.read(name) for name in packed.namelist()).decode()
    assert "Only Bob wrote this" in everything
    assert str(his.conversation.id) in everything
    assert "Alice" not in everything
    assert str(hers.conversation.id) not in everything
    assert str(alice.person.id) not in everything


def test_erasing_oneself_erases_nobody_else(alice: Visitor, bob: Visitor) -> None:
    hers = talk(alice)
    talk(bob)
    before, his = rows(alice.person), bob.person
    bob.post("/you/erase", {"sure": "yes", "person": str(alice.person.id), "user": str(alice.person.id)})
    assert not Person.objects.filter(id=his.id).exists()
    assert rows(alice.person) == before
    assert alice.get(f"/c/{hers.conversation.id}/").status_code == 200


# What is left behind


def kept_in(valkey: Valkey) -> str:
    """All that Redis holds, names and values."""
    with redis.Redis.from_url(valkey.url) as client:
        kept = [repr(client.dump(key)) + repr(key) + values(client, key) for key in client.scan_iter(count=1000)]
    return "".join(kept)


def values(client: redis.Redis, key: bytes) -> str:
    return repr(client.xrange(key)) if client.type(key) == b"stream" else ""


@pytest.mark.parametrize("how", ["delete", "erase"])
def test_what_is_erased_in_mid_answer_leaves_nothing_behind(
    alice: Visitor, fake_llama: FakeLlama, valkey: Valkey, how: str
) -> None:
    question, gate, marker = f"q{uuid4().hex}", Gate(), f"zebra{uuid4().hex}"
    fake_llama.on(question, says(f"First {marker} then {marker} on and on.", gate=gate))
    conversation = alice.begin(question)
    run = conversation.runs.get()
    with alice.socket() as socket:
        socket.say("watch", run=run.id, after=0)
        gate.let(3)
        socket.hear_until("text")
        eventually(lambda: marker in kept_in(valkey))
        if how == "delete":
            alice.post(f"/c/{conversation.id}/delete")
        else:
            alice.post("/you/erase", {"sure": "yes"})
        gate.let(2)
        eventually(lambda: fake_llama.open_streams == 0)
    eventually(lambda: marker not in kept_in(valkey) and question not in kept_in(valkey), 5)
    assert not Message.objects.filter(text__contains=question).exists()
    assert not Message.objects.filter(text__contains=marker).exists()
