"""Rooms for tests, made and used by functions."""

from uuid import uuid4

from django.db import transaction

from assistant import people
from assistant.models import Member, Message, Person, Room, Run
from assistant.rooms import events, membership, talk
from assistant.rooms.talk import Said, Words


def make(name: str = "Ana", **more: object) -> tuple[Person, Room]:
    """A room of a new guest."""
    person = people.make_guest()
    return person, membership.make(person, name, "Ski trip", **more)  # type: ignore[arg-type]


def join(room: Room, name: str) -> Person:
    """A new guest who is a member."""
    person = people.make_guest()
    room.refresh_from_db()
    membership.join(person, room.token or "", name)
    return person


def say(person: Person, room: Room, text: str, **more: object) -> Said:
    """What a member says."""
    return talk.say(person, room.pk, Words(text, uuid4(), **more))  # type: ignore[arg-type]


def seen(person: Person, room: Room) -> list[tuple[str, str]]:
    """What a member sees: the kind of each event, and its words or the name in it."""
    member = events.membership(person, room.pk)
    return [(event.kind, event.message.text if event.message else event.name) for event in events.seen_by(member)]


def numbers(room: Room) -> list[int]:
    """The numbers of all events."""
    return list(room.events.values_list("number", flat=True))


def finish(run: Run | None, text: str = "In February.", status: str = "done") -> None:
    """End a run as its process does."""
    assert run
    with transaction.atomic():
        talk.lock_of(run.pk)
        Run.objects.filter(pk=run.pk).update(status=status)
        Message.objects.filter(pk=run.answer_id).update(text=text)
        talk.ended(run.pk)


def member_of(person: Person, room: Room) -> Member:
    """Their membership."""
    return events.membership(person, room.pk)
