"""The list of rooms beside a page: marked while the page is open, once something unread is in one."""

import pytest

from assistant.models import Member
from tests.people import Socket, Visitor
from tests.security.attacks import replies
from tests.web.rooms.rooms import join, make
from tests.web.rooms.test_room_socket import entered, hear_event, say


def unread(socket: Socket) -> list[str]:
    return [frame["room"] for frame in socket.heard if frame["type"] == "unread"]


@pytest.mark.parametrize("path", ["/ws/", "/ws/room/"])
def test_another_page_is_told_of_a_room_once(alice: Visitor, bob: Visitor, path: str) -> None:
    room, other = make(alice), make(alice, title="Another")
    join(bob, room)
    join(bob, other)
    bob.get(f"/rooms/{room.pk}/")
    with entered(alice, room) as hers, bob.socket(path) as his:
        for word in ("one", "two", "three"):
            say(hers, word)
        assert his.hear_until("unread")["room"] == str(room.pk)
        say(hers, "four")
        with entered(alice, other) as there:
            say(there, "elsewhere")
            assert his.hear_until("unread")["room"] == str(other.pk)
    assert unread(his) == [str(room.pk), str(other.pk)]


def test_nothing_is_told_of_the_room_that_the_page_shows_nor_of_ones_own_words(alice: Visitor, bob: Visitor) -> None:
    room, other = make(alice), make(alice, title="Another")
    join(bob, room)
    join(bob, other)
    with entered(alice, room) as hers, entered(bob, room) as his, entered(bob, other) as elsewhere:
        say(hers, "Hello")
        hear_event(his, "said")
        say(elsewhere, "My own words")
        hear_event(elsewhere, "said")
        # The other page of his is told of the first one, and no page of the second.
        assert elsewhere.hear_until("unread")["room"] == str(room.pk)
        replies(his)
    assert (unread(his), unread(elsewhere)) == ([], [str(room.pk)])


def test_who_was_removed_does_not_hear_that_something_happens(alice: Visitor, bob: Visitor) -> None:
    room, other = make(alice), make(alice, title="Another")
    member = join(bob, room)
    join(bob, other)
    with bob.socket("/ws/") as his:
        assert alice.post(f"/rooms/{room.pk}/change", {"do": "remove", "member": member.pk}).status_code == 302
        assert not Member.objects.filter(pk=member.pk).exists()
        with entered(alice, room) as hers, entered(alice, other) as there:
            say(hers, "He is gone")
            say(there, "He is here")
            assert his.hear_until("unread")["room"] == str(other.pk)
    assert unread(his) == [str(other.pk)]
