"""Shared conversations: the copy is what it was, until it is shared again, taken back, or over."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings as live_settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import attachments, conversations, people, shares
from assistant.errors import (
    NotFoundError,
    NothingToShareError,
    SharedAgainError,
    TooManyConversationsError,
    TooManySharesError,
)
from assistant.models import Conversation, ConversationShare, Member, Message, Person, Run, SharedMessage
from imagine.files import storage
from imagine.models import Picture
from tests.clients import make_account

Status = Run.Status


@pytest.fixture
def ada(database: None) -> Person:
    return people.make_guest()


@pytest.fixture
def eve(database: None) -> Person:
    return people.make_guest()


def say(conversation: Conversation, *texts: str, status: str = Status.DONE, answer: str | None = None) -> Message:
    """Questions of its first member, each with its answer; the last answer."""
    person = conversation.members.get()
    for text in texts:
        turn = conversations.say(person, conversation.id, text, uuid4())
        Message.objects.filter(id=turn.answer.id).update(text=f"On {text}" if answer is None else answer)
        Run.objects.filter(id=turn.run.id).update(status=status)
    return conversation.messages.get(id=turn.answer.id)


def talk(person: Person, *texts: str) -> Conversation:
    conversation = conversations.begin(person, "Llamas")
    say(conversation, *(texts or ("One",)))
    return conversation


def draw(person: Person, message: Message, **fields: object) -> Picture:
    fields = {"made": Picture.Made.DRAWN, "status": Picture.Status.DONE, **fields}
    picture = Picture.objects.create(person=person, prompt="A fox", **fields)
    storage.save(picture.id, {"picture.jpg": b"a fox"})
    message.pictures.add(picture)
    return picture


def texts(share: ConversationShare) -> list[str]:
    return [message.text for message in shares.read(share, 0, 1000)]


def share_of(person: Person, conversation: Conversation) -> ConversationShare:
    return shares.make(person, conversation.id)


def test_a_link_shows_what_was_said_and_lasts_some_weeks(ada: Person) -> None:
    share = share_of(ada, talk(ada, "One", "Two"))
    assert texts(share) == ["One", "On One", "Two", "On Two"]
    assert (share.title, share.length, share.shows_name) == ("Llamas", 4, False)
    lasts = share.ends_at - share.created_at
    assert lasts == pytest.approx(timedelta(days=live_settings.SHARE_DAYS), abs=timedelta(minutes=1))
    assert shares.find(share.token) == share


def test_a_link_is_long_and_another_for_each(ada: Person) -> None:
    tokens = {share_of(ada, talk(ada)).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) * 6 >= 128 for token in tokens)


def test_later_words_edits_and_deletions_do_not_change_the_copy(ada: Person) -> None:
    conversation = talk(ada, "One", "Two")
    share = share_of(ada, conversation)
    say(conversation, "Three")
    first = conversation.messages.get(position=1)
    turn = conversations.edit(ada, first.id, "Something else", uuid4())
    Run.objects.filter(id=turn.run.id).update(status=Status.DONE)
    conversation.messages.filter(text="On Two").update(text="Changed")
    conversation.title = "Renamed"
    conversation.save()
    conversation.messages.filter(text="One").delete()
    found = shares.find(share.token)
    assert found
    assert texts(found) == ["One", "On One", "Two", "On Two"]
    assert found.title == "Llamas"


def test_other_versions_and_what_was_put_aside_are_not_in_it(ada: Person) -> None:
    conversation = talk(ada, "One", "Two")
    turn = conversations.edit(ada, conversation.messages.get(position=3).id, "Another two", uuid4())
    Message.objects.filter(id=turn.answer.id).update(text="Better")
    Run.objects.filter(id=turn.run.id).update(status=Status.DONE)
    assert texts(share_of(ada, conversation)) == ["One", "On One", "Another two", "Better"]


def test_a_running_answer_and_its_question_are_not_in_it(ada: Person) -> None:
    conversation = talk(ada, "One")
    say(conversation, "Two", status=Status.RUNNING, answer="Half of i")
    now = shares.extent(conversation)
    assert (now.messages, now.last_words, now.answering) == (2, "On One", True)
    assert texts(share_of(ada, conversation)) == ["One", "On One"]


@pytest.mark.parametrize("status", [Status.STOPPED, Status.INTERRUPTED, Status.FAILED])
def test_an_answer_that_was_cut_off_is_shared_as_far_as_it_came(ada: Person, status: str) -> None:
    conversation = talk(ada, "One")
    say(conversation, "Two", status=status, answer="As far as")
    assert texts(share_of(ada, conversation))[-1] == "As far as"


def test_an_answer_that_came_to_nothing_is_left_out(ada: Person) -> None:
    conversation = talk(ada, "One")
    say(conversation, "Two", status=Status.FAILED, answer="")
    assert texts(share_of(ada, conversation)) == ["One", "On One"]
    say(conversation, "Three")
    assert texts(share_of(ada, conversation)) == ["One", "On One", "Two", "Three", "On Three"]


def test_without_a_finished_answer_there_is_nothing_to_share(ada: Person) -> None:
    conversation = conversations.begin(ada, "Llamas")
    say(conversation, "One", status=Status.RUNNING, answer="Ha")
    with pytest.raises(NothingToShareError):
        share_of(ada, conversation)
    assert not conversation.shares.exists()


def test_a_very_long_conversation_is_shared_from_a_question_near_its_end(ada: Person, settings: Settings) -> None:
    settings.SHARED_MESSAGES = 5
    conversation = talk(ada, "One", "Two", "Three")
    now = shares.extent(conversation)
    assert (now.messages, now.cut) == (4, True)
    assert texts(share_of(ada, conversation)) == ["Two", "On Two", "Three", "On Three"]


def test_a_very_large_conversation_is_cut_too(ada: Person, settings: Settings) -> None:
    settings.SHARED_CHARACTERS = 25
    assert texts(share_of(ada, talk(ada, "One " * 5, "Two", "Three"))) == ["Two", "On Two", "Three", "On Three"]


def test_sharing_twice_gives_one_link_as_one_wants_it_now(database: None) -> None:
    cleo = make_account()
    conversation = talk(cleo)
    first = shares.make(cleo, conversation.id, shows_name=False)
    second = shares.make(cleo, conversation.id, shows_name=True)
    assert first.token == second.token
    assert ConversationShare.objects.get(token=first.token).shows_name


def test_a_guest_has_no_name_to_show(ada: Person) -> None:
    conversation = talk(ada)
    assert not shares.make(ada, conversation.id, shows_name=True).shows_name
    assert not shares.renew(ada, conversation.id, share_of(ada, conversation).token, shows_name=True).shows_name


def test_sharing_after_more_was_said_makes_another_link(ada: Person) -> None:
    conversation = talk(ada, "One")
    first = share_of(ada, conversation)
    say(conversation, "Two")
    second = share_of(ada, conversation)
    assert (texts(first), len(texts(second))) == (["One", "On One"], 4)
    assert [share.token for share in shares.of(ada, conversation)] == [second.token, first.token]


def test_an_answer_that_went_on_is_another_to_share(ada: Person) -> None:
    conversation = talk(ada, "One")
    cut = say(conversation, "Two", status=Status.STOPPED, answer="As far as")
    before = share_of(ada, conversation)
    assert share_of(ada, conversation) == before
    run = conversations.resume(ada, cut.id, uuid4()).run
    Message.objects.filter(id=cut.id).update(text="As far as it goes.")
    Run.objects.filter(id=run.id).update(status=Status.DONE, finished_at=timezone.now())
    assert not shares.is_current(before, shares.extent(conversation), conversation.title)
    after = share_of(ada, conversation)
    assert (texts(before)[-1], texts(after)[-1]) == ("As far as", "As far as it goes.")
    assert share_of(ada, conversation) == after


def test_of_attached_files_nothing_is_in_it_but_the_place_of_one_sent_alone(ada: Person, eve: Person) -> None:
    conversation = conversations.begin(ada, "Llamas")
    for text in ("", "And this?"):
        file = attachments.keep(ada, "secret.txt", "The secret")
        turn = conversations.say(ada, conversation.id, text, uuid4(), files=[file.id])
        Message.objects.filter(id=turn.answer.id).update(text="A list")
        Run.objects.filter(id=turn.run.id).update(status=Status.DONE)
    assert shares.extent(conversation).files
    share = share_of(ada, conversation)
    assert texts(share) == ["", "A list", "And this?", "A list"]
    id = uuid4()
    own = fork(eve, share, id)
    assert fork(eve, share, id) == own
    assert not own.attachments.exists()
    assert not shares.extent(own).files


def test_sharing_again_puts_a_new_copy_behind_the_same_link_and_keeps_reports(ada: Person) -> None:
    conversation = talk(ada, "One")
    share = share_of(ada, conversation)
    ConversationShare.objects.filter(token=share.token).update(ends_at=timezone.now() + timedelta(hours=1))
    shares.report(share, "Bad")
    say(conversation, "Two")
    shares.renew(ada, conversation.id, share.token)
    found = shares.find(share.token)
    assert found
    assert texts(found) == ["One", "On One", "Two", "On Two"]
    assert (found.edition, found.length, found.report) == (2, 4, "Bad")
    assert found.ends_at > timezone.now() + timedelta(days=1)


def test_only_their_own_links_are_made_renewed_and_taken_back(ada: Person, eve: Person) -> None:
    conversation, other = talk(ada), talk(eve)
    share = share_of(ada, conversation)
    requests: list[Callable[[], object]] = [
        lambda: shares.make(eve, conversation.id),
        lambda: shares.renew(eve, conversation.id, share.token),
        lambda: shares.renew(eve, other.id, share.token),
        lambda: shares.take_back(eve, conversation.id, share.token),
        lambda: shares.make(ada, uuid4()),
    ]
    for request in requests:
        with pytest.raises(NotFoundError):
            request()
    shares.take_back(eve, other.id, share.token)
    assert shares.find(share.token)


def test_one_link_is_taken_back_and_the_others_stay(ada: Person) -> None:
    conversation = talk(ada, "One")
    first = share_of(ada, conversation)
    say(conversation, "Two")
    second = share_of(ada, conversation)
    shares.take_back(ada, conversation.id, first.token)
    assert (shares.find(first.token), shares.find(second.token)) == (None, second)
    shares.take_back(ada, conversation.id)
    assert shares.find(second.token) is None
    assert not SharedMessage.objects.filter(share__in=[first.token, second.token]).exists()


def test_so_many_links_and_no_more(ada: Person, settings: Settings) -> None:
    settings.SHARED_CONVERSATIONS_PER_PERSON = 2
    first, second, third = talk(ada), talk(ada), talk(ada)
    share_of(ada, first), share_of(ada, second)
    with pytest.raises(TooManySharesError):
        share_of(ada, third)
    share_of(ada, second)
    shares.take_back(ada, first.id)
    share_of(ada, third)


# The end


def test_a_link_ends_at_its_time_and_its_copy_is_deleted(ada: Person) -> None:
    # Those of other tests are not counted.
    shares.expire()
    share = share_of(ada, talk(ada))
    ConversationShare.objects.filter(token=share.token).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert shares.find(share.token) is None
    assert shares.expire() == 1
    assert not SharedMessage.objects.filter(share_id=share.token).exists()


def test_links_end_with_the_conversation_the_person_and_a_suspension(ada: Person, eve: Person) -> None:
    deleted, suspended, erased = talk(ada), talk(ada), talk(eve)
    tokens = [share_of(ada, deleted).token, share_of(eve, erased).token, share_of(ada, suspended).token]
    deleted.delete()
    people.erase(eve)
    Person.objects.filter(id=ada.id).update(is_active=False)
    assert [shares.find(token) for token in tokens] == [None] * 3
    assert not SharedMessage.objects.filter(share__in=tokens[:2]).exists()


def test_links_end_when_somebody_goes_whose_words_are_in_them(ada: Person, eve: Person) -> None:
    conversation = talk(ada)
    Member.objects.create(conversation=conversation, person=eve)
    share = share_of(ada, conversation)
    people.erase(eve)
    assert shares.find(share.token) is None
    assert Conversation.objects.filter(id=conversation.id).exists()


def test_links_of_a_guest_go_on_with_their_account(ada: Person) -> None:
    conversation, cleo = talk(ada), make_account()
    share = share_of(ada, conversation)
    people.merge(ada, cleo)
    found = shares.find(share.token)
    assert found
    assert (found.person, found.shows_name) == (cleo, False)


def test_the_export_names_the_links(ada: Person, eve: Person) -> None:
    share, other = share_of(ada, talk(ada)), share_of(eve, talk(eve))
    exported = json.loads("".join(people.links_json(ada)))
    assert [link["token"] for link in exported] == [share.token]
    assert (exported[0]["title"], exported[0]["messages"]) == ("Llamas", 2)
    assert other.token not in json.dumps(exported)


# Pictures


def test_a_picture_is_in_the_copy_while_it_is_there(ada: Person) -> None:
    conversation = talk(ada, "One")
    fox = draw(ada, say(conversation, "/imagine a fox", answer=""))
    share = share_of(ada, conversation)
    assert shares.picture(share, 4, 1) == fox
    assert shares.extent(conversation).pictures == 1
    for position, number in ((4, 0), (4, 2), (3, 1), (9, 1)):
        assert shares.picture(share, position, number) is None
    fox.delete()
    assert shares.picture(share, 4, 1) is None
    assert shares.pictures_of(shares.read(share, 0, 10)) == {}


def test_later_pictures_uploads_and_those_that_failed_are_not_in_it(ada: Person) -> None:
    conversation = talk(ada, "One")
    answer = conversation.messages.get(position=2)
    draw(ada, answer, status=Picture.Status.FAILED)
    draw(ada, answer, made=Picture.Made.UPLOADED)
    share = share_of(ada, conversation)
    draw(ada, answer)
    assert [message.pictures for message in shares.read(share, 0, 10)] == [[], []]


# Going on


def fork(person: Person, share: ConversationShare, id: UUID | None = None, edition: int = 1) -> Conversation:
    return shares.fork(person, share.token, edition, id or uuid4())


def test_a_reader_goes_on_in_a_conversation_of_their_own(ada: Person, eve: Person) -> None:
    conversation = talk(ada, "One", "Two")
    own = fork(eve, share_of(ada, conversation))
    assert own.title == "Llamas"
    assert list(own.members.all()) == [eve]
    said = list(conversations.shown_messages(own).values_list("role", "text", "author"))
    assert said == [
        ("user", "One", eve.id),
        ("assistant", "On One", None),
        ("user", "Two", eve.id),
        ("assistant", "On Two", None),
    ]
    assert set(own.runs.values_list("status", "person")) == {(Status.DONE, eve.id)}
    say(own, "Three")
    retried = conversations.retry(eve, own.messages.get(position=4).id, uuid4())
    assert retried.answer.position == 7
    assert list(conversation.members.all()) == [ada]
    assert conversation.messages.count() == 4


def test_what_a_reader_goes_on_from_has_versions_like_any_other(ada: Person, eve: Person) -> None:
    own = fork(eve, share_of(ada, talk(ada, "One", "Two")))
    chain = [*conversations.shown_messages(own)]
    assert [message.parent for message in chain] == [None, *chain[:-1]]
    turn = conversations.edit(eve, chain[2].id, "Another two", uuid4())
    assert turn.question
    assert turn.question.parent == chain[1]
    Run.objects.filter(id=turn.run.id).update(status=Status.DONE)
    conversations.show_version(eve, chain[2].id)
    assert [*conversations.shown_messages(own)] == chain


def test_a_repeat_finds_the_same_conversation(ada: Person, eve: Person) -> None:
    share, id = share_of(ada, talk(ada)), uuid4()
    assert fork(eve, share, id) == fork(eve, share, id)
    assert eve.conversations.count() == 1
    turn = conversations.say(eve, None, "Hello", id)
    assert not turn.new
    assert fork(ada, share, id) != fork(eve, share, id)


def test_a_copy_that_was_shared_again_is_not_mixed_up(ada: Person, eve: Person) -> None:
    conversation = talk(ada)
    share = share_of(ada, conversation)
    shares.renew(ada, conversation.id, share.token)
    with pytest.raises(SharedAgainError):
        fork(eve, share, edition=1)
    assert not eve.conversations.exists()
    assert fork(eve, share, edition=2)


def test_nobody_goes_on_from_a_link_that_is_over(ada: Person, eve: Person) -> None:
    conversation = talk(ada)
    share = share_of(ada, conversation)
    shares.take_back(ada, conversation.id)
    with pytest.raises(NotFoundError):
        fork(eve, share)
    assert not eve.conversations.exists()


def test_a_reader_has_no_more_conversations_than_others(ada: Person, eve: Person, settings: Settings) -> None:
    settings.CONVERSATIONS_PER_PERSON = 1
    share = share_of(ada, talk(ada))
    fork(eve, share)
    with pytest.raises(TooManyConversationsError):
        fork(eve, share)
    assert eve.conversations.count() == 1


def test_pictures_stay_with_those_whose_they_are(ada: Person, eve: Person) -> None:
    conversation = talk(ada, "One")
    draw(ada, say(conversation, "/imagine a fox", answer=""))
    own = fork(eve, share_of(ada, conversation))
    assert not Picture.objects.filter(person=eve).exists()
    answer = own.messages.get(position=4)
    assert not answer.pictures.exists()
    assert answer.run.tool_call == {"name": "create_image", "arguments": {"prompt": "a fox"}}
