"""Rooms in the database: who is in one, what they may read, and when the assistant is asked."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import conversations, people
from assistant.errors import (
    BadNameError,
    BadPollError,
    BlockedError,
    InvitationEndedError,
    LimitedError,
    NameTakenError,
    NotFoundError,
    NotHostError,
    RoomFullError,
)
from assistant.models import Conversation, Message, Room, RoomEvent, Run
from assistant.rooms import events, expiry, membership, orders, polls, talk
from assistant.rooms.talk import Words
from tests.assistant.rooms.rooms import finish, join, make, member_of, numbers, say, seen

# Who is there


def test_who_joins_reads_what_is_said_from_then_on() -> None:
    ana, room = make()
    say(ana, room, "Only me here")
    bo = join(room, "Bo")
    say(ana, room, "Hello Bo")
    assert seen(bo, room) == [("joined", "Bo"), ("said", "Hello Bo")]
    assert seen(ana, room) == [("joined", "Ana"), ("said", "Only me here"), ("joined", "Bo"), ("said", "Hello Bo")]
    assert [message.text for message in events.readable(member_of(bo, room))] == ["Hello Bo"]


def test_who_makes_a_room_of_a_conversation_decides_whether_others_read_it() -> None:
    for shows_earlier, expected in ((True, ["Where is snow?", "Hello Bo"]), (False, ["Hello Bo"])):
        ana = people.make_guest()
        turn = conversations.say(ana, None, "Where is snow?", uuid4())
        Run.objects.filter(pk=turn.run.pk).update(status="done")
        place = turn.run.conversation_id
        room = membership.make(ana, "Ana", "", place, shows_earlier=shows_earlier)
        bo = join(room, "Bo")
        say(ana, room, "Hello Bo")
        texts = [message.text for message in events.readable(member_of(bo, room)) if message.text]
        assert texts == expected
        assert "Where is snow?" in [message.text for message in events.readable(member_of(ana, room))]


def test_nothing_of_an_ordinary_conversation_works_on_a_room() -> None:
    ana, room = make()
    message = say(ana, room, "Hello").event.message
    assert message
    with pytest.raises(NotFoundError):
        conversations.own_conversation(ana, room.pk)
    with pytest.raises(NotFoundError):
        conversations.say(ana, room.pk, "Hello", uuid4())
    with pytest.raises(NotFoundError):
        conversations.edit(ana, message.pk, "Bye", uuid4())


@pytest.mark.parametrize("name", ["", "   ", "Chaski", "CHASKI"])
def test_a_name_that_cannot_be_read_or_is_the_assistants_is_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        make(name)


def test_two_members_never_look_the_same() -> None:
    _ana, room = make()
    with pytest.raises(NameTakenError):
        join(room, "ANA")


def test_who_joins_twice_is_there_once() -> None:
    _ana, room = make()
    bo = join(room, "Bo")
    assert membership.join(bo, room.token or "", "Bob").name == "Bo"
    assert numbers(room) == [1, 2]


def test_an_invitation_that_was_renewed_or_closed_leads_nowhere() -> None:
    ana, room = make()
    old = room.token or ""
    new = membership.renew_invitation(ana, room.pk)
    with pytest.raises(InvitationEndedError):
        membership.join(people.make_guest(), old, "Bo")
    membership.renew_invitation(ana, room.pk, closed=True)
    for token in (new, old, ""):
        with pytest.raises(InvitationEndedError):
            membership.invited(token)


def test_a_locked_room_lets_nobody_new_in() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    membership.set_locked(ana, room.pk, locked=True)
    with pytest.raises(InvitationEndedError):
        join(room, "Cy")
    assert membership.join(bo, room.token or "", "Bo").name == "Bo"
    membership.set_locked(ana, room.pk, locked=False)
    join(room, "Cy")


def test_a_full_room_lets_nobody_in(settings: Settings) -> None:
    settings.ROOM_MEMBERS = 2
    _ana, room = make()
    join(room, "Bo")
    with pytest.raises(RoomFullError):
        join(room, "Cy")


def test_a_removed_member_reads_nothing_more_and_comes_back_unless_blocked() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    membership.remove(ana, room.pk, member_of(bo, room).pk)
    with pytest.raises(NotFoundError):
        events.membership(bo, room.pk)
    with pytest.raises(NotFoundError):
        say(bo, room, "Still here?")
    say(ana, room, "About Bo")
    membership.join(bo, room.token or "", "Bo")
    assert ("said", "About Bo") not in seen(bo, room)
    membership.remove(ana, room.pk, member_of(bo, room).pk, block=True)
    with pytest.raises(BlockedError):
        membership.join(bo, room.token or "", "Bo")


def test_only_the_host_changes_a_room() -> None:
    ana, room = make()
    bo, cy = join(room, "Bo"), join(room, "Cy")
    for act in (
        lambda: membership.remove(bo, room.pk, member_of(cy, room).pk),
        lambda: membership.set_locked(bo, room.pk, locked=True),
        lambda: membership.renew_invitation(bo, room.pk),
        lambda: membership.rename(bo, room.pk, "Mine"),
        lambda: membership.hand_over(bo, room.pk, member_of(bo, room).pk),
        lambda: membership.end(bo, room.pk),
    ):
        with pytest.raises(NotHostError):
            act()
    stranger = people.make_guest()
    with pytest.raises(NotFoundError):
        membership.rename(stranger, room.pk, "Mine")
    membership.hand_over(ana, room.pk, member_of(bo, room).pk)
    membership.rename(bo, room.pk, "Ours")
    with pytest.raises(NotHostError):
        membership.rename(ana, room.pk, "Mine")


def test_a_member_of_another_room_cannot_be_removed() -> None:
    ana, room = make()
    bo, other = make("Bo")
    with pytest.raises(NotFoundError):
        membership.remove(ana, room.pk, member_of(bo, other).pk)


def test_a_host_who_leaves_is_followed_by_who_is_there_longest() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    join(room, "Cy")
    membership.leave(ana, room.pk)
    room.refresh_from_db()
    assert room.host == bo
    assert seen(bo, room)[-2:] == [("left", "Ana"), ("host", "Bo")]


def test_the_last_one_who_leaves_ends_the_room() -> None:
    ana, room = make()
    membership.leave(ana, room.pk)
    assert not Conversation.objects.filter(pk=room.pk).exists()


def test_who_is_erased_takes_their_words_along() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    say(bo, room, "A secret")
    say(ana, room, "What?")
    people.erase(bo)
    assert [text for kind, text in seen(ana, room) if kind == "said"] == ["What?"]
    assert say(ana, room, "Gone").event.number > 0


# What is said


def test_events_are_numbered_without_a_gap() -> None:
    ana, room = make()
    for number in range(5):
        say(ana, room, str(number))
    assert numbers(room) == [1, 2, 3, 4, 5, 6]


def test_the_same_words_twice_are_said_once() -> None:
    ana, room = make()
    words = Words("@Chaski hello", uuid4())
    first, again = talk.say(ana, room.pk, words), talk.say(ana, room.pk, words)
    assert first.event == again.event
    assert (first.new, again.new) == (True, False)
    assert again.run is None
    assert Run.objects.filter(conversation=room.pk).count() == 1


def test_words_to_others_ask_the_model_nothing() -> None:
    ana, room = make()
    assert say(ana, room, "Who brings the skis?").run is None
    assert say(ana, room, "@Bo and @everyone: who?").run is None
    assert not Run.objects.filter(conversation=room.pk).exists()


def test_a_name_a_reply_and_a_command_ask_the_model() -> None:
    ana, room = make()
    said = say(ana, room, "@Chaski when is it emptiest?")
    finish(said.run)
    assert said.run
    answer = Message.objects.get(pk=said.run.answer_id)
    reply = say(ana, room, "And in March?", quoted=answer.pk)
    finish(reply.run)
    assert say(ana, room, "/summarise").run


def test_calls_that_come_meanwhile_get_one_answer_afterwards() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    first = say(ana, room, "@Chaski one")
    assert say(bo, room, "@Chaski two").run is None
    assert say(bo, room, "@Chaski three").run is None
    assert talk.waiting() == []
    finish(first.run)
    assert talk.waiting() == [room.pk]
    following = talk.next_run(room.pk)
    assert following
    assert following.answer.quoted
    assert following.answer.quoted.text == "@Chaski three"
    assert talk.next_run(room.pk) is None


def test_pictures_and_summaries_wait_each_for_their_own() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    run = say(ana, room, "@Chaski one").run
    for person, text in ((bo, "/imagine a llama"), (ana, "@Chaski two"), (bo, "/summarise"), (ana, "@Chaski three")):
        assert say(person, room, text).run is None
    assert say(bo, room, "/imagine a hut").run is None
    answered = []
    while True:
        finish(run)
        run = talk.next_run(room.pk)
        if run is None:
            break
        assert run.answer.quoted
        answered.append(run.answer.quoted.text)
    assert answered == ["/imagine a llama", "/summarise", "@Chaski three", "/imagine a hut"]
    assert talk.waiting() == []


def test_a_picture_whose_process_died_is_drawn_although_others_call() -> None:
    ana, room = make()
    run = say(ana, room, "/imagine a llama").run
    say(ana, room, "@Chaski two")
    finish(run, "", "interrupted")
    following = talk.next_run(room.pk)
    assert following
    assert following.answer.quoted
    assert following.answer.quoted.text == "/imagine a llama"


def test_an_answer_that_a_killed_process_left_is_asked_for_anew_but_not_for_ever() -> None:
    ana, room = make()
    run = say(ana, room, "@Chaski one").run
    for _try in range(talk.MOST_ANSWERS - 1):
        finish(run, "Half", "interrupted")
        assert "Half" not in [text for _kind, text in seen(ana, room)]
        run = talk.next_run(room.pk)
    finish(run, "Half", "interrupted")
    assert talk.next_run(room.pk) is None
    assert [text for kind, text in seen(ana, room) if kind == "answered"] == ["Half"]


def test_while_it_is_hushed_the_assistant_is_not_asked() -> None:
    ana, room = make()
    assert orders.carry_out(ana, room.pk, orders.Order("hush")) == ""
    assert say(ana, room, "Chaski, hello").run is None
    orders.carry_out(ana, room.pk, orders.Order("wake"))
    assert say(ana, room, "Chaski, hello").run


@pytest.mark.parametrize("text", ["@Chaski hello", "/imagine a llama", "/summarise"])
def test_an_explicit_call_wakes_it(text: str) -> None:
    ana, room = make()
    orders.carry_out(ana, room.pk, orders.Order("hush"))
    assert say(ana, room, text).run
    assert [kind for kind, _name in seen(ana, room)] == ["joined", "hushed", "woken", "said", "answering"]


def test_forwarded_words_call_nobody() -> None:
    ana, room = make()
    finish(say(ana, room, "@Chaski hello").run)
    answer = Message.objects.get(conversation=room.pk, role="assistant")
    for text in ("@Chaski what is this?", "/imagine a llama"):
        assert say(ana, room, text, forwarded=True, quoted=answer.pk).run is None


def test_a_member_erases_what_they_said_and_nobody_elses() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    message = say(bo, room, "Oops").event.message
    assert message
    with pytest.raises(NotFoundError):
        talk.unsay(ana, message.pk)
    talk.unsay(bo, message.pk)
    last = room.events.last()
    assert last
    assert (last.kind, last.data) == ("unsaid", {"numbers": [3]})
    assert not Message.objects.filter(pk=message.pk).exists()


# Votes


def test_members_vote_once_and_may_change_it() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    orders.carry_out(ana, room.pk, orders.Order("poll", "Which weekend? | First | Second"))
    event = RoomEvent.objects.get(room=room.pk, kind="poll")
    assert event.poll
    polls.vote(ana, event.poll.pk, 0)
    polls.vote(bo, event.poll.pk, 0)
    polls.vote(bo, event.poll.pk, 1)
    assert polls.vote(bo, event.poll.pk, 1) is None
    assert [(count.votes, count.mine) for count in polls.counts(event.poll, bo)] == [(1, False), (1, True)]
    with pytest.raises(BadPollError):
        polls.vote(bo, event.poll.pk, 2)
    with pytest.raises(NotFoundError):
        polls.close(bo, event.poll.pk)
    polls.close(ana, event.poll.pk)
    with pytest.raises(BadPollError):
        polls.vote(bo, event.poll.pk, 0)


LISTED = """You could go to:

1. **Chamonix**: for experts, and *steep*
2. Soldeu – sunny
3. Val d'Isère (high)

Then pack:

- skis
"""


@pytest.mark.parametrize(("argument", "question"), [("", "Which one?"), ("Where to?", "Where to?")])
def test_a_vote_without_options_is_on_what_the_assistant_listed_last(argument: str, question: str) -> None:
    ana, room = make()
    finish(say(ana, room, "@Chaski where to?").run, LISTED)
    finish(say(ana, room, "@Chaski thanks").run, "You are welcome.")
    orders.carry_out(ana, room.pk, orders.Order("poll", argument))
    poll = room.polls.get()
    assert (poll.question, poll.options) == (question, ["Chamonix", "Soldeu", "Val d'Isère"])


def test_what_was_listed_before_somebody_came_is_not_theirs_to_vote_on() -> None:
    ana, room = make()
    finish(say(ana, room, "@Chaski where to?").run, LISTED)
    bo = join(room, "Bo")
    with pytest.raises(BadPollError):
        orders.carry_out(bo, room.pk, orders.Order("poll", "Where to?"))


@pytest.mark.parametrize("argument", ["", "Which?", "Which? | One", "Which? | a | a"])
def test_a_vote_without_options_is_refused(argument: str) -> None:
    ana, room = make()
    with pytest.raises(BadPollError):
        orders.carry_out(ana, room.pk, orders.Order("poll", argument))


def test_a_stranger_and_who_came_later_cannot_vote() -> None:
    ana, room = make()
    event = polls.ask(ana, room.pk, "Which?", ["a", "b"])
    assert event.poll
    later = join(room, "Bo")
    for person in (people.make_guest(), later):
        with pytest.raises(NotFoundError):
            polls.vote(person, event.poll.pk, 0)


# The end


def test_a_quiet_room_ends_a_day_after_its_members_were_told() -> None:
    ana, room = make()
    Room.objects.filter(pk=room.pk).update(ends_at=timezone.now() - timedelta(days=3))
    assert expiry.erase_ended() is None
    assert expiry.tell() == [room.pk]
    assert expiry.tell() == []
    assert expiry.erase_ended() is None
    assert seen(ana, room)[-1][0] == "ending"
    say(ana, room, "We are still here")
    room.refresh_from_db()
    assert room.end_told_at is None
    Room.objects.filter(pk=room.pk).update(ends_at=timezone.now() - timedelta(1), end_told_at=timezone.now())
    ended = expiry.erase_ended()
    assert ended
    assert ended.rooms == [room.pk]
    assert not Conversation.objects.filter(pk=room.pk).exists()


def test_who_may_not_see_a_room_finds_none_at_its_number() -> None:
    _ana, room = make()
    for number in (room.pk, UUID(int=7)):
        with pytest.raises(NotFoundError):
            events.membership(people.make_guest(), number)


def test_a_call_that_is_taken_back_takes_no_other_along() -> None:
    ana, room = make()
    bo = join(room, "Bo")
    run = say(ana, room, "@Chaski one").run
    say(ana, room, "@Chaski two")
    taken = say(bo, room, "@Chaski three").event.message
    assert taken
    talk.unsay(bo, taken.pk)
    finish(run)
    following = talk.next_run(room.pk)
    assert following
    assert following.answer.quoted
    assert following.answer.quoted.text == "@Chaski two"


@pytest.mark.parametrize("how", ["leave", "erase"])
def test_the_call_of_who_has_gone_takes_no_other_along(how: str) -> None:
    ana, room = make()
    bo = join(room, "Bo")
    run = say(ana, room, "@Chaski one").run
    say(ana, room, "@Chaski two")
    say(bo, room, "@Chaski three")
    if how == "leave":
        membership.leave(bo, room.pk)
    else:
        people.erase(bo)
    finish(run)
    following = talk.next_run(room.pk)
    assert following
    assert following.answer.quoted
    assert following.answer.quoted.text == "@Chaski two"
    finish(following)
    assert talk.next_run(room.pk) is None


def test_nobody_votes_names_or_locks_all_the_time() -> None:
    ana, room = make()
    poll = polls.ask(ana, room.pk, "Which?", ["a", "b"]).poll
    assert poll
    for number in range(events.MOST_IN_PACE):
        polls.vote(ana, poll.pk, number % 2)
        membership.rename(ana, room.pk, f"Name {number}")
    with pytest.raises(LimitedError):
        polls.vote(ana, poll.pk, 0)
    with pytest.raises(LimitedError):
        membership.rename(ana, room.pk, "Once more")
    bo = join(room, "Bo")
    assert polls.ask(bo, room.pk, "When?", ["a", "b"])
