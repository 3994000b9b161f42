"""What an app missed of a long room: the end of it is told, and little is read for that, as the room is locked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models.signals import post_init
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from assistant.models import Member, Message, Person, Room, RoomEvent
from assistant.rooms import events, membership
from integrations import contacts, relay, rooms
from integrations.groups import lifecycle, making, telling
from integrations.inbound import Sender
from integrations.models import Contact, Group
from integrations.registry import channels
from tests.integrations.grouped import account
from tests.integrations.test_registry import ALL

MANY = 10_000
Kind = RoomEvent.Kind


@pytest.fixture(autouse=True)
def apps(settings: Settings) -> Iterator[None]:
    for name, value in ALL.items():
        setattr(settings, name, value)
    channels.cache_clear()
    yield
    channels.cache_clear()


@pytest.fixture
def ana() -> Person:
    return account(f"ana-{uuid4().hex[:8]}")


@pytest.fixture
def group(ana: Person) -> Group:
    """A group of Ana's room, in which nobody has written yet."""
    room = making.make(ana, "Ana", "Ski trip")
    group = Group.objects.get(room=room)
    lifecycle.made(group, uuid4().hex, "https://chat.whatsapp.com/x")
    return Group.objects.select_related("room", "contact").get(pk=group.pk)


@pytest.fixture
def away(ana: Person) -> Contact:
    """Bo, who is in a room of Ana's by WhatsApp and cannot be reached."""
    room = membership.make(ana, "Ana", "Ski trip")
    with transaction.atomic():
        bo = contacts.find_or_make("whatsapp", "1000", Sender(user_id=uuid4().hex, name="Bo"))
    contacts.update(bo, expects={"room": room.token})
    rooms.join(channels()["whatsapp"], bo, "Bo")
    return bo


def happen(room: Room, person: Person, number: int, kind: Kind = Kind.SAID) -> list[Message]:
    """Somebody says so many things at once, or changes so many words of before the room."""
    room.refresh_from_db()
    positions = range(1 + room.last_number, 1 + room.last_number + number)
    values = {"conversation_id": room.pk, "role": "user", "author": person, "spoken_as": "Ana"}
    messages = Message.objects.bulk_create(
        [Message(**values, text=f"Number {place}", position=10 * place) for place in positions]
    )
    RoomEvent.objects.bulk_create(
        [
            RoomEvent(room=room, number=place, kind=kind, person=person, name="Ana", message=message)
            for place, message in zip(positions, messages, strict=True)
        ]
    )
    Room.objects.filter(pk=room.pk).update(last_number=positions[-1])
    return messages


def missed(contact: Contact) -> None:
    """They miss all that happens from now on."""
    Contact.objects.filter(pk=contact.pk).update(wrote_at=timezone.now() - timedelta(hours=25))
    assert contact.conversation_id
    number = Room.objects.get(pk=contact.conversation_id).last_number
    Contact.objects.filter(pk=contact.pk).update(missed_after=number)
    contact.refresh_from_db()


def writes_again(contact: Contact) -> None:
    contact.refresh_from_db()
    contacts.wrote(contact, timezone.now())
    rooms.arrive(contact)


def heard_in(group: Group) -> None:
    """Somebody writes in the group."""
    with transaction.atomic():
        room = lifecycle.lock(group)
        assert room
        contact = Contact.objects.get(pk=group.contact_id)
        telling.heard(group, contact, room, timezone.now())


@contextmanager
def reading_at_most(number: int) -> Iterator[None]:
    """No more events of rooms are read."""
    read = 0

    def count(**_more: object) -> None:
        nonlocal read
        read += 1

    post_init.connect(count, sender=RoomEvent)
    try:
        yield
    finally:
        post_init.disconnect(count, sender=RoomEvent)
    assert read <= number


def told(contact: Contact) -> list[str]:
    rows = contact.outbox.order_by("created_at", "cause", "place")
    return [entry.content["text"] for entry in rows]


def test_of_ten_thousand_things_the_end_is_told_without_reading_the_others(ana: Person, away: Contact) -> None:
    room = Room.objects.get(pk=away.conversation_id)
    missed(away)
    happen(room, ana, MANY)
    # What one did oneself, on the website, is not told, nor are words that were changed before one came.
    happen(room, away.person, 50)
    happen(room, ana, 50, Kind.EDITED)
    with reading_at_most(relay.MOST_MISSED + 5):
        writes_again(away)
    first, *others = told(away)
    assert first.startswith(f"{MANY - relay.MOST_MISSED} more things were said")
    last = 2 + MANY
    assert others == [f"*Ana:* Number {place}" for place in range(last - relay.MOST_MISSED + 1, last + 1)]


def test_of_ten_thousand_things_a_group_is_told_the_end(ana: Person, group: Group) -> None:
    room, contact = group.room, group.contact
    assert room
    assert contact
    missed(contact)
    happen(room, ana, MANY)
    with reading_at_most(relay.MOST_MISSED + 5):
        heard_in(group)
    greeting, first, *others = told(contact)
    assert "an AI assistant" in greeting
    assert first.startswith(f"{MANY - relay.MOST_MISSED} more things were said on the website")
    last = 1 + MANY
    assert others == [f"*Ana:* Number {place}" for place in range(last - relay.MOST_MISSED + 1, last + 1)]


def test_what_is_told_later_is_what_would_have_been_told_at_once(ana: Person, away: Contact) -> None:
    """The two ways to ask it agree, whatever happened and whoever did it."""
    room = Room.objects.get(pk=away.conversation_id)
    eve = people.make_guest()
    member = Member.objects.get(person=away.person, conversation=room.pk)
    messages = [None, *happen(room, ana, 1), *happen(room, away.person, 1)]
    after = Room.objects.get(pk=room.pk).last_number
    before_they_came = Message.objects.create(conversation_id=room.pk, role="user", author=ana, text="Old", position=1)
    with transaction.atomic():
        locked = events.lock_room(room.pk)
        for kind in Kind:
            for person in (ana, away.person, eve, None):
                for message in (*messages, before_they_came):
                    RoomEvent.objects.bulk_create(
                        [RoomEvent(room=room, number=locked.last_number + 1, kind=kind, person=person, message=message)]
                    )
                    Room.objects.filter(pk=room.pk).update(last_number=locked.last_number + 1)
                    locked.refresh_from_db()
    found = set(relay._missed(away, member, after).values_list("number", flat=True))
    for event in events.seen_by(member, after).exclude(kind__in=relay.PASSING):
        said_now = event.message and event.message.room_events.filter(kind=Kind.SAID, number__gt=after).exists()
        at_once = relay._concerns(event, away, member) and not (event.kind == Kind.EDITED and said_now)
        assert (event.number in found) == at_once, (event.kind, event.person_id, event.message_id)


def test_a_group_is_told_later_what_it_would_have_been_told_at_once(ana: Person, group: Group) -> None:
    room, contact = group.room, group.contact
    assert room
    assert contact
    with transaction.atomic():
        bo = contacts.find_or_make("whatsapp", "1000", Sender(user_id=uuid4().hex, name="Bo"))
    group.people.add(bo)
    there = Message.objects.create(
        conversation_id=room.pk, role="user", author=ana, text="In the group", position=1, client_id=uuid4()
    )
    contact.inbox.create(
        channel="whatsapp", external_id=uuid4().hex, kind="message", content={}, turn=there.client_id,
        said_at=timezone.now(), state="done",
    )  # fmt: skip
    here = Message.objects.create(conversation_id=room.pk, role="user", author=ana, text="On the site", position=2)
    number = Room.objects.get(pk=room.pk).last_number
    rows = [
        RoomEvent(room=room, kind=kind, person=person, message=message, name="Ana", number=number + place)
        for place, (kind, person, message) in enumerate(
            ((k, p, m) for k in Kind for p in (ana, bo.person, None) for m in (there, here, None)), 1
        )
    ]
    RoomEvent.objects.bulk_create(rows)
    found = set(telling._told_later(group, contact, room, number).values_list("number", flat=True))
    for event in RoomEvent.objects.filter(room=room, number__gt=number).exclude(kind__in=relay.PASSING):
        at_once = telling._concerns(group, contact, event)
        assert (event.number in found) == at_once, (event.kind, event.person_id, event.message_id)
