"""Reactions and edits in a room, in the database: who may, and who is shown them."""

from uuid import UUID

import pytest

from assistant import people
from assistant.errors import LimitedError, NotFoundError, RefusedInputError
from assistant.models import Member, Message, Person, Reaction, Room, RoomEvent
from assistant.rooms import events, membership, polls, reactions, talk
from tests.assistant.rooms.rooms import finish, join, make, say


def said(person: Person, room: Room, text: str = "See you at nine") -> Message:
    message = say(person, room, text).event.message
    assert message
    return message


def answer(person: Person, room: Room) -> Message:
    run = say(person, room, "@chaski when?").run
    finish(run)
    assert run
    return run.answer


def test_all_see_the_reaction_of_a_member_and_when_it_goes() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = said(ana, room)
    event = reactions.react(bo, message.pk, "❤️")
    assert event
    assert (event.kind, event.name, event.data) == ("reacted", "Bo", {"emoji": "❤️"})
    assert reactions.marks(message) == [reactions.Mark("❤️", ["Bo"], [bo.pk])]
    assert reactions.react(bo, message.pk, "❤️") is None
    assert reactions.react(bo, message.pk, "😂")
    assert reactions.react(bo, message.pk, "")
    assert reactions.react(bo, message.pk, "") is None
    assert reactions.marks(message) == []
    assert not message.ratings.exists()


def test_those_signs_come_first_of_which_there_are_most() -> None:
    ana, room = make()
    bo, cy = join(room, "Bo"), join(room, "Cy")
    message = said(ana, room)
    for person, emoji in ((ana, "😂"), (bo, "❤️"), (cy, "❤️")):
        reactions.react(person, message.pk, emoji)
    assert [(mark.emoji, mark.names) for mark in reactions.marks(message)] == [("❤️", ["Bo", "Cy"]), ("😂", ["Ana"])]


@pytest.mark.parametrize("emoji", ["x", "ok", "1", "<b>", "❤️ hi", "\u202e", "\u200d", "❤️" * 20, "💩\U000e0041"])
def test_words_and_invisible_signs_are_no_reaction(emoji: str) -> None:
    ana, room = make()
    message = said(ana, room)
    with pytest.raises(RefusedInputError):
        reactions.react(ana, message.pk, emoji)


def test_nobody_reacts_to_or_learns_of_what_was_said_before_they_came() -> None:
    ana, room = make()
    message = said(ana, room, "A secret")
    bo, stranger = join(room, "Bo"), people.make_guest()
    for person in (bo, stranger):
        with pytest.raises(NotFoundError):
            reactions.react(person, message.pk, "❤️")
    # That somebody reacts to it, or that it is changed, opens it to nobody.
    reactions.react(ana, message.pk, "❤️")
    talk.edit(ana, message.pk, "A greater secret")
    assert not events.readable(events.membership(bo, room.pk)).exists()
    with pytest.raises(NotFoundError):
        reactions.react(bo, message.pk, "❤️")


def test_who_left_reacts_no_more() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = said(ana, room)
    membership.leave(bo, room.pk)
    with pytest.raises(NotFoundError):
        reactions.react(bo, message.pk, "❤️")


def test_a_thumb_under_an_answer_is_feedback_of_that_member() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = answer(ana, room)
    reactions.react(ana, message.pk, "👍")
    reactions.react(bo, message.pk, "👎")
    assert {one.person_id: one.good for one in message.ratings.all()} == {ana.pk: True, bo.pk: False}
    reactions.react(bo, message.pk, "😂")
    assert [one.person_id for one in message.ratings.all()] == [ana.pk]


def test_only_ones_own_words_are_changed_and_the_assistant_is_not_called_by_that() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = said(ana, room)
    with pytest.raises(NotFoundError):
        talk.edit(bo, message.pk, "I pay for all")
    event = talk.edit(ana, message.pk, "@chaski when?")
    assert event
    assert (event.kind, event.message) == ("edited", message)
    message.refresh_from_db()
    assert (message.text, message.calls, bool(message.edited_at)) == ("@chaski when?", False, True)
    assert talk.edit(ana, message.pk, "@chaski when?") is None
    assert not Message.objects.filter(conversation=room.pk, role=Message.Role.ASSISTANT).exists()


def test_what_is_taken_back_takes_its_reactions_along() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = said(ana, room)
    reactions.react(bo, message.pk, "❤️")
    talk.unsay(ana, message.pk)
    assert not Reaction.objects.filter(person=bo).exists()
    last = RoomEvent.objects.filter(room=room.pk).last()
    assert last
    assert len(last.data["numbers"]) == 2


def test_a_guest_who_signs_in_keeps_what_they_did_in_rooms() -> None:
    ana, room = make()
    bo, account = join(room, "Bo"), people.make_guest()
    message, poll = said(bo, room), polls.ask(ana, room.pk, "When?", ["Now", "Later"]).poll
    assert poll
    reactions.react(bo, message.pk, "❤️")
    polls.vote(bo, poll.pk, 1)
    membership.hand_over(ana, room.pk, Member.objects.get(person=bo).pk)
    before = room.events.count()
    people.merge(bo, account)
    assert room.events.count() == before
    assert [count.mine for count in polls.counts(poll, account)] == [False, True]
    assert reactions.marks(message)[0].people == [UUID(str(account.pk))]
    room.refresh_from_db()
    assert room.host == account


def test_who_was_kept_out_as_a_guest_is_kept_out_with_an_account() -> None:
    ana, room = make()
    bo, account = join(room, "Bo"), people.make_guest()
    membership.remove(ana, room.pk, Member.objects.get(person=bo).pk, block=True)
    people.merge(bo, account)
    assert room.blocks.get().person == account


def test_one_member_floods_nobody_with_changes() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = said(ana, room)
    for number in range(events.MOST_IN_PACE):
        reactions.react(bo, message.pk, ("❤️", "😂")[number % 2])
        talk.edit(ana, message.pk, f"At {number}")
    with pytest.raises(LimitedError):
        reactions.react(bo, message.pk, "")
    with pytest.raises(LimitedError):
        talk.edit(ana, message.pk, "At last")
    # The others are not held up.
    assert reactions.react(ana, message.pk, "❤️")
