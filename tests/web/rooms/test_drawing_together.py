"""What one draws live in a room, as the sockets of the others show it: whose turn it is, and who sees nothing of it."""

import struct
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from redis import Redis

from assistant.models import Room
from imagine import keys
from tests.people import Socket, Visitor
from tests.security.attacks import replies
from tests.servers import Valkey, eventually
from tests.web.rooms.rooms import join, make
from tests.web.rooms.test_room_socket import entered, hear_event
from tests.web.rooms.test_room_socket import say as say_words
from web.rooms import drawing


@pytest.fixture
def painter(valkey: Valkey) -> Iterator[Redis]:
    """Publishes previews as the painter does."""
    with Redis.from_url(valkey.url) as redis:
        yield redis


def paint(painter: Redis, visitor: Visitor, canvas: UUID, number: int, heard: bool = True) -> None:
    """Publish a preview, once a page of theirs hears it, unless none does."""
    data = struct.pack(">B16sIHH", 1, canvas.bytes, number, 64, 64) + b"jpeg"
    channel = keys.person(visitor.person.pk)
    eventually(lambda: painter.publish(channel, data) or not heard)


def begin(socket: Socket, canvas: UUID) -> None:
    socket.say("drawing", sketch=canvas)


def live(socket: Socket) -> list[int]:
    return [frame["number"] for frame in socket.heard if frame["type"] == "live"]


def test_all_but_who_draws_see_it_grow_and_whose_turn_it_is(alice: Visitor, bob: Visitor, painter: Redis) -> None:
    room = make(alice)
    join(bob, room)
    canvas = uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, canvas)
        assert his.hear_until("turn")["name"] == "Ana"
        paint(painter, alice, canvas, 1)
        first = his.hear_until("live")
        assert (first["number"], first["jpeg"]) == (1, b"jpeg")
        paint(painter, alice, canvas, 2)
        assert his.hear_until("live")["number"] == 2
        # A picture of theirs elsewhere is nobody's business here.
        paint(painter, alice, uuid4(), 3)
        hers.say("drawn")
        assert his.hear_until("turn") == {"type": "turn", "speaker": None, "name": ""}
        paint(painter, alice, canvas, 4)
        replies(his)
        replies(hers)
        assert (live(his), live(hers)) == ([1, 2], [])


def test_another_is_told_whose_turn_it_is_and_has_it_once_that_is_given_back(
    alice: Visitor, bob: Visitor, painter: Redis
) -> None:
    room = make(alice)
    join(bob, room)
    mine, other = uuid4(), uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, mine)
        his.hear_until("turn")
        begin(his, other)
        assert his.hear_until("turn")["name"] == "Ana"
        paint(painter, bob, other, 1, heard=False)
        replies(hers)
        assert live(hers) == []
        hers.say("drawn")
        his.hear_until("turn")
        begin(his, other)
        while hers.hear_until("turn")["name"] != "Bo":
            pass
        paint(painter, bob, other, 2)
        assert hers.hear_until("live")["number"] == 2


def test_who_stopped_for_some_seconds_has_the_turn_no_more(alice: Visitor, bob: Visitor, painter: Redis) -> None:
    room = make(alice)
    join(bob, room)
    mine, other = uuid4(), uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, mine)
        his.hear_until("turn")
        assert drawing.TURN_MS < painter.pttl(f"room:{room.pk}:turn") <= drawing.DRAWN_MS
        paint(painter, alice, mine, 0)
        his.hear_until("live")
        assert 0 < painter.pttl(f"room:{room.pk}:turn") <= drawing.TURN_MS
        # As if these seconds had passed.
        painter.delete(f"room:{room.pk}:turn")
        begin(his, other)
        while hers.hear_until("turn")["name"] != "Bo":
            pass
        # What still comes of the first is not shown between.
        paint(painter, alice, mine, 1)
        paint(painter, bob, other, 2)
        assert hers.hear_until("live")["number"] == 2
        replies(his)
        assert live(his) == [0]


def test_who_says_again_that_they_draw_and_draws_nothing_has_the_turn_until_another_wants_it(
    alice: Visitor, bob: Visitor, painter: Redis
) -> None:
    room = make(alice)
    join(bob, room)
    mine, other = uuid4(), uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, mine)
        his.hear_until("turn")
        left = painter.pttl(f"room:{room.pk}:turn:drawn")
        assert drawing.TURN_MS < left <= drawing.DRAWN_MS
        # However slow this machine is.
        painter.persist(f"room:{room.pk}:turn")
        begin(his, other)
        assert his.hear_until("turn")["name"] == "Ana"
        # As if these seconds had passed, all the while with her word that she draws.
        painter.delete(f"room:{room.pk}:turn:drawn")
        begin(hers, mine)
        replies(hers)
        begin(his, other)
        while hers.hear_until("turn")["name"] != "Bo":
            pass
        # Now it is hers no more.
        begin(hers, mine)
        assert hers.hear_until("turn")["name"] == "Bo"


def test_who_draws_on_and_on_gives_way_once_another_wants_it(alice: Visitor, bob: Visitor, painter: Redis) -> None:
    room = make(alice)
    join(bob, room)
    mine, other = uuid4(), uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, mine)
        left = painter.pttl(f"room:{room.pk}:turn:begun")
        paint(painter, alice, mine, 1)
        his.hear_until("live")
        # Neither a preview nor a word prolongs it.
        begin(hers, mine)
        replies(hers)
        assert 0 < painter.pttl(f"room:{room.pk}:turn:begun") <= max(left, drawing.LONGEST_MS)
        painter.persist(f"room:{room.pk}:turn")
        painter.delete(f"room:{room.pk}:turn:begun")
        paint(painter, alice, mine, 2)
        his.hear_until("live")
        begin(his, other)
        while hers.hear_until("turn")["name"] != "Bo":
            pass
        paint(painter, bob, other, 3)
        assert hers.hear_until("live")["number"] == 3


def test_who_is_removed_sees_no_more_and_draws_no_more(
    alice: Visitor, bob: Visitor, carol: Visitor, painter: Redis
) -> None:
    room = make(alice)
    member = join(bob, room)
    drawer = join(carol, room, "Cy")
    canvas = uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his, entered(carol, room) as theirs:
        begin(theirs, canvas)
        paint(painter, carol, canvas, 1)
        for socket in (hers, his):
            socket.hear_until("live")
        remove(alice, room, member.pk)
        his.hear_until("gone")
        paint(painter, carol, canvas, 2)
        hers.hear_until("live")
        assert [frame["type"] for frame in replies(his)] == []
        begin(his, uuid4())
        assert his.hear_until("problem")["code"] == "not_found"

        remove(alice, room, drawer.pk)
        theirs.hear_until("gone")
        while hers.hear_until("turn")["speaker"]:
            pass
        paint(painter, carol, canvas, 3, heard=False)
        say_words(hers, "Gone")
        hear_event(hers, "said")
        replies(hers)
        assert live(hers) == [1, 2]


def remove(host: Visitor, room: Room, member: int) -> None:
    assert host.post(f"/rooms/{room.pk}/change", {"do": "remove", "member": member}).status_code == 302


def test_who_comes_later_is_told_who_draws(alice: Visitor, bob: Visitor, painter: Redis) -> None:
    room = make(alice)
    join(bob, room)
    canvas = uuid4()
    with entered(alice, room) as hers:
        begin(hers, canvas)
        hers.hear_until("turn")
        with entered(bob, room) as his:
            assert his.hear_until("turn")["name"] == "Ana"
            paint(painter, alice, canvas, 1)
            his.hear_until("live")
    # Whose page is closed draws no more.
    eventually(lambda: not painter.exists(f"room:{room.pk}:turn"))


def test_a_flood_of_previews_is_thinned_out_and_the_newest_comes(alice: Visitor, bob: Visitor, painter: Redis) -> None:
    room = make(alice)
    join(bob, room)
    canvas = uuid4()
    with entered(alice, room) as hers, entered(bob, room) as his:
        begin(hers, canvas)
        his.hear_until("turn")
        for number in range(1, 201):
            paint(painter, alice, canvas, number)
        while his.hear_until("live")["number"] < 200:
            pass
    assert live(his) == sorted(set(live(his)))
    assert len(live(his)) < 100
