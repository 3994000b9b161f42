"""Rooms when a member is erased, or signs in and becomes one with an account."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from assistant import people
from assistant.errors import BlockedError, NotFoundError
from assistant.models import Conversation, Member, Message, Person, Poll, RoomBlock, Vote
from assistant.rooms import membership, polls, talk
from tests.assistant.rooms.rooms import finish, join, make, member_of, numbers, say, seen


def account() -> Person:
    return Person.objects.create_user(f"ana-{uuid4()}", password="quiet-llamas-hum")


def test_who_is_erased_goes_with_all_they_said() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    said = say(bo, room, "I am allergic to nuts")
    say(ana, room, "Thank you")
    poll = polls.ask(bo, room.pk, "Is Bo a name?", ["Yes", "No"]).poll
    assert poll
    polls.vote(ana, poll.pk, 0)
    people.erase(bo)
    assert seen(ana, room) == [("joined", "Ana"), ("said", "Thank you"), ("left", ""), ("unsaid", "")]
    last = room.events.last()
    assert last
    # What pages show of them goes: that they came, said something, asked for a vote, and the vote for it.
    assert last.data == {"numbers": [2, said.event.number, 5, 6]}
    assert numbers(room) == [1, 4, 7, 8]
    assert not Poll.objects.filter(pk=poll.pk).exists()
    assert [member.name for member in membership.members_of(room)] == ["Ana"]
    assert "Bo" not in str([(event.name, event.data) for event in room.events.all()])


def test_the_host_s_place_goes_on_when_they_are_erased() -> None:
    ana, room = make()
    bo, cy = join(room, "Bo"), join(room, "Cy")
    people.erase(ana)
    room.refresh_from_db()
    assert room.host == bo
    assert [kind for kind, _name in seen(cy, room)][-3:] == ["left", "host", "unsaid"]


def test_who_has_left_and_is_erased_takes_their_words_along() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    say(bo, room, "I never liked skis")
    membership.leave(bo, room.pk)
    people.erase(bo)
    assert [kind for kind, _name in seen(ana, room)] == ["joined", "unsaid"]
    assert not Message.objects.filter(conversation=room.pk).exists()


def test_a_room_of_one_is_erased_with_them() -> None:
    ana, room = make()
    join(room, "Bo")
    membership.remove(ana, room.pk, membership.members_of(room)[1].pk)
    people.erase(ana)
    assert not Conversation.objects.filter(pk=room.pk).exists()


def test_a_guest_away_for_long_leaves_as_one_who_is_erased() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    say(bo, room, "See you")
    Person.objects.filter(pk=bo.pk).update(last_seen_at=timezone.now() - timedelta(days=400))
    assert people.expire_guests(timezone.now() - timedelta(days=300)) == 1
    assert [kind for kind, _name in seen(ana, room)] == ["joined", "left", "unsaid"]


def test_the_answer_to_somebody_who_is_erased_meanwhile_is_not_waited_for() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    run = say(bo, room, "@Chaski when?").run
    assert run
    people.erase(bo)
    assert "answering" not in [kind for kind, _name in seen(ana, room)]
    assert say(ana, room, "@Chaski when shall we go?").run


def test_a_guest_who_signs_in_stays_in_their_rooms() -> None:
    guest, room = make()
    bo = join(room, "Bo")
    say(guest, room, "Hello")
    poll = polls.ask(bo, room.pk, "Which?", ["a", "b"]).poll
    assert poll
    polls.vote(guest, poll.pk, 1)
    into = account()
    people.merge(guest, into)
    room.refresh_from_db()
    assert room.host == into
    assert member_of(into, room).name == "Ana"
    assert seen(into, room)[:3] == [("joined", "Ana"), ("joined", "Bo"), ("said", "Hello")]
    assert Vote.objects.get(poll=poll).person == into
    talk.unsay(into, Message.objects.get(conversation=room.pk).pk)


def test_who_is_in_a_room_twice_is_there_once_after_signing_in() -> None:
    host, room = make("Cy")
    guest = join(room, "Bo")
    say(host, room, "Only the guest reads this")
    into = account()
    room.refresh_from_db()
    membership.join(into, room.token or "", "Ana")
    poll = polls.ask(host, room.pk, "Which?", ["a", "b"]).poll
    assert poll
    polls.vote(guest, poll.pk, 0)
    polls.vote(into, poll.pk, 1)
    people.merge(guest, into)
    assert [member.name for member in membership.members_of(room)] == ["Cy", "Ana"]
    assert seen(host, room)[-1] == ("left", "Bo")
    # Both were the same person: what one could read, they still can.
    assert ("said", "Only the guest reads this") in seen(into, room)
    assert [count.votes for count in polls.counts(poll)] == [0, 1]


def test_a_guest_who_was_blocked_stays_so_as_an_account() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    membership.remove(ana, room.pk, Member.objects.get(person=bo).pk, block=True)
    into = account()
    people.merge(bo, into)
    assert RoomBlock.objects.get(room=room.pk).person == into
    room.refresh_from_db()
    with pytest.raises(BlockedError):
        membership.join(into, room.token or "", "Bo")
    with pytest.raises(NotFoundError):
        member_of(into, room)


def test_an_answer_that_a_reaper_thought_dead_is_noted_once() -> None:
    ana, room = make()
    run = say(ana, room, "@Chaski when?").run
    finish(run, status="interrupted")
    # Its process was only slow: it ends what is shown no more, and the call waits for another answer.
    finish(run)
    assert [kind for kind, _name in seen(ana, room)] == ["joined", "said", "unsaid"]
    again = talk.next_run(room.pk)
    finish(again)
    finish(again)
    assert [kind for kind, _name in seen(ana, room)][-2:] == ["answering", "answered"]


def test_a_title_made_of_the_name_of_who_is_erased_goes() -> None:
    ana = people.make_guest()
    room = membership.make(ana, "Ana", "")
    assert room.conversation.title == "Room of Ana"
    bo = join(room, "Bo")
    membership.leave(ana, room.pk)
    people.erase(ana)
    assert Conversation.objects.get(pk=room.pk).title == "A room"
    named = room.events.get(kind="named")
    assert (named.name, named.data) == ("", {"title": "A room"})
    assert "Ana" not in str([(event.name, event.data) for event in room.events.all()])
    assert seen(bo, room)[-1][0] == "unsaid"


def test_a_title_that_somebody_gave_stays() -> None:
    ana, room = make()
    join(room, "Bo")
    people.erase(ana)
    assert Conversation.objects.get(pk=room.pk).title == "Ski trip"


def test_who_was_there_under_two_names_and_is_erased_takes_both_along() -> None:
    _ana, room = make()
    guest, into = join(room, "Bo"), account()
    room.refresh_from_db()
    membership.join(into, room.token or "", "Robert")
    people.merge(guest, into)
    assert room.events.filter(kind="left", name="Bo").exists()
    people.erase(into)
    assert not {"Bo", "Robert"} & set(room.events.values_list("name", flat=True))
