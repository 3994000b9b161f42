"""What happens in a room: numbered events, written in the transaction that makes them happen.

Every function takes a room whose conversation is locked, see `lock`, so that numbers have no gaps and no order but one.
Two transactions never wait for each other where all lock in one order: the quota of a person, see `lock_quota`, rooms
by their ids, then all else that has to do with their members.
What was published may be lost; a reader asks for the events after the last number that it has.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from assistant.errors import LimitedError, NotFoundError, NotHostError
from assistant.models import Conversation, Member, Message, Person, Poll, Room, RoomEvent

Kind = RoomEvent.Kind
# By these a message comes into a room; others change it, or say something about it.
SHOWING = (Kind.SAID, Kind.ANSWERING, Kind.ANSWERED)
TICK = timedelta(microseconds=1)
# What changes a message may be done so often in that time; so many of the newest events are looked at.
MOST_IN_PACE, PACE = 30, timedelta(minutes=1)


def membership(person: Person, room_id: UUID) -> Member:
    """The person's membership in a room, with that; raises NotFoundError for any other room."""
    rows = Member.objects.select_related("conversation__room", "person")
    member = rows.filter(person=person, conversation=room_id, conversation__room__isnull=False).first()
    if member is None:
        raise NotFoundError
    return member


def lock(person: Person, room_id: UUID) -> Member:
    """The same, and nothing else happens in the room until the transaction ends. Raises NotFoundError."""
    lock_room(room_id)
    return membership(person, room_id)


def lock_as_host(person: Person, room_id: UUID) -> Member:
    """The same for the host of the room. Raises NotFoundError, NotHostError."""
    member = lock(person, room_id)
    if member.conversation.room.host_id != person.pk:
        raise NotHostError
    return member


def lock_room(room_id: UUID) -> Room:
    """A room, in which nothing else happens until the transaction ends. Raises NotFoundError where there is none."""
    # At its end a transaction has PostgreSQL check that the rows which it names are there: no_key lets it, else two
    # could wait for each other.
    locked = Conversation.objects.select_for_update(of=("self",), no_key=True).filter(pk=room_id, room__isnull=False)
    conversation = locked.first()
    if conversation is None:
        raise NotFoundError
    return Room.objects.select_related("conversation").get(pk=conversation.pk)


def note(
    room: Room,
    kind: Kind,
    member: Member | None = None,
    *,
    message: Message | None = None,
    poll: Poll | None = None,
    name: str = "",
    **data: Any,
) -> RoomEvent:
    """Write what happened, the next number on it. `member` is whom it is about, or `name` alone where that is nobody's
    any more; `data` are JSON values."""
    rows = Room.objects.filter(pk=room.pk)
    rows.update(last_number=F("last_number") + 1)
    # Read again: several rows of it may be about in one transaction.
    room.last_number = rows.values_list("last_number", flat=True).get()
    # The order of times is that of numbers, whatever the clocks of other machines say.
    last = RoomEvent.objects.filter(room=room).order_by("-number").values_list("created_at", flat=True).first()
    now = timezone.now()
    return RoomEvent.objects.create(
        room=room,
        number=room.last_number,
        kind=kind,
        person_id=member.person_id if member else None,
        name=member.name if member else name,
        message=message,
        poll=poll,
        data=data,
        created_at=max(now, last + TICK) if last else now,
    )


def seen_by(member: Member, after: int = 0) -> QuerySet[RoomEvent]:
    """The events after `after` that a member may read, oldest first: those since they joined."""
    events = RoomEvent.objects.filter(room=member.conversation_id, number__gt=max(after, member.since))
    return events.select_related("message", "poll").order_by("number")


def readable(member: Member) -> QuerySet[Message]:
    """The messages that a member may read, oldest first: those since they joined, and of before, where that is shown.

    Who made the room out of a conversation was there before.
    """
    room = member.conversation.room
    said = RoomEvent.objects.filter(message=OuterRef("pk"), room=room.pk, number__gt=member.since, kind__in=SHOWING)
    mine = Q(Exists(said))
    if room.shows_earlier or not member.since:
        mine |= Q(position__lte=room.began_after)
    return Message.objects.filter(mine, conversation=room.pk, shown=True).order_by("position")


def shown_at(message: Message) -> int:
    """Who joined at this event or later does not read a message. 0: it was said before there was a room."""
    events = message.room_events.filter(kind__in=SHOWING).order_by("number")
    return events.values_list("number", flat=True).last() or 0


def check_pace(member: Member, kind: Kind) -> None:
    """Refuse what a member does too often in a minute, by whatever door. The room is locked. Raises LimitedError."""
    lately = timezone.now() - PACE
    theirs = RoomEvent.objects.filter(room=member.conversation_id, person=member.person_id, kind=kind)
    number = theirs.filter(created_at__gt=lately).count()
    if number >= MOST_IN_PACE:
        raise LimitedError(f"{number} times {kind} within a minute")


def read(member: Member, number: int) -> None:
    """Keep that a member has read up to an event."""
    number = min(number, member.conversation.room.last_number)
    Member.objects.filter(pk=member.pk, read_until__lt=number).update(read_until=number)
