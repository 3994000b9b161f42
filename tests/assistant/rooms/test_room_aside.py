"""Words in a group that were for others: who is told them with a call, and how long they are kept."""

from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from assistant import people, room_aside
from assistant.models import Person, Room
from assistant.rooms import membership
from imagine.connection import redis
from tests.assistant.rooms.rooms import join, make, member_of
from tests.servers import Valkey


@pytest.fixture(autouse=True)
def kept(settings: Settings, valkey: Valkey) -> None:
    settings.REDIS_URL, settings.GROUP_CONTEXT_MINUTES = valkey.url, 5


def chat(person: Person, room: Room, text: str) -> None:
    room.refresh_from_db()
    room_aside.keep(room.pk, uuid4().hex, room.last_number, member_of(person, room), text)


def heard(person: Person, room: Room) -> list[str]:
    return [message.text for message in room_aside.recent(member_of(person, room))]


def test_who_joins_right_after_some_words_is_not_told_them() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    chat(ana, room, "Between us")
    cy = join(room, "Cy")
    chat(ana, room, "Hello Cy")
    assert heard(bo, room) == ["Between us", "Hello Cy"]
    assert heard(cy, room) == ["Hello Cy"]


def test_who_is_erased_leaves_no_word() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    chat(ana, room, "Between us")
    chat(bo, room, "My secret")
    people.erase(bo)
    kept = redis().hvals(f"room:{room.pk}:aside:lines")
    assert [b"Between us" in line for line in kept] == [True]
    assert redis().zcard(f"room:{room.pk}:aside:order") == 1


def test_who_has_gone_takes_their_words_along() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    chat(bo, room, "I never liked skis")
    membership.leave(bo, room.pk)
    assert heard(ana, room) == []


def test_old_words_are_dropped_although_the_talk_goes_on(settings: Settings) -> None:
    ana, room = make()
    chat(ana, room, "Long ago")
    # In the place of minutes that pass.
    redis().zincrby(f"room:{room.pk}:aside:order", -301, redis().zrange(f"room:{room.pk}:aside:order", 0, 0)[0])  # type: ignore[index]
    chat(ana, room, "Now")
    assert [b"Now" in line for line in redis().hvals(f"room:{room.pk}:aside:lines")] == [True]  # type: ignore[union-attr]


def test_a_room_that_ends_leaves_nothing_of_them() -> None:
    ana, room = make()
    chat(ana, room, "Between us")
    membership.end(ana, room.pk)
    assert redis().keys(f"room:{room.pk}:*") == []
