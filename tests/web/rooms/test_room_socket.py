"""The socket of a room, against the real site: what members say and see, in order, and who sees nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from assistant.models import Member, Message, Poll, Room
from assistant.rooms import events, membership, polls, reactions, talk
from assistant.rooms.talk import Words
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Frame, Socket, Visitor
from tests.ports import free_port
from tests.security.attacks import replies
from tests.servers import eventually
from tests.web.rooms.rooms import join, make, text_of

NAMED = "@Chaski"


@contextmanager
def entered(visitor: Visitor, room: Room, after: int = 0) -> Iterator[Socket]:
    """A socket that shows a room."""
    with visitor.socket("/ws/room/") as socket:
        socket.say("enter", room=room.pk, after=after)
        socket.hear_until("entered")
        yield socket


def hear_event(socket: Socket, kind: str) -> Frame:
    while True:
        event = socket.hear_until("event")
        if event["kind"] == kind:
            return event


def say(socket: Socket, text: str, **more: Any) -> UUID:
    client_id = uuid4()
    socket.say("say", id=client_id, text=text, **more)
    return client_id


def numbers(socket: Socket) -> list[int]:
    return [frame["number"] for frame in socket.heard if frame["type"] == "event"]


def test_what_one_says_the_other_reads(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        client_id = say(hers, "Who is <b>coming</b>?")
        said = hers.hear_until("said")
        event = hear_event(his, "said")
    assert (said["id"], said["number"]) == (str(client_id), event["number"])
    assert "Who is &lt;b&gt;coming" in event["html"]
    assert "Ana" in text_of(event["html"])


def test_both_see_the_assistants_answer_while_it_is_written(
    alice: Visitor, bob: Visitor, fake_llama: FakeLlama
) -> None:
    room = make(alice)
    join(bob, room)
    gate = Gate()
    fake_llama.script(says("In February it is empty.", gate=gate))
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(hers, f"{NAMED} when?")
        for socket in (hers, his):
            answering = hear_event(socket, "answering")
            socket.say("watch", run=run_in(answering["html"]), after=0)
        gate.let(2)
        for socket in (hers, his):
            assert "In" in text_of(socket.hear_until("text")["blocks"][0][1])
        gate.open()
        for socket in (hers, his):
            # Either may come first: the one is read from the database, the other from the log.
            heard = len(socket.heard)
            while not has_ended(socket.heard[heard:]):
                socket.hear()


def has_ended(frames: list[Frame]) -> bool:
    """Whether the end of an answer was heard, and the event that shows it whole."""
    answers = [frame["html"] for frame in frames if frame["type"] == "event" and frame["kind"] == "answered"]
    assert all("In February it is empty." in text_of(html) for html in answers)
    return bool(answers) and any(frame["type"] == "finished" for frame in frames)


def run_in(html: str) -> str:
    return html.split('data-run="')[1].split('"')[0]


def test_words_that_come_twice_are_said_once(alice: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as socket:
        client_id = say(socket, "Hello")
        socket.say("say", id=client_id, text="Hello")
        first, second = socket.hear_until("said"), socket.hear_until("said")
    assert first == second
    assert room.events.filter(kind="said").count() == 1


def test_a_command_that_comes_twice_is_carried_out_once(alice: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as socket:
        client_id = say(socket, "/poll When? | Friday | Saturday")
        socket.say("say", id=client_id, text="/poll When? | Friday | Saturday")
        socket.hear_until("said")
        socket.hear_until("said")
    assert Poll.objects.filter(room=room).count() == 1


def test_what_a_command_has_to_say_is_read_by_who_gave_it_alone(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        replies(his)
        say(hers, "/who")
        assert hers.hear_until("said")["sentence"] == "Here are: Ana (host), Bo."
        assert [frame for frame in replies(his) if frame["type"] == "event"] == []


def test_a_command_that_cannot_be_carried_out_is_refused_and_may_be_tried_again(alice: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as socket:
        client_id = say(socket, "/poll Nothing to choose")
        refused = socket.hear_until("refused")
        assert (refused["id"], refused["code"]) == (str(client_id), "bad_poll")


def test_who_comes_back_gets_what_was_missed_once_and_in_order(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(bob, room) as his, entered(alice, room) as hers:
        for word in ("one", "two"):
            say(hers, word)
        hear_event(his, "said")
        last = hear_event(his, "said")["number"]
    with entered(alice, room) as hers:
        for word in ("three", "four", "five"):
            say(hers, word)
            hers.hear_until("said")
        with entered(bob, room, after=last) as his:
            say(hers, "six")
            texts = [text_of(hear_event(his, "said")["html"]) for _ in range(4)]
            seen = numbers(his)
    assert [next(word for word in ("three", "four", "five", "six") if word in text) for text in texts] == [
        "three",
        "four",
        "five",
        "six",
    ]
    assert seen == sorted(set(seen))
    assert min(seen) > last


def test_who_was_away_for_too_long_is_told_to_look_anew(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    for number in range(110):
        talk.say(alice.person, room.pk, Words(f"Word {number}", uuid4()))
    with bob.socket("/ws/room/") as his:
        his.say("enter", room=room.pk, after=3)
        assert his.hear_until("entered")["again"]
        assert numbers(his) == []


def test_who_joins_reads_nothing_of_before(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as hers:
        say(hers, "A secret")
        said = hers.hear_until("said")["number"]
        message = room.events.get(number=said).message_id
        join(bob, room)
        with entered(bob, room) as his:
            say(hers, "About the secret", quoted=message)
            mine, other = hear_event(hers, "said"), hear_event(his, "said")
            mine = hear_event(hers, "said") if "About" not in text_of(mine["html"]) else mine
    assert "A secret" in text_of(mine["html"])
    assert "A secret" not in other["html"]
    assert all("A secret" not in str(frame) for frame in his.heard)


def test_what_a_killed_process_did_not_notice_is_seen_all_the_same(
    alice: Visitor, bob: Visitor, settings: Settings
) -> None:
    room = make(alice)
    join(bob, room)
    # Here nothing listens, so no notice is given.
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}"
    with entered(alice, room) as hers:
        talk.say(bob.person, room.pk, Words("Did you hear that?", uuid4()))
        assert "Did you hear that?" in text_of(hear_event(hers, "said")["html"])


def test_who_is_erased_goes_from_the_pages_of_the_others(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(his, "I am allergic to nuts")
        number = hear_event(hers, "said")["number"]
        assert bob.post("/you/erase", {"sure": "yes"}).status_code == 302
        left = hear_event(hers, "left")
        assert "Bo " not in text_of(left["html"])
        assert number in hear_event(hers, "unsaid")["numbers"]
        his.hear_until("gone")


def test_who_is_removed_gets_nothing_more(alice: Visitor, bob: Visitor, fake_llama: FakeLlama) -> None:
    room = make(alice)
    member = join(bob, room)
    gate = Gate()
    gate.let(1)
    fake_llama.script(says("A long and secret answer.", gate=gate))
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(hers, f"{NAMED} tell us")
        answering = hear_event(his, "answering")
        his.say("watch", run=run_in(answering["html"]), after=0)
        his.hear_until("text")
        removed = alice.post(f"/rooms/{room.pk}/change", {"do": "remove", "member": member.pk})
        assert removed.status_code == 302
        his.hear_until("gone")
        heard = len(his.heard)
        say(hers, "He is gone")
        gate.open()
        hear_event(hers, "answered")
        assert [frame["type"] for frame in replies(his)] == []
        assert len(his.heard) == heard + 1
        his.say("say", id=uuid4(), text="Still here?")
        assert his.hear_until("refused")["code"] == "not_found"
        his.say("watch", run=run_in(answering["html"]), after=0)
        assert his.hear_until("problem")["code"] == "not_found"
        his.say("enter", room=room.pk, after=0)
        assert his.hear_until("problem")["code"] == "not_found"


def test_all_are_told_when_a_room_ends(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(bob, room) as his:
        assert alice.post(f"/rooms/{room.pk}/change", {"do": "end"}).headers["location"] == "/"
        his.hear_until("gone")
    assert not Room.objects.filter(pk=room.pk).exists()


def test_votes_are_counted_for_all_and_ones_own_is_marked(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(hers, "/poll When? | Friday | Saturday")
        hear_event(his, "poll")
        poll = room.polls.get()
        his.say("vote", poll=poll.pk, option=1)
        assert "1 vote" in text_of(hear_event(hers, "voted")["html"])
        assert hers.hear_until("voted") == {"type": "voted", "poll": str(poll.pk), "option": None}
        hear_event(his, "voted")
        assert his.hear_until("voted")["option"] == 1


def test_a_reaction_is_shown_to_those_who_read_the_message_alone(alice: Visitor, bob: Visitor, carol: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(hers, "We go by train")
        message = room.events.get(number=hers.hear_until("said")["number"]).message_id
        join(carol, room, "Cy")
        with entered(carol, room) as theirs:
            assert bob.post(f"/rooms/{room.pk}/react?message={message}", {"emoji": "👍"}).status_code == 302
            shown, hidden = hear_event(hers, "reacted"), hear_event(theirs, "reacted")
        hear_event(his, "reacted")
    assert shown["message"] == str(message)
    assert 'aria-label="👍 Bo"' in shown["reactions"]
    assert "reactions" not in hidden
    assert hidden["html"] == ""


def test_pages_are_told_who_the_host_is_now(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    member = join(bob, room)
    his_id = own_id(bob, room)
    with entered(alice, room) as hers:
        assert alice.post(f"/rooms/{room.pk}/change", {"do": "hand_over", "member": member.pk}).status_code == 302
        assert hear_event(hers, "host")["host"] == his_id
    assert f'data-host="{his_id}"' in alice.get(f"/rooms/{room.pk}/").text


def test_others_see_who_is_writing_and_who_is_here(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        while len(hers.hear_until("here")["here"]) < 2:
            pass
        his.say("typing")
        assert hers.hear_until("typing")["sentence"] == "\u2068Bo\u2069 is writing"
        assert [frame for frame in replies(his) if frame["type"] == "typing"] == []
    with entered(alice, room) as hers:
        here = hers.hear_until("here")
        while len(here["here"]) > 1:
            here = hers.hear_until("here")
    assert here["names"] == ["Ana", "Bo"]


def test_that_somebody_types_is_told_every_two_seconds_at_most(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his, entered(bob, room) as another:
        began = monotonic()
        for _ in range(30):
            his.say("typing")
            another.say("typing")
        replies(his)
        replies(another)
        most = 1 + (monotonic() - began) // 2
        say(his, "Hello")
        hear_event(hers, "said")
    assert 1 <= len([frame for frame in hers.heard if frame["type"] == "typing"]) <= most


def test_who_is_here_is_told_once_a_second_at_most_and_in_the_end_rightly(
    alice: Visitor, bob: Visitor, carol: Visitor
) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers:
        began = monotonic()
        with entered(bob, room) as his:
            for _ in range(40):
                his.say("enter", room=room.pk, after=0)
            replies(his)
        join(carol, room, "Cy")
        last = hers.hear_until("here")
        while last["names"] != ["Ana", "Bo", "Cy"] or len(last["here"]) > 1:
            last = hers.hear_until("here")
        most = 2 + (monotonic() - began)
    assert len([frame for frame in hers.heard if frame["type"] == "here"]) <= most


def test_names_do_not_turn_the_sentences_around_them(alice: Visitor, bob: Visitor) -> None:
    room = make(alice, "אנה")
    with entered(alice, room) as hers:
        assert "\u2068אנה\u2069 opened this room" in hear_event(hers, "joined")["html"]
        join(bob, room, "بو")
        assert "\u2068بو\u2069 joined" in hear_event(hers, "joined")["html"]
        say(hers, "/poll متى؟ | الجمعة | السبت")
        asked = hear_event(hers, "poll")
        assert "<bdi>אנה</bdi> asks." in asked["html"]
        # Whose vote it is, for readers who would hear it.
        assert asked["speaker"] == own_id(alice, room)
        poll = room.polls.get()
        hers.say("vote", poll=poll.pk, option=1)
        assert alice.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"close": "1"}).status_code == 302
        closed = hear_event(hers, "closed")["html"]
        assert "“\u2068متى؟\u2069” is over: \u2068السبت\u2069, with 1 of 1 vote" in closed


def own_id(visitor: Visitor, room: Room) -> str:
    """The id of a member as a speaker."""
    return visitor.get(f"/rooms/{room.pk}/").text.split('data-me="')[1].split('"')[0]


def test_what_was_read_is_kept(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    member = join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(hers, "Hello")
        number = hear_event(his, "said")["number"]
        his.say("read", number=number)
        replies(his)
    eventually(lambda: membership.lock_free(bob.person, room.pk).read_until == number)
    assert member.read_until < number


def test_who_joins_later_sees_nothing_of_a_vote_that_was_begun_before(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as hers:
        say(hers, "/poll A secret? | Yes | No")
        hers.hear_until("said")
        join(bob, room)
        with entered(bob, room) as his:
            poll = room.polls.get()
            hers.say("vote", poll=poll.pk, option=1)
            assert hear_event(his, "voted")["html"] == ""
            assert alice.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"close": "1"}).status_code == 302
            closed, seen = hear_event(his, "closed"), hear_event(hers, "closed")
    assert (closed["html"], "poll" in closed) == ("", False)
    assert "The vote “A secret?” is over: No, with 1 of 1 vote" in text_of(seen["html"])
    assert "The vote is over" in text_of(seen["poll"])
    assert "A secret" not in bob.get(f"/rooms/{room.pk}/").text


@pytest.mark.parametrize("who", ["the host", "who asked"])
def test_an_answer_is_stopped_by_who_asked_and_by_the_host_alone(
    alice: Visitor, bob: Visitor, carol: Visitor, fake_llama: FakeLlama, who: str
) -> None:
    room = make(alice)
    join(bob, room)
    join(carol, room, "Cy")
    gate = Gate()
    gate.let(2)
    fake_llama.script(says("On and on and on.", gate=gate))
    with entered(bob, room) as his, entered(alice, room) as hers, entered(carol, room) as theirs:
        say(his, f"{NAMED} go on")
        run = run_in(hear_event(theirs, "answering")["html"])
        theirs.say("stop", run=run)
        assert theirs.hear_until("problem")["sentence"] == "Only who asked and the host can stop this answer."
        assert carol.post(f"/rooms/{room.pk}/stop").status_code == 409
        (hers if who == "the host" else his).say("stop", run=run)
        hear_event(theirs, "answered")
        gate.open()
    assert room.conversation.runs.get().status == "stopped"


def test_who_read_words_sees_them_change_and_what_others_think_of_them(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    with entered(alice, room) as hers:
        say(hers, "Nothing for Bo")
        secret = UUID(str(hear_event(hers, "said")["html"].split('data-message="')[1][:36]))
    join(bob, room)
    with entered(alice, room) as hers, entered(bob, room) as his:
        say(his, "At eight")
        said = hear_event(his, "said")
        message = UUID(str(said["html"].split('data-message="')[1][:36]))
        for one, emoji in ((secret, "❤️"), (message, "👍")):
            reactions.react(alice.person, one, emoji)
        talk.edit(bob.person, message, "At nine")
        talk.edit(alice.person, secret, "Still nothing for Bo")
        mine = [hear_event(hers, kind) for kind in ("reacted", "reacted", "edited", "edited")]
        theirs = [hear_event(his, kind) for kind in ("reacted", "reacted", "edited", "edited")]
    assert "❤️" in mine[0]["reactions"]
    assert mine[1]["message"] == str(message)
    assert "👍" in mine[1]["reactions"]
    assert "Ana" in mine[1]["reactions"]
    assert "At nine" in mine[2]["html"]
    # Who came later learns of nothing but a number.
    assert [event["number"] for event in theirs] == [event["number"] for event in mine]
    assert [set(event) for event in (theirs[0], theirs[3])] == [{"type", "number", "kind", "html"}] * 2
    assert theirs[0]["html"] == theirs[3]["html"] == ""
    assert theirs[1:3] == mine[1:3]


def test_words_that_were_taken_back_are_in_no_quote_for_who_comes_back(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    with entered(alice, room) as hers:
        say(hers, "My secret is plugh")
        hear_event(hers, "said")
        secret = Message.objects.get(conversation=room.pk, text="My secret is plugh")
        with entered(bob, room) as his:
            number = his.heard[-1]["number"]
        say(hers, "Did you read that?", quoted=secret.pk)
        assert "plugh" in hear_event(hers, "said")["html"]
        talk.unsay(alice.person, secret.pk)
        hear_event(hers, "unsaid")
        with entered(bob, room, number) as his:
            hear_event(his, "unsaid")
            assert [frame for frame in his.heard if "plugh" in str(frame)] == []
            assert [frame for frame in his.heard if "Did you read that?" in str(frame)]


def test_a_page_that_missed_more_than_its_queue_takes_is_told_to_look_anew(alice: Visitor, bob: Visitor) -> None:
    room = make(alice)
    join(bob, room)
    poll = polls.ask(alice.person, room.pk, "Which?", ["a", "b"]).poll
    assert poll
    with entered(alice, room) as hers, entered(bob, room) as his:
        number = his.heard[-1]["number"]
        member = Member.objects.select_related("conversation__room").get(conversation=room.pk, person=alice.person)
        for _vote in range(190):
            with transaction.atomic():
                events.lock_room(room.pk)
                last = events.note(member.conversation.room, events.Kind.VOTED, member, poll=poll)
        while hear_event(hers, "voted")["number"] < last.number:
            pass
        with bob.socket("/ws/room/") as again:
            again.say("enter", room=room.pk, after=number)
            assert again.hear_until("entered")["again"] is True
            again.say("ping")
            again.hear_until("pong")
