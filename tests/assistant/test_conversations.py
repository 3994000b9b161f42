"""What people say is stored once, in order, and only they can reach it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from assistant import conversations, people
from assistant.conversations import Turn
from assistant.errors import (
    AssistantError,
    BusyError,
    ConversationFullError,
    EmptyTextError,
    NotFoundError,
    TextTooLongError,
    TooManyConversationsError,
)
from assistant.models import Conversation, Message, Person, Run


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


@pytest.fixture
def eve() -> Person:
    return people.make_guest()


def say(person: Person, text: str = "Hello", conversation: Conversation | None = None, id: UUID | None = None) -> Turn:
    return conversations.say(person, conversation.id if conversation else None, text, id or uuid4())


def finish(turn: Turn, text: str = "Good day.") -> Turn:
    """End the answer, as assistant/answering.py does."""
    Message.objects.filter(id=turn.answer.id).update(text=text)
    Run.objects.filter(id=turn.run.id).update(status=Run.Status.DONE)
    return turn


def texts(conversation: Conversation) -> list[str]:
    return [message.text for message in conversations.shown_messages(conversation)]


def at_once(*requests: Callable[[], object]) -> list[object]:
    """What each gives, or raises, when all are made in the same moment."""
    barrier = Barrier(len(requests))

    def make(request: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return request()
        except AssistantError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(make, requests))


# Saying something


def test_the_first_words_begin_a_conversation_and_give_it_its_title(ada: Person) -> None:
    turn = say(ada, "  What is\r\na llama?\x00 ")
    conversation = turn.run.conversation
    assert conversation.members.get() == ada
    assert conversation.title == "What is a llama?"
    question, answer = conversations.shown_messages(conversation)
    assert (question.position, question.role, question.text) == (1, "user", "  What is\na llama?")
    assert (answer.position, answer.role, answer.text) == (2, "assistant", "")
    assert turn.new
    assert turn.run.status == "running"
    assert turn.run.answer == answer


def test_a_conversation_goes_on_and_comes_to_the_top(ada: Person) -> None:
    first = finish(say(ada, "One")).run.conversation
    second = finish(say(ada, "Two")).run.conversation
    finish(say(ada, "Three", first))
    assert texts(first) == ["One", "Good day.", "Three", "Good day."]
    assert list(ada.conversations.order_by("-updated_at")) == [first, second]


@pytest.mark.parametrize("text", ["", "  \n ", "\x00"])
def test_nothing_is_not_said(ada: Person, text: str) -> None:
    with pytest.raises(EmptyTextError):
        say(ada, text)
    assert not ada.conversations.exists()


def test_too_much_is_not_said(ada: Person, settings: Settings) -> None:
    settings.MESSAGE_CHARACTERS = 10
    say(ada, "\n 123456789 \n")
    with pytest.raises(TextTooLongError):
        say(ada, "12345678901")


def test_the_same_message_sent_twice_is_said_once(ada: Person) -> None:
    first = say(ada, "Hello", id=(id := uuid4()))
    again = say(ada, "Hello", id=id)
    assert (again.new, again.run, again.question, again.answer) == (False, first.run, first.question, first.answer)
    finish(first)
    assert say(ada, "Something else", id=id).run == first.run
    assert texts(first.run.conversation) == ["Hello", "Good day."]


def test_two_people_may_use_the_same_id(ada: Person, eve: Person) -> None:
    id = uuid4()
    assert say(ada, id=id).new
    assert say(eve, id=id).new


def test_a_person_waits_for_an_answer_before_going_on(ada: Person) -> None:
    turn = say(ada)
    with pytest.raises(BusyError):
        say(ada, "And?", turn.run.conversation)
    finish(turn)
    assert say(ada, "And?", turn.run.conversation).new


def test_a_person_has_only_so_many_answers_at_once(ada: Person, eve: Person, settings: Settings) -> None:
    settings.LIMIT_PERSON_RUNS = 2
    first, _ = say(ada), say(ada)
    with pytest.raises(BusyError):
        say(ada)
    assert say(eve).new
    finish(first)
    assert say(ada).new


def test_a_person_has_only_so_many_conversations(ada: Person, settings: Settings) -> None:
    settings.CONVERSATIONS_PER_PERSON = 1
    turn = finish(say(ada))
    with pytest.raises(TooManyConversationsError):
        say(ada)
    turn.run.conversation.delete()
    assert say(ada).new


def test_a_conversation_ends_somewhere_and_takes_no_half_a_turn(ada: Person, settings: Settings) -> None:
    settings.MESSAGES_PER_CONVERSATION = 3
    turn = finish(say(ada))
    with pytest.raises(ConversationFullError):
        say(ada, "More", turn.run.conversation)
    assert texts(turn.run.conversation) == ["Hello", "Good day."]


# Saying something else


def test_an_edited_message_puts_all_that_followed_aside(ada: Person) -> None:
    first = finish(say(ada, "One"))
    conversation = first.run.conversation
    second = finish(say(ada, "Two", conversation))
    third = finish(say(ada, "Three", conversation))
    turn = conversations.edit(ada, second.question.id, "Too", uuid4())
    assert texts(conversation) == ["One", "Good day.", "Too", ""]
    assert set(turn.removed) == {second.question.id, second.answer.id, third.question.id, third.answer.id}
    assert conversation.messages.count() == 8


def test_the_same_edit_sent_twice_is_made_once(ada: Person) -> None:
    first = finish(say(ada, "One"))
    turn = conversations.edit(ada, first.question.id, "Won", id := uuid4())
    again = conversations.edit(ada, first.question.id, "Won", id)
    assert (again.new, again.run) == (False, turn.run)
    # The page may have missed the first reply, so it hears again what to take away.
    assert set(again.removed) == set(turn.removed) == {first.question.id, first.answer.id}


def test_only_what_stands_on_the_page_can_be_edited(ada: Person) -> None:
    first = finish(say(ada, "One"))
    finish(conversations.edit(ada, first.question.id, "Won", uuid4()))
    for message in (first.question, first.answer):
        with pytest.raises(NotFoundError):
            conversations.edit(ada, message.id, "Wan", uuid4())


def test_a_message_is_not_edited_while_its_answer_is_written(ada: Person) -> None:
    turn = say(ada)
    with pytest.raises(BusyError):
        conversations.edit(ada, turn.question.id, "Other", uuid4())
    assert texts(turn.run.conversation) == ["Hello", ""]


# Answering anew


def test_a_new_answer_takes_the_place_of_the_old_one(ada: Person) -> None:
    first = finish(say(ada), "Bad")
    turn = conversations.retry(ada, first.answer.id)
    assert (turn.question, turn.removed, turn.new) == (None, (first.answer.id,), True)
    finish(turn, "Better")
    assert texts(turn.run.conversation) == ["Hello", "Better"]


def test_asking_twice_for_a_new_answer_makes_one(ada: Person) -> None:
    first = finish(say(ada))
    turn = conversations.retry(ada, first.answer.id)
    again = conversations.retry(ada, first.answer.id)
    assert (again.new, again.run, again.removed) == (False, turn.run, turn.removed)


def test_a_question_is_not_answered_anew_nor_an_answer_that_an_edit_put_aside(ada: Person) -> None:
    first = finish(say(ada))
    with pytest.raises(NotFoundError):
        conversations.retry(ada, first.question.id)
    finish(conversations.edit(ada, first.question.id, "Other", uuid4()))
    with pytest.raises(NotFoundError):
        conversations.retry(ada, first.answer.id)


# Other people


def test_other_peoples_words_cannot_be_reached(ada: Person, eve: Person) -> None:
    turn = finish(say(ada))
    attempts: list[Callable[[], object]] = [
        lambda: conversations.own_conversation(eve, turn.run.conversation_id),
        lambda: conversations.own_message(eve, turn.answer.id),
        lambda: conversations.own_run(eve, turn.run.id),
        lambda: say(eve, "Mine", turn.run.conversation),
        lambda: conversations.edit(eve, turn.question.id, "Mine", uuid4()),
        lambda: conversations.retry(eve, turn.answer.id),
        lambda: conversations.own_conversation(eve, uuid4()),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    assert texts(turn.run.conversation) == ["Hello", "Good day."]


# In the same moment


def test_a_message_sent_twice_in_the_same_moment_is_said_once(ada: Person) -> None:
    id = uuid4()
    turns = at_once(*[lambda: say(ada, id=id)] * 4)
    assert sorted(turn.new for turn in turns) == [False, False, False, True]
    assert len({turn.run.id for turn in turns}) == 1
    assert ada.conversations.count() == 1


def test_two_tabs_speak_in_the_same_moment_and_one_is_told_to_wait(ada: Person) -> None:
    conversation = finish(say(ada)).run.conversation
    outcomes = at_once(lambda: say(ada, "Left", conversation), lambda: say(ada, "Right", conversation))
    assert {type(outcome) for outcome in outcomes} == {Turn, BusyError}
    assert conversation.runs.filter(status="running").count() == 1
    assert conversation.messages.count() == 4


def test_limits_hold_in_the_same_moment(ada: Person, settings: Settings) -> None:
    settings.LIMIT_PERSON_RUNS = 2
    outcomes = at_once(*[lambda: say(ada)] * 5)
    assert sum(isinstance(outcome, BusyError) for outcome in outcomes) == 3
    assert ada.conversations.count() == 2


def test_an_answer_asked_for_anew_twice_in_the_same_moment_is_made_once(ada: Person) -> None:
    first = finish(say(ada))
    turns = at_once(*[lambda: conversations.retry(ada, first.answer.id)] * 2)
    assert sorted(turn.new for turn in turns) == [False, True]
    assert texts(first.run.conversation) == ["Hello", ""]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\n \n    first: 1\n\tsecond\n\n\nthird  \nend  \n\n", "    first: 1\n\tsecond\n\n\nthird  \nend"),
        ("\r\none\r\n\r\n\r\ntwo\rthree", "one\n\n\ntwo\nthree"),
        ("\t\u3000\n\u3000中文", "\u3000中文"),
        (" \x00x\x00 ", " x"),
    ],
)
def test_a_persons_own_words_are_kept_as_they_were_written(ada: Person, typed: str, kept: str) -> None:
    turn = say(ada, typed)
    assert Message.objects.get(pk=turn.question and turn.question.pk).text == kept
