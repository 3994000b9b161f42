"""Rooms for tests: made and joined as a browser does."""

import re
from html import unescape
from uuid import UUID

from assistant.models import Member, Room
from assistant.rooms import membership
from tests.people import Visitor


def make(visitor: Visitor, name: str = "Ana", title: str = "Ski trip") -> Room:
    """A room of the visitor's."""
    response = visitor.post("/rooms/new", {"name": name, "title": title})
    assert response.status_code == 302, response.text
    return Room.objects.get(pk=UUID(response.headers["location"].split("/")[2]))


def join(visitor: Visitor, room: Room, name: str = "Bo") -> Member:
    """The visitor becomes a member."""
    room.refresh_from_db()
    response = visitor.post(f"/r/{room.token}", {"name": name})
    assert response.status_code == 302, response.text
    return membership.lock_free(visitor.person, room.pk)


def text_of(html: str) -> str:
    """What a reader sees of it; what isolates a name takes no room."""
    shown = re.sub(r"</?bdi>|[\u2068\u2069]", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())
