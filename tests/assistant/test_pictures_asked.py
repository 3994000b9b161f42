"""Pictures that come with messages: kept like files, told to the model that sees, gone with what they belong to."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from assistant import attachments, conversations, people, vision
from assistant.beforehand import calls_before
from assistant.conversations import Turn
from assistant.errors import AttachmentQuotaError, HeavyPictureError, PicturePixelsError, UnreadablePictureError
from assistant.history import PICTURE_TURNS
from assistant.llama.messages import ChatMessage
from assistant.llama.pictures import OTHERS, PromptPicture
from assistant.models import AttachedPicture, Attachment, Message, Person, Run
from assistant.prompts import FILE_ALONE, IN_PICTURES, PICTURE_ALONE, conversation
from assistant.runs.saving import history_of
from imagine.files.decoder import Decoded
from tests.imagine.files.test_uploads import png
from tests.photographs import assert_clean, photograph

EYES = {"url": "http://127.0.0.1:9/v1", "model": "", "key": "", "context": 0, "parallel": 1}
HIDDEN = PromptPicture()


@pytest.fixture(autouse=True)
def seeing(settings: Settings) -> None:
    settings.LLAMA_ROLES = {"eyes": EYES}


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


def kept(person: Person, data: bytes = b"jpeg", name: str = "cat.jpg") -> UUID:
    return attachments.keep_picture(person, name, Decoded(4, 3, data)).id


def say(person: Person, text: str, *files: UUID, after: Turn | None = None) -> Turn:
    """Say something, in a conversation where all was answered."""
    place = after and after.run.conversation_id
    if after:
        Message.objects.filter(id=after.answer.id).update(text="A cat.")
        Run.objects.filter(id=after.run.id).update(status=Run.Status.DONE)
    return conversations.say(person, place, text, uuid4(), files=files)


def told(turn: Turn) -> list[tuple[PromptPicture, ...]]:
    """The pictures that the model is told of with each message of the person."""
    return [message.pictures for message in history_of(turn.run.id).messages if message.role == "user"]


# As the model is told


def test_a_picture_stays_in_view_for_what_is_asked_next(ada: Person) -> None:
    first = say(ada, "What is it?", kept(ada, b"one"))
    assert told(first) == [(PromptPicture(b"one"),)]
    assert told(say(ada, "How old?", after=first)) == [(PromptPicture(b"one"),), ()]


def test_after_many_turns_only_a_note_is_left_of_it(ada: Person) -> None:
    turn = say(ada, "What is it?", kept(ada, b"one"))
    for number in range(PICTURE_TURNS - 1):
        turn = say(ada, f"Question {number}", after=turn)
    assert told(turn)[0] == (PromptPicture(b"one"),)
    assert told(say(ada, "One more", after=turn))[0] == (HIDDEN,)


def test_the_newest_are_read_and_no_more(ada: Person) -> None:
    first = say(ada, "These", *(kept(ada, b"a%d" % number) for number in range(3)))
    turn = say(ada, "And these", *(kept(ada, b"b%d" % number) for number in range(3)), after=first)
    with CaptureQueriesContext(connection) as queries:
        shown = told(turn)
    assert [picture.data for picture in shown[0]] == [b"", b"", b"a2"]
    assert [picture.data for picture in shown[1]] == [b"b0", b"b1", b"b2"]
    assert sum("attachedpicture" in query["sql"] for query in queries) == 1
    assert OTHERS.most == 4


def test_where_no_model_sees_pictures_are_notes(ada: Person, settings: Settings) -> None:
    turn = say(ada, "What is it?", kept(ada))
    settings.LLAMA_ROLES = {"eyes": None}
    assert told(turn) == [(HIDDEN,)]


def test_texts_beside_a_picture_are_read_as_ever(ada: Person) -> None:
    text = attachments.keep(ada, "notes.txt", "One").id
    message = history_of(say(ada, "Compare", text, kept(ada)).run.id).messages[-1]
    assert [file.name for file in message.files] == ["notes.txt"]
    assert message.pictures == (PromptPicture(b"jpeg"),)


@pytest.mark.parametrize(
    ("message", "alone"),
    [
        (ChatMessage("user", "", pictures=(PromptPicture(b"1"),)), PICTURE_ALONE),
        (ChatMessage("user", "What is it?", pictures=(PromptPicture(b"1"),)), ""),
    ],
)
def test_what_is_written_in_a_picture_is_no_order(message: ChatMessage, alone: str) -> None:
    content = conversation("Chaski", [message], None)[-1].content
    assert IN_PICTURES in content
    assert (PICTURE_ALONE in content) == bool(alone)
    assert FILE_ALONE not in content
    assert IN_PICTURES not in conversation("Chaski", [ChatMessage("user", "Hi", pictures=(HIDDEN,))], None)[-1].content


def test_a_question_about_a_picture_is_not_searched_for_unless_that_is_asked() -> None:
    words = "What is the weather forecast?"
    bare, shown = ChatMessage("user", words), ChatMessage("user", words, pictures=(PromptPicture(b"1"),))
    assert calls_before([bare], "", calls_tools=False)
    assert not calls_before([shown], "", calls_tools=False)
    assert calls_before([shown], "always", calls_tools=False)


# As files are


def test_an_edit_keeps_the_picture_and_the_old_version_has_it_too(ada: Person) -> None:
    file = kept(ada, b"one")
    first = say(ada, "What is it?", file)
    Run.objects.filter(id=first.run.id).update(status=Run.Status.DONE)
    assert first.question
    again = conversations.edit(ada, first.question.id, "What colour?", uuid4(), files=[file])
    assert told(again) == [(PromptPicture(b"one"),)]
    assert Attachment.objects.get(id=file).messages.count() == 2


def test_pictures_count_in_the_quota(ada: Person, settings: Settings) -> None:
    settings.ATTACHMENT_BYTES_PER_PERSON = 10
    kept(ada, b"12345678")
    with pytest.raises(AttachmentQuotaError):
        kept(ada, b"123")


def test_a_picture_goes_with_its_conversation_and_with_its_person(ada: Person) -> None:
    turn = say(ada, "What is it?", kept(ada))
    kept(ada)
    turn.run.conversation.delete()
    assert AttachedPicture.objects.filter(attachment__person=ada).count() == 1
    [waiting] = AttachedPicture.objects.filter(attachment__person=ada)
    ada.delete()
    assert not AttachedPicture.objects.filter(pk=waiting.pk).exists()


# What is taken


def test_a_photograph_is_upright_small_and_without_its_metadata() -> None:
    picture = vision.read_picture(photograph(4000, 3000))
    assert (picture.width, picture.height) == (840, 1120)
    assert_clean(picture.jpeg)


def test_what_cannot_be_read_has_a_sentence_of_its_own(settings: Settings) -> None:
    with pytest.raises(UnreadablePictureError):
        vision.read_picture(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(PicturePixelsError):
        vision.read_picture(png(8_000, 9_000))
    settings.UPLOAD_BYTES = 100
    with pytest.raises(HeavyPictureError):
        vision.read_picture(photograph(40, 30))


@pytest.mark.parametrize(
    ("head", "name", "kind", "meant"),
    [
        (b"\xff\xd8\xff\xe0", "notes.txt", "text/plain", True),
        (b"<!doctype html>", "cat.PNG", "", True),
        (b"<svg>", "cat", "image/png", True),
        (b"<svg>", "cat.svg", "image/svg+xml", False),
        (b"words", "notes.txt", "text/plain", False),
        (b"words", "", "", False),
    ],
)
def test_what_is_called_a_picture_is_taken_as_one_or_refused(head: bytes, name: str, kind: str, meant: bool) -> None:
    assert vision.is_meant_as_picture(head, name, kind) == meant


def test_a_web_server_that_knows_no_pictures_yet_keeps_texts_all_the_same(ada: Person) -> None:
    kept_text = attachments.keep(ada, "notes.txt", "One")
    others = "id, person_id, conversation_id, name, text, size, length, created_at"
    another = uuid4()
    with connection.cursor() as cursor:
        given = others.replace("id,", "%s,", 1)
        new = another if connection.vendor == "postgresql" else another.hex
        cursor.execute(
            f"INSERT INTO assistant_attachment ({others}) SELECT {given} FROM assistant_attachment WHERE id = %s",  # noqa: S608
            [new, kept_text.id if connection.vendor == "postgresql" else kept_text.id.hex],
        )
    assert not Attachment.objects.get(id=another).is_picture
