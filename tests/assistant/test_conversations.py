"""What people say is stored once, in order, and only they can reach it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
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
    WholeAnswerError,
)
from assistant.models import Conversation, Member, Message, Person, Run
from assistant.tools.base import ToolCall
from assistant.versions import ONLY, versions_of
from tests.locks import Other
from tests.servers import eventually


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


@pytest.fixture
def eve() -> Person:
    return people.make_guest()


def say(person: Person, text: str = "Hello", conversation: Conversation | None = None, id: UUID | None = None) -> Turn:
    return conversations.say(person, conversation.id if conversation else None, text, id or uuid4())


def finish(turn: Turn, text: str = "Good day.") -> Turn:
    """End the answer, as assistant/answer.py does."""
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
    finish(say(ada, "Three", conversation))
    turn = conversations.edit(ada, second.question.id, "Too", uuid4())
    assert texts(conversation) == ["One", "Good day.", "Too", ""]
    assert turn.after == first.answer.position
    assert conversation.messages.count() == 8


def test_the_same_edit_sent_twice_is_made_once(ada: Person) -> None:
    first = finish(say(ada, "One"))
    turn = conversations.edit(ada, first.question.id, "Won", id := uuid4())
    again = conversations.edit(ada, first.question.id, "Won", id)
    assert (again.new, again.run) == (False, turn.run)
    # The page may have missed the first reply, so it is told again what the turn stands after.
    assert again.after == turn.after == 0


def test_only_ones_own_words_are_edited_and_those_of_an_older_version_too(ada: Person) -> None:
    first = finish(say(ada, "One"))
    finish(conversations.edit(ada, first.question.id, "Won", uuid4()))
    with pytest.raises(NotFoundError):
        conversations.edit(ada, first.answer.id, "Wan", uuid4())
    finish(conversations.edit(ada, first.question.id, "Wan", uuid4()))
    assert texts(first.run.conversation) == ["Wan", "Good day."]
    assert place(first.run.conversation, "Wan") == (3, 3)


def test_a_message_is_not_edited_while_its_answer_is_written(ada: Person) -> None:
    turn = say(ada)
    with pytest.raises(BusyError):
        conversations.edit(ada, turn.question.id, "Other", uuid4())
    assert texts(turn.run.conversation) == ["Hello", ""]


# Answering anew


def retry(person: Person, answer: Message, id: UUID | None = None, revision: str = "") -> Turn:
    return conversations.retry(person, answer.id, id or uuid4(), revision)


def test_a_new_answer_takes_the_place_of_the_old_one(ada: Person) -> None:
    first = finish(say(ada), "Bad")
    turn = retry(ada, first.answer)
    assert (turn.question, turn.after, turn.new) == (None, 1, True)
    finish(turn, "Better")
    assert texts(turn.run.conversation) == ["Hello", "Better"]
    assert place(turn.run.conversation, "Better") == (2, 2)


def test_asking_for_a_new_answer_with_the_same_id_makes_one(ada: Person) -> None:
    first = finish(say(ada))
    turn = retry(ada, first.answer, id := uuid4())
    again = retry(ada, first.answer, id)
    assert (again.new, again.run, again.after) == (False, turn.run, turn.after)
    finish(turn)
    assert retry(ada, turn.answer, id).run == turn.run


@pytest.mark.parametrize("same", [True, False], ids=["the newest", "the first"])
def test_asking_for_new_answers_on_purpose_makes_as_many(ada: Person, same: bool) -> None:
    first = finish(say(ada), "A")
    second = finish(retry(ada, first.answer), "B")
    third = finish(retry(ada, second.answer if same else first.answer), "C")
    assert texts(first.run.conversation) == ["Hello", "C"]
    assert [place(first.run.conversation, "C"), third.after] == [(3, 3), 1]


def test_a_question_is_not_answered_anew(ada: Person) -> None:
    first = finish(say(ada))
    with pytest.raises(NotFoundError):
        retry(ada, first.question)


def test_a_run_keeps_how_it_shall_answer_and_a_picture_takes_no_instruction(ada: Person) -> None:
    first = finish(say(ada))
    assert finish(retry(ada, first.answer, revision="shorter")).run.revision == "shorter"
    drawn = conversations.retry(ada, first.answer.id, uuid4(), "shorter", ToolCall("create_image", {}))
    assert drawn.run.revision == ""


# Versions


def place(conversation: Conversation, text: str) -> tuple[int, int]:
    """Which version the shown message is, of how many."""
    shown = list(conversations.shown_messages(conversation))
    version = versions_of(shown).get(next(message.id for message in shown if message.text == text), ONLY)
    return version.number, version.total


def show(person: Person, message: Message) -> None:
    conversations.show_version(person, message.id)


def test_an_older_version_comes_back_with_what_was_said_after_it(ada: Person) -> None:
    first = finish(say(ada, "One"), "1")
    conversation = first.run.conversation
    finish(say(ada, "Two", conversation), "2")
    anew = finish(retry(ada, first.answer), "uno")
    assert texts(conversation) == ["One", "uno"]
    finish(say(ada, "Dos", conversation), "dos")
    show(ada, first.answer)
    assert texts(conversation) == ["One", "1", "Two", "2"]
    assert (place(conversation, "1"), place(conversation, "Two")) == ((1, 2), (1, 1))
    finish(say(ada, "Three", conversation), "3")
    show(ada, anew.answer)
    assert texts(conversation) == ["One", "uno", "Dos", "dos"]
    show(ada, first.answer)
    assert texts(conversation) == ["One", "1", "Two", "2", "Three", "3"]


def test_the_version_chosen_further_down_is_still_chosen_afterwards(ada: Person) -> None:
    first = finish(say(ada, "One"), "1")
    conversation = first.run.conversation
    second = finish(say(ada, "Two", conversation), "2")
    finish(retry(ada, second.answer), "two")
    show(ada, second.answer)
    edited = finish(conversations.edit(ada, first.question.id, "Uno", uuid4()), "uno")
    show(ada, first.question)
    assert texts(conversation) == ["One", "1", "Two", "2"]
    assert (place(conversation, "One"), place(conversation, "2")) == ((1, 2), (1, 2))
    show(ada, edited.question)
    assert texts(conversation) == ["Uno", "uno"]


def test_a_version_deep_in_another_branch_is_shown_with_its_way_there(ada: Person) -> None:
    first = finish(say(ada, "One"), "1")
    conversation = first.run.conversation
    second = finish(say(ada, "Two", conversation), "2")
    finish(retry(ada, second.answer), "two")
    finish(conversations.edit(ada, first.question.id, "Uno", uuid4()), "uno")
    show(ada, second.answer)
    assert texts(conversation) == ["One", "1", "Two", "2"]


def test_a_shown_version_stays_as_it_is(ada: Person) -> None:
    turn = finish(say(ada))
    show(ada, turn.answer)
    assert texts(turn.run.conversation) == ["Hello", "Good day."]


def test_no_version_is_chosen_while_an_answer_is_written(ada: Person) -> None:
    first = finish(say(ada))
    finish(retry(ada, first.answer), "Better")
    turn = say(ada, "More", first.run.conversation)
    with pytest.raises(BusyError):
        show(ada, first.answer)
    finish(turn)
    elsewhere = say(ada, "Elsewhere")
    show(ada, first.answer)
    assert elsewhere.run.status == "running"
    assert texts(first.run.conversation) == ["Hello", "Good day."]


def test_versions_count_as_messages(ada: Person, settings: Settings) -> None:
    settings.MESSAGES_PER_CONVERSATION = 3
    first = finish(say(ada))
    finish(retry(ada, first.answer), "Better")
    with pytest.raises(ConversationFullError):
        retry(ada, first.answer)
    assert texts(first.run.conversation) == ["Hello", "Better"]


def test_the_versions_of_a_page_come_in_two_queries(ada: Person, django_assert_num_queries: Any) -> None:
    turn = finish(say(ada, "One"))
    for number in range(3):
        finish(retry(ada, turn.answer), str(number))
        turn = finish(say(ada, "More", turn.run.conversation))
    shown = list(conversations.shown_messages(turn.run.conversation))
    with django_assert_num_queries(2):
        assert [version.total for version in versions_of(shown).values()] == [2, 2, 2]
    assert versions_of([]) == {}


# Going on


def end(turn: Turn, text: str, status: str = "done", problem: str = "") -> Turn:
    Message.objects.filter(id=turn.answer.id).update(text=text)
    Run.objects.filter(id=turn.run.id).update(status=status, problem=problem)
    return turn


ENDS = [("done", "length"), ("stopped", ""), ("interrupted", "interrupted"), ("failed", "cut_off")]


@pytest.mark.parametrize(("status", "problem"), ENDS)
def test_an_answer_that_ended_early_goes_on_in_its_place(ada: Person, status: str, problem: str) -> None:
    first = end(say(ada), "Half of", status, problem)
    turn = conversations.resume(ada, first.answer.id, id := uuid4())
    assert (turn.answer, turn.after, turn.run.revision) == (first.answer, 1, "continue")
    assert texts(turn.run.conversation) == ["Hello", "Half of"]
    assert place(turn.run.conversation, "Half of") == (1, 1)
    again = conversations.resume(ada, first.answer.id, id)
    assert (again.new, again.run) == (False, turn.run)
    with pytest.raises(BusyError):
        conversations.resume(ada, first.answer.id, uuid4())


def test_a_whole_answer_does_not_go_on_nor_does_one_without_text(ada: Person) -> None:
    whole, empty = finish(say(ada)), end(say(ada), "", "failed", "unreachable")
    for turn in (whole, empty):
        with pytest.raises(WholeAnswerError):
            conversations.resume(ada, turn.answer.id, uuid4())
    with pytest.raises(NotFoundError):
        conversations.resume(ada, whole.question.id, uuid4())


def test_an_answer_after_which_more_was_said_goes_on_as_a_version(ada: Person) -> None:
    first = end(say(ada), "Half of", "stopped")
    conversation = first.run.conversation
    finish(say(ada, "And?", conversation))
    end(conversations.resume(ada, first.answer.id, uuid4()), "Half of it.")
    assert texts(conversation) == ["Hello", "Half of it."]
    assert place(conversation, "Half of it.") == (2, 2)
    show(ada, first.answer)
    assert texts(conversation) == ["Hello", "Half of", "And?", "Good day."]


# Other people


def test_other_peoples_words_cannot_be_reached(ada: Person, eve: Person) -> None:
    turn = finish(say(ada))
    attempts: list[Callable[[], object]] = [
        lambda: conversations.own_conversation(eve, turn.run.conversation_id),
        lambda: conversations.own_message(eve, turn.answer.id),
        lambda: conversations.own_run(eve, turn.run.id),
        lambda: say(eve, "Mine", turn.run.conversation),
        lambda: conversations.edit(eve, turn.question.id, "Mine", uuid4()),
        lambda: retry(eve, turn.answer),
        lambda: conversations.resume(eve, turn.answer.id, uuid4()),
        lambda: conversations.show_version(eve, turn.answer.id),
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


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_what_a_person_says_waits_until_what_they_said_elsewhere_is_counted(ada: Person, settings: Settings) -> None:
    settings.LIMIT_PERSON_RUNS = 1
    said: list[Turn] = []
    other = Other(lambda: said.append(say(ada, "There")))
    with transaction.atomic():
        here = say(ada, "Here")
        other.start()
        eventually(other.waits)
    with pytest.raises(BusyError):
        other.ended()
    assert said == []
    assert list(Run.objects.filter(person=ada)) == [here.run]


def test_an_answer_asked_for_anew_twice_in_the_same_moment_is_made_once(ada: Person) -> None:
    first = finish(say(ada))
    id = uuid4()
    turns = at_once(*[lambda: retry(ada, first.answer, id)] * 2)
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


def test_two_tabs_that_choose_at_once_leave_one_path(ada: Person) -> None:
    first = finish(say(ada), "A")
    second = finish(retry(ada, first.answer), "B")
    third = finish(retry(ada, first.answer), "C")
    at_once(*[lambda answer=turn.answer: show(ada, answer) for turn in (first, second, third)])
    assert first.run.conversation.messages.filter(role="assistant", chosen=True, shown=True).count() == 1
    assert len(texts(first.run.conversation)) == 2


# What somebody leaves behind who goes


def test_what_others_were_answered_stays_in_order_when_somebody_goes(ada: Person, eve: Person) -> None:
    first = finish(say(ada, "One"), "1")
    conversation = first.run.conversation
    Member.objects.create(conversation=conversation, person=eve)
    finish(conversations.edit(ada, first.question.id, "Uno", uuid4()), "uno")
    finish(say(eve, "Mine", conversation), "for Eve")
    finish(say(ada, "Last", conversation), "last")
    people.erase(ada)
    assert texts(conversation) == ["uno", "Mine", "for Eve", "last"]
    assert place(conversation, "uno") == (2, 2)
    parents = list(conversations.shown_messages(conversation).values_list("parent__text", flat=True))
    assert parents == [None, "uno", "Mine", "for Eve"]
