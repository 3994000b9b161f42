"""What becomes of rooms when a person is erased, or turns out to be another one; called by signals of people.py."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import translation
from django.utils.translation import gettext as _

from assistant import room_aside, versions
from assistant.errors import NotFoundError
from assistant.models import Conversation, Member, Person, Poll, Reaction, Room, RoomBlock, RoomEvent, Run, Vote
from assistant.rooms import membership, talk
from assistant.rooms.events import Kind, lock_room, note

# So many numbers are told in one event.
NUMBERS_AT_ONCE = 500


def erase(person: Person, **_more: Any) -> None:
    """Take a person out of their rooms, with all they said there: the others see it go.

    Rooms without others end with them. Belongs into the transaction that erases them.
    """
    of_others = Member.objects.exclude(person=person).values("conversation")
    rooms = Room.objects.filter(events__person=person, pk__in=of_others) | Room.objects.filter(
        conversation__memberships__person=person, pk__in=of_others
    )
    for room_id in rooms.order_by("pk").values_list("pk", flat=True).distinct():
        _erase_in(lock_room(room_id), person)


def lock_common(people: Iterable[UUID]) -> None:
    """Lock the rooms in which several of these people are, who may turn out to be one.

    Belongs before other locks of the transaction that merges them.
    """
    rows = Member.objects.filter(person__in=set(people), conversation__room__isnull=False)
    shared = rows.values("conversation").annotate(number=Count("pk")).filter(number__gt=1).order_by("conversation")
    for room_id in shared.values_list("conversation", flat=True):
        with suppress(NotFoundError):
            lock_room(room_id)


def merge(guest: Person, into: Person, **_more: Any) -> None:
    """Let what `guest` did in rooms be what `into` did. Belongs into the transaction that merges them."""
    for member in list(Member.objects.filter(person=guest, conversation__room__isnull=False).order_by("conversation")):
        # What is left to the guest are rooms in which both are.
        room = lock_room(member.conversation_id)
        kept = Member.objects.get(conversation=room.pk, person=into)
        kept.since = min(kept.since, member.since)
        kept.read_until = max(kept.read_until, member.read_until)
        kept.save(update_fields=["since", "read_until"])
        left = note(room, Kind.LEFT, name=member.name)
        # Afterwards, as they are there under their other name: so that it goes when they are erased.
        RoomEvent.objects.filter(pk=left.pk).update(person=into)
    Room.objects.filter(host=guest).update(host=into)
    RoomEvent.objects.filter(person=guest).update(person=into)
    voted = Vote.objects.filter(person=into).values("poll")
    Vote.objects.filter(person=guest).exclude(poll__in=voted).update(person=into)
    reacted = Reaction.objects.filter(person=into).values("message")
    Reaction.objects.filter(person=guest).exclude(message__in=reacted).update(person=into)
    blocked = RoomBlock.objects.filter(person=into).values("room")
    RoomBlock.objects.filter(person=guest).exclude(room__in=blocked).update(person=into)


def _erase_in(room: Room, person: Person) -> None:
    for run in Run.objects.select_related("answer").filter(
        conversation=room.pk, person=person, status=Run.Status.RUNNING
    ):
        # Its process finds it gone, and ends.
        talk.take_out(room, run.answer)
    if room.call and room.call.author_id == person.pk:
        talk.renew_call(room, without=person)
    versions.close_gaps(person, Conversation.objects.filter(pk=room.pk))
    _drop_title(room, person)
    numbers = _erase_events(room, person)
    member = Member.objects.filter(conversation=room.pk, person=person).first()
    if member:
        member.delete()
        note(room, Kind.LEFT)
        membership.pass_on(room, person)
    transaction.on_commit(partial(room_aside.drop_of, room.pk, person.pk))
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        note(room, Kind.UNSAID, numbers=numbers[start : start + NUMBERS_AT_ONCE])


def _drop_title(room: Room, person: Person) -> None:
    """Give a room another title that was made of the name of a person."""
    made = RoomEvent.objects.filter(room=room.pk, person=person, number=1).first()
    if made is None:
        return
    titles = []
    for language, _label in settings.LANGUAGES:
        with translation.override(language):
            titles.append(membership.default_title(made.name))
    if room.conversation.title in titles:
        title = _("A room")
        Conversation.objects.filter(pk=room.pk).update(title=title)
        note(room, Kind.NAMED, title=title)


def _erase_events(room: Room, person: Person) -> list[int]:
    """Erase what happened by a person, and the votes that they asked for; returns the numbers of the events."""
    asked = RoomEvent.objects.filter(room=room.pk, person=person, kind=Kind.POLL).values_list("poll", flat=True)
    polls = [poll for poll in asked if poll]
    events = RoomEvent.objects.filter(room=room.pk, person=person) | RoomEvent.objects.filter(
        room=room.pk, poll__in=polls
    )
    numbers = list(events.order_by("number").values_list("number", flat=True))
    Poll.objects.filter(pk__in=polls).delete()
    RoomEvent.objects.filter(room=room.pk, person=person).delete()
    return numbers
