"""What is asked of a room in an app is done and its entry ended at once: both, or neither where a courier dies."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from assistant.answering import Answering
from assistant.models import Member, Message, Person, Room
from assistant.rooms import membership, polls
from assistant.runtime import Runtime
from integrations import contacts, inbox, relay, rooms
from integrations.dialogue import Dialogue
from integrations.inbound import InboundMessage, InboundOpening, Sender
from integrations.models import Contact
from integrations.registry import channels
from tests.integrations.test_registry import ALL
from tests.servers import Valkey


class KilledError(BaseException):
    """The process is gone."""


@pytest.fixture(autouse=True)
def apps(settings: Settings, valkey: Valkey) -> Iterator[None]:
    for name, value in ALL.items():
        setattr(settings, name, value)
    settings.REDIS_URL = valkey.url
    # Nobody is there.
    settings.GRAPH_URL = "http://127.0.0.1:9"
    channels.cache_clear()
    yield
    channels.cache_clear()


@pytest.fixture
def ana() -> Person:
    return people.make_guest()


@pytest.fixture
def room(ana: Person) -> Room:
    return membership.make(ana, "Ana", "Ski trip")


@pytest.fixture
def bo() -> Contact:
    """Somebody who was greeted."""
    with transaction.atomic():
        found = contacts.find_or_make("messenger", "2000", Sender(user_id=uuid4().hex, name="Bo"))
        contacts.wrote(found, timezone.now())
    contacts.update(found, greeted_at=timezone.now())
    return found


@pytest.fixture
def inside(room: Room, bo: Contact) -> Contact:
    """The same, in the room."""
    contacts.update(bo, expects={"room": room.token})
    rooms.join(channels()["messenger"], bo, "Bo")
    return bo


def answer(contact: Contact) -> None:
    """What a courier does next for a contact."""

    async def served() -> None:
        async with Runtime() as runtime:
            found = await Contact.objects.select_related("person").aget(pk=contact.pk)
            entries = await asyncio.to_thread(inbox.take_group, found)
            await Dialogue(Answering(runtime), channels()[found.channel], found).answer(entries)

    asyncio.run(served())
    contact.refresh_from_db()


def dies_once(contact: Contact, monkeypatch: pytest.MonkeyPatch, **event: Any) -> list[str]:
    """Something comes of a contact, and the courier dies as it is about to end that; what another one answers."""
    sender = Sender(contact.user_id or "")
    if "ref" in event:
        inbox.add(contact, InboundOpening("2000", sender, timezone.now(), **event))
    else:
        inbox.add(contact, InboundMessage("2000", sender, timezone.now(), id=f"m_{uuid4().hex}", **event))

    def die(*_entries: Any) -> bool:
        raise KilledError

    before = set(contact.outbox.values_list("pk", flat=True))
    with monkeypatch.context() as killed:
        killed.setattr(inbox, "finish", die)
        with pytest.raises(KilledError):
            answer(contact)
    answer(contact)
    assert not contact.inbox.filter(state="waiting").exists()
    rows = contact.outbox.exclude(pk__in=before).order_by("created_at", "cause", "place")
    return [entry.content["text"] for entry in rows]


def test_a_vote_is_asked_once(room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dies_once(inside, monkeypatch, text="/poll Which? | One | Two")
    assert room.polls.count() == 1
    assert told == ["Bo asks all to vote: Which?"]


def test_a_vote_is_given_once(ana: Person, room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    poll = polls.ask(ana, room.pk, "Which?", ["One", "Two"]).poll
    assert poll
    told = dies_once(inside, monkeypatch, text="Two", payload=f"vote:{poll.pk}:1")
    assert told == ["Which?\nOne: 0\nTwo: 1 ✓"]
    assert room.events.filter(kind="voted").count() == 1


def test_the_assistant_is_hushed_once(room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dies_once(inside, monkeypatch, text="/hush")
    assert len(told) == 1
    assert room.events.filter(kind="hushed").count() == 1


def test_who_leaves_is_told_so_and_says_nothing_else(
    room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = dies_once(inside, monkeypatch, text="/leave")
    assert told == ["You have left the room. Nothing more of it reaches you."]
    assert not Member.objects.filter(conversation=room.pk, person=inside.person).exists()
    assert not Message.objects.filter(author=inside.person).exists()


def test_who_mutes_a_room_is_told_so(room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    assert dies_once(inside, monkeypatch, text="/mute") == [
        "Nothing more of the room reaches you here, until you write /unmute."
    ]
    assert Member.objects.get(conversation=room.pk, person=inside.person).muted


def test_who_joins_is_told_so_and_does_not_say_their_name(
    room: Room, bo: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = dies_once(bo, monkeypatch, ref=f"room_{room.token}")
    assert asked.startswith("You are invited to the room “Ski trip”")
    (welcome,) = dies_once(bo, monkeypatch, text="Bo")
    assert welcome.startswith("You are in the room “Ski trip” as Bo.")
    assert room.events.filter(kind="joined", name="Bo").count() == 1
    assert not Message.objects.filter(author=bo.person).exists()


def test_who_comes_too_late_is_told_so_and_asked_for_no_name(
    ana: Person, room: Room, bo: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_once(bo, monkeypatch, ref=f"room_{room.token}")
    membership.renew_invitation(ana, room.pk)
    (told,) = dies_once(bo, monkeypatch, text="Bo")
    assert "This invitation has ended" in told
    assert not rooms.is_asked(bo)


def test_a_room_is_opened_once(bo: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    (opened,) = dies_once(bo, monkeypatch, text="/room Ski trip")
    assert opened.startswith("Your room “Ski trip” is open, and you are Bo there.")
    assert Room.objects.filter(host=bo.person).count() == 1


def test_an_order_that_is_taken_back_meanwhile_is_not_carried_out(
    room: Room, inside: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = InboundMessage(
        "2000", Sender(inside.user_id or ""), timezone.now(), id=f"m_{uuid4().hex}", text="/poll Which? | One | Two"
    )
    inbox.add(inside, event)

    def taken_back(*_them: Any) -> None:
        inbox.unsend(Contact.objects.select_related("person").get(pk=inside.pk), event.id)

    monkeypatch.setattr(relay, "catch_up", taken_back)
    answer(inside)
    assert not room.polls.exists()
    assert not inside.outbox.exists()
