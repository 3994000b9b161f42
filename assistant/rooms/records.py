"""Rooms of one person: for the list on the site, and for what they take with them."""

import json
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from assistant.database import in_chunks
from assistant.models import Member, Message, Person, RoomEvent

LISTED = 30
CHUNK = 200
# Where somebody has something to say; the rest is about the room.
HEARD = (RoomEvent.Kind.SAID, RoomEvent.Kind.ANSWERING, RoomEvent.Kind.ANSWERED, RoomEvent.Kind.POLL)


class ListedRoom(NamedTuple):
    """A room in the list. `unread`: something was said there that the person has not read."""

    pk: UUID
    title: str
    unread: bool


def listed(person: Person) -> list[ListedRoom]:
    """The person's rooms, those first in which something happened last."""
    since = {"number__gt": OuterRef("read_until")}
    events = RoomEvent.objects.filter(room=OuterRef("conversation"), kind__in=HEARD, **since)
    # Answers are nobody's.
    heard = events.filter(Q(person=None) | ~Q(person=person))
    rows = Member.objects.filter(person=person, conversation__room__isnull=False).annotate(unread=Exists(heard))
    rows = rows.order_by("-conversation__updated_at")
    return [ListedRoom(*row) for row in rows.values_list("conversation", "conversation__title", "unread")[:LISTED]]


def count(person: Person) -> int:
    """How many rooms the person is in."""
    return person.memberships.filter(conversation__room__isnull=False).count()


def said(person: Person) -> int:
    """How much the person said in rooms, also in those that they have left."""
    return Message.objects.filter(author=person, conversation__room__isnull=False).count()


def said_json(person: Person) -> Iterator[str]:
    """What the person said in rooms, also in those that they have left, as one JSON list, in chunks of a message each.

    Between two chunks no cursor is open.
    """
    yield "["
    own = Message.objects.filter(author=person, conversation__room__isnull=False).select_related("conversation")
    own = own.prefetch_related("room_files", "pictures")
    for index, message in enumerate(in_chunks(own.order_by("created_at", "id"), CHUNK)):
        fields = {
            "room": message.conversation.title,
            "name": message.spoken_as,
            "text": message.text,
            "files": [f"{file.pk}-{file.name}" for file in message.room_files.all()],
            "pictures": [str(picture.pk) for picture in message.pictures.all()],
            "created": message.created_at.isoformat(),
        }
        yield f"{',' if index else ''}\n {json.dumps(fields, ensure_ascii=False)}"
    yield "\n]\n"
