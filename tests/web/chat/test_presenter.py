"""Which pictures and files stand in a message, and how they are described."""

import pytest

from assistant import attachments, conversations, people
from assistant.models import Conversation, Message, Run
from assistant.sentences import readings_of
from imagine.models import Picture
from tests.easel import drawn
from web.chat.file_view import size_words
from web.chat.presenter import present_page

Status = Picture.Status


def answer(run_status: str, picture_status: str) -> Conversation:
    """A conversation whose answer has a picture."""
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    message = conversation.messages.create(position=1, role=Message.Role.ASSISTANT)
    Run.objects.create(conversation=conversation, answer=message, status=run_status)
    picture = drawn(person.pk)
    Picture.objects.filter(pk=picture.pk).update(status=picture_status)
    message.pictures.add(picture)
    return conversation


@pytest.mark.parametrize(
    ("run_status", "picture_status", "is_shown"),
    [
        (Run.Status.DONE, Status.DONE, True),
        (Run.Status.RUNNING, Status.DRAWING, False),
        (Run.Status.RUNNING, Status.DONE, False),
        (Run.Status.STOPPED, Status.STOPPED, False),
        (Run.Status.STOPPED, Status.DRAWING, False),
        (Run.Status.STOPPED, Status.DONE, True),
        (Run.Status.FAILED, Status.FAILED, False),
        (Run.Status.INTERRUPTED, Status.DRAWING, True),
        (Run.Status.INTERRUPTED, Status.DONE, True),
        (Run.Status.INTERRUPTED, Status.FAILED, False),
    ],
)
def test_an_answer_shows_what_came_out_or_still_will(run_status: str, picture_status: str, is_shown: bool) -> None:
    [shown], *_ = present_page(answer(run_status, picture_status))
    assert bool(shown.pictures) == is_shown


def test_where_a_picture_was_the_page_says_so() -> None:
    conversation = answer(Run.Status.DONE, Status.DONE)
    Picture.objects.filter(messages__conversation=conversation).delete()
    [shown], *_ = present_page(conversation)
    assert [str(block) for block in shown.blocks] == ["<p>A picture stood here.</p>"]
    [failed], *_ = present_page(answer(Run.Status.FAILED, Status.FAILED))
    assert failed.blocks == []


def test_a_page_asks_for_all_pictures_and_all_versions_at_once(django_assert_num_queries) -> None:
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    for position in (1, 2, 3):
        message = conversation.messages.create(position=position, role=Message.Role.ASSISTANT)
        Run.objects.create(conversation=conversation, answer=message, status=Run.Status.DONE)
        message.pictures.add(drawn(person.pk))
    with django_assert_num_queries(5):
        messages, *_ = present_page(conversation)
    assert [len(shown.pictures) for shown in messages] == [1, 1, 1]


def test_a_page_asks_for_all_files_at_once_and_for_no_text_of_theirs(django_assert_num_queries) -> None:
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    for position in (1, 2, 3):
        message = conversation.messages.create(position=position, role=Message.Role.USER, author=person)
        attachments.claim([attachments.keep(person, f"{position}.txt", "words")], conversation, message)
    with django_assert_num_queries(5):
        messages, *_ = present_page(conversation)
        assert [shown.files[0].name for shown in messages] == ["1.txt", "2.txt", "3.txt"]
    assert "text" in messages[0].files[0].attachment.get_deferred_fields()


@pytest.mark.parametrize(
    ("cut", "sentence"),
    [
        ((0, 100), "“notes.txt” was not read: there was no room left for it."),
        ((2_000, 100_000), "Of “notes.txt” only the beginning was read: there was no room for more."),
        ((3_000, 100_000), "Of “notes.txt” about the first page of 34 was read: there was no room for more."),
        ((36_500, 100_000), "Of “notes.txt” about the first 12 pages of 34 were read: there was no room for more."),
    ],
)
def test_a_person_learns_how_much_of_a_file_was_read(cut: tuple[int, int], sentence: str) -> None:
    assert readings_of(Run(cut_files=[{"name": "notes.txt", "read": cut[0], "length": cut[1]}])) == [sentence]


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KB"), (100_000, "98 KB"), (1024**2, "1 MB"), (1_600_000, "1.5 MB")],
)
def test_a_size_is_said_in_few_words(size: int, words: str) -> None:
    assert size_words(size) == words
