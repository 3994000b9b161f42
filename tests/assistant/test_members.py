"""Members of a conversation: each reaches it, it keeps its order among them, and it goes with the last of them."""

import pytest

from assistant import conversations, people
from assistant.errors import BusyError, NotFoundError
from assistant.models import Conversation, Member, Message, Person, Run
from tests.assistant.test_conversations import at_once, finish, say, texts


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


@pytest.fixture
def bob() -> Person:
    return people.make_guest()


@pytest.fixture
def shared(ada: Person, bob: Person) -> Conversation:
    """A conversation that Ada began and Bob has joined."""
    conversation = finish(say(ada, "Hello, all")).run.conversation
    Member.objects.create(conversation=conversation, person=bob)
    return conversation


def test_each_member_reads_and_writes_and_nobody_else(ada: Person, bob: Person, shared: Conversation) -> None:
    finish(say(bob, "Hello, Ada", shared))
    for member in (ada, bob):
        assert texts(conversations.own_conversation(member, shared.id))[2] == "Hello, Ada"
    with pytest.raises(NotFoundError):
        conversations.own_conversation(people.make_guest(), shared.id)


def test_one_answer_is_written_at_a_time_whoever_asks(ada: Person, bob: Person, shared: Conversation) -> None:
    say(ada, "A question", shared)
    with pytest.raises(BusyError):
        say(bob, "Another one", shared)


def test_two_members_who_speak_at_once_are_taken_one_after_the_other(
    ada: Person, bob: Person, shared: Conversation
) -> None:
    outcomes = at_once(lambda: say(ada, "First", shared), lambda: say(bob, "First", shared))
    assert sum(isinstance(outcome, BusyError) for outcome in outcomes) == 1
    assert texts(shared)[2:] == ["First", ""]
    assert shared.runs.filter(status=Run.Status.RUNNING).count() == 1


def test_a_member_edits_only_what_they_said_themselves(ada: Person, bob: Person, shared: Conversation) -> None:
    said = shared.messages.get(text="Hello, all")
    with pytest.raises(NotFoundError):
        conversations.edit(bob, said.id, "Goodbye, all", bob.id)
    conversations.edit(ada, said.id, "Good day, all", ada.id)
    assert texts(shared) == ["Good day, all", ""]


def test_who_asked_stands_with_the_run(ada: Person, bob: Person, shared: Conversation) -> None:
    assert say(bob, "Hello", shared).run.person == bob
    assert shared.runs.earliest("created_at").person == ada


def test_somebody_who_is_erased_takes_their_words_and_leaves_the_rest(
    ada: Person, bob: Person, shared: Conversation
) -> None:
    finish(say(bob, "From Bob", shared))
    people.erase(ada)
    assert list(shared.members.all()) == [bob]
    assert texts(shared) == ["Good day.", "From Bob", "Good day."]


def test_a_conversation_goes_with_its_last_member(ada: Person, bob: Person, shared: Conversation) -> None:
    people.erase(ada)
    people.erase(bob)
    assert not Conversation.objects.filter(id=shared.id).exists()
    assert not Message.objects.filter(conversation=shared.id).exists()


def test_a_guest_who_signs_in_brings_their_memberships_once(ada: Person, bob: Person, shared: Conversation) -> None:
    own = finish(say(bob, "My own")).run.conversation
    account = Person.objects.create_user(f"account-{bob.id}", password="a long password")
    Member.objects.create(conversation=shared, person=account)
    people.merge(bob, account)
    assert set(account.conversations.all()) == {shared, own}
    assert own.runs.get().person == account
    assert set(shared.members.all()) == {ada, account}
