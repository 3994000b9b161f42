"""Which pictures stand in an answer."""

import pytest

from assistant import conversations, people
from assistant.models import Conversation, Message, Run
from imagine.models import Picture
from tests.easel import drawn
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
    [shown], _earlier = present_page(answer(run_status, picture_status))
    assert bool(shown.pictures) == is_shown


def test_where_a_picture_was_the_page_says_so() -> None:
    conversation = answer(Run.Status.DONE, Status.DONE)
    Picture.objects.filter(messages__conversation=conversation).delete()
    [shown], _earlier = present_page(conversation)
    assert [str(block) for block in shown.blocks] == ["<p>A picture stood here.</p>"]
    [failed], _earlier = present_page(answer(Run.Status.FAILED, Status.FAILED))
    assert failed.blocks == []


def test_a_page_asks_for_all_pictures_at_once(django_assert_num_queries) -> None:
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    for position in (1, 2, 3):
        message = conversation.messages.create(position=position, role=Message.Role.ASSISTANT)
        Run.objects.create(conversation=conversation, answer=message, status=Run.Status.DONE)
        message.pictures.add(drawn(person.pk))
    with django_assert_num_queries(2):
        messages, _earlier = present_page(conversation)
    assert [len(shown.pictures) for shown in messages] == [1, 1, 1]
