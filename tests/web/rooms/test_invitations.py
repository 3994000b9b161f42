"""Rooms made and joined by their pages, as somebody without a script does it."""

from uuid import uuid4

import pytest

from assistant.models import Conversation, Member, Person, Room, RoomBlock
from assistant.rooms import membership
from tests.fake_llama import FakeLlama
from tests.people import Visitor, conversation_id
from tests.security.attacks import rest, sign_up
from tests.servers import Site
from tests.web.rooms.rooms import join, make, text_of

ENDED = "This invitation leads nowhere."


def test_a_room_is_made_from_nothing_by_somebody_new(alice: Visitor) -> None:
    room = make(alice, "Ana", "Ski trip")
    assert alice.person.is_guest
    page = alice.get(f"/rooms/{room.pk}/")
    assert page.status_code == 200
    assert "Ana opened this room" in text_of(page.text)
    assert page.headers["X-Robots-Tag"] == "noindex, noarchive"
    assert page.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("shows", [True, False])
def test_a_conversation_becomes_a_room_that_shows_what_was_before_if_wished(
    alice: Visitor, bob: Visitor, fake_llama: FakeLlama, shows: bool
) -> None:
    conversation = alice.begin("Where can one ski?")
    rest(conversation)
    link = f"/rooms/new?conversation={conversation.pk}"
    assert "reads what was said before" in text_of(alice.get(link).text)
    fields = {"name": "Ana", "title": "Ski trip", **({"shows_earlier": "1"} if shows else {})}
    assert alice.post(link, fields).headers["location"] == f"/rooms/{conversation.pk}/#people"
    room = Room.objects.get(pk=conversation.pk)
    invited = text_of(bob.get(f"/r/{room.token}").text)
    assert ("what was said before it became a room" in invited) is shows
    join(bob, room)
    assert ("Where can one ski?" in bob.get(f"/rooms/{room.pk}/").text) is shows
    assert "Where can one ski?" in alice.get(f"/rooms/{room.pk}/").text
    # The conversation is one no more.
    assert alice.get(f"/c/{conversation.pk}/").status_code == 404


def test_nobody_makes_a_room_of_somebody_elses_conversation(alice: Visitor, bob: Visitor) -> None:
    conversation = alice.begin()
    bob.begin()
    for stranger in (bob,):
        link = f"/rooms/new?conversation={conversation.pk}"
        assert stranger.get(link).status_code == 404
        assert stranger.post(link, {"name": "Bo", "title": "Mine"}).status_code == 404
    assert not Room.objects.filter(pk=conversation.pk).exists()


def test_an_invitation_says_who_reads_what_and_for_how_long(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    page = text_of(bob.get(f"/r/{room.token}").text)
    for words in ("Join “Ski trip”?", "Ana", "All members read", "the last 15 minutes", "erased 30 days after"):
        assert words in page
    assert bob.session_key == ""


def test_a_guest_is_made_by_joining_and_not_by_a_name_that_is_refused(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    people = Person.objects.count()
    for name in ("", "Ana", "chaski", "\u200b"):
        refused = bob.post(f"/r/{room.token}", {"name": name})
        assert refused.status_code == 400, name
        assert "choose another name" in text_of(refused.text)
    assert Person.objects.count() == people
    assert join(bob, room).name == "Bo"
    assert Person.objects.count() == people + 1


def test_who_is_in_already_comes_to_the_room(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    assert bob.get(f"/r/{room.token}").headers["location"] == f"/rooms/{room.pk}/"
    assert join(bob, room, "Somebody else").name == "Bo"


def test_an_invitation_that_leads_nowhere_looks_the_same_whyever(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    token = room.token
    never = bob.get("/r/never-was")
    assert never.status_code == 404
    assert ENDED in text_of(never.text)

    membership.remove(alice.person, room.pk, Member.objects.get(person=bob.person).pk, block=True)
    assert RoomBlock.objects.filter(room=room).exists()
    blocked = bob.get(f"/r/{token}"), bob.post(f"/r/{token}", {"name": "Bo again"})
    RoomBlock.objects.filter(room=room).delete()
    membership.set_locked(alice.person, room.pk, locked=True)
    locked = bob.get(f"/r/{token}"), bob.post(f"/r/{token}", {"name": "Bo again"})
    membership.set_locked(alice.person, room.pk, locked=False)
    membership.renew_invitation(alice.person, room.pk)
    ended = bob.get(f"/r/{token}"), bob.post(f"/r/{token}", {"name": "Bo again"})
    for response in (*blocked, *locked, *ended):
        assert response.status_code == 404
        assert response.text == never.text
        assert response.headers["X-Robots-Tag"] == "noindex, noarchive"


def test_an_invitation_is_made_from_the_configured_site_whatever_host_is_asked(alice: Visitor, site: Site) -> None:
    room = make(alice)
    evil = {"Host": f"localhost:{site.port}", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page, codes = alice.get(f"/rooms/{room.pk}/people", headers=evil), []
    assert f'value="{site.url}/r/{room.token}"' in page.text
    for headers in ({}, evil):
        codes.append(alice.get(f"/rooms/{room.pk}/code.svg", headers=headers).text)
    assert codes[0] == codes[1]
    assert "<svg" in codes[0]


def test_a_full_room_says_so(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    for number in range(49):
        person = Person.objects.create(username=f"crowd-{uuid4()}", is_guest=True)
        Member.objects.create(conversation=room.conversation, person=person, name=f"N{number}", skeleton=f"n{number}")
    people = Person.objects.count()
    refused = bob.post(f"/r/{room.token}", {"name": "Bo"})
    assert refused.status_code == 409
    assert Person.objects.count() == people
    assert bob.session_key == ""
    assert "This room is full." in text_of(refused.text)


def test_rooms_and_invitations_are_limited(alice: Visitor, bob: Visitor) -> None:
    for _ in range(10):
        make(alice)
    refused = alice.post("/rooms/new", {"name": "Ana", "title": "One more"})
    assert refused.status_code == 429
    token = Room.objects.filter(host=alice.person).values_list("token", flat=True)[0]
    assert {bob.get(f"/r/guess-{number}").status_code for number in range(60)} == {404}
    # From then on a right one looks like a wrong one.
    guesses = [bob.get(f"/r/{guess}") for guess in ("guess-61", token)]
    assert [guess.status_code for guess in guesses] == [429, 429]
    assert "Ski trip" not in guesses[1].text


def test_the_form_keeps_what_was_typed_and_knows_a_name(alice: Visitor, site: Site) -> None:
    refused = alice.post("/rooms/new", {"name": "Chaski", "title": "Ski <trip>"})
    assert refused.status_code == 400
    assert 'value="Ski &lt;trip&gt;"' in refused.text
    account = sign_up(alice)
    assert f'value="{account.username}"' in alice.get("/rooms/new").text
    make(alice, "Anita")
    assert 'value="Anita"' in alice.get("/rooms/new").text


def test_a_temporary_chat_becomes_no_room(alice: Visitor) -> None:
    response = alice.post("/", {"text": "Hello", "id": str(uuid4()), "temporary": "1"})
    conversation = Conversation.objects.get(pk=conversation_id(response.headers["location"]))
    assert alice.get(f"/rooms/new?conversation={conversation.pk}").status_code == 404
    made = alice.post(f"/rooms/new?conversation={conversation.pk}", {"name": "Ana", "title": "x"})
    assert made.status_code == 404
