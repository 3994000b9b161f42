"""Attached files: kept within quotas, claimed once, read by the model, gone with what they belong to."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import attachments, conversations, people
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import (
    AttachmentGoneError,
    AttachmentQuotaError,
    EmptyTextError,
    NotFoundError,
    TooManyAttachmentsError,
)
from assistant.events import TurnFinished
from assistant.llama.files import TextFile
from assistant.models import Attachment, Message, Person, Run
from assistant.runs.saving import Outcome, load_history, save_end


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


@pytest.fixture
def eve() -> Person:
    return people.make_guest()


def kept(person: Person, text: str = "One\nTwo", name: str = "notes.txt") -> UUID:
    return attachments.keep(person, name, text).id


def say(person: Person, text: str = "Read this", *files: UUID, conversation: UUID | None = None) -> Turn:
    return conversations.say(person, conversation, text, uuid4(), files=files)


def finish(turn: Turn) -> Turn:
    Message.objects.filter(id=turn.answer.id).update(text="Read.")
    Run.objects.filter(id=turn.run.id).update(status=Run.Status.DONE)
    return turn


def names(message: Message | None) -> list[str]:
    assert message
    return [file.name for file in message.attachments.all()]


# Keeping and claiming


def test_a_file_waits_for_its_message_and_comes_with_it_once(ada: Person) -> None:
    file = kept(ada)
    turn = say(ada, "Read this", file)
    assert names(turn.question) == ["notes.txt"]
    assert Attachment.objects.get(id=file).conversation_id == turn.run.conversation_id
    with pytest.raises(AttachmentGoneError):
        say(ada, "And again", file)


def test_a_repeated_request_finds_its_turn_with_its_files(ada: Person) -> None:
    file, id = kept(ada), uuid4()
    first = conversations.say(ada, None, "Read this", id, files=[file])
    second = conversations.say(ada, None, "Read this", id, files=[file])
    assert (second.new, second.run.id) == (False, first.run.id)
    assert names(second.question) == ["notes.txt"]


def test_a_message_may_be_files_alone_and_its_title_is_their_name(ada: Person) -> None:
    turn = say(ada, "  ", kept(ada))
    assert turn.question
    assert turn.question.text == ""
    assert turn.run.conversation.title == "notes.txt"
    with pytest.raises(EmptyTextError):
        say(ada, "  ")


def test_nobody_claims_anothers_file_or_one_that_is_not_there(ada: Person, eve: Person) -> None:
    hers = kept(ada)
    for file in (hers, uuid4()):
        with pytest.raises(AttachmentGoneError):
            say(eve, "Mine now", file)
    assert not eve.conversations.exists()
    assert names(say(ada, "Mine", hers).question) == ["notes.txt"]


def test_a_file_of_another_message_of_ones_own_is_not_taken_by_an_edit(ada: Person) -> None:
    first = finish(say(ada, "One", kept(ada)))
    other = finish(say(ada, "Two", kept(ada, name="other.txt")))
    assert first.question
    assert other.question
    with pytest.raises(AttachmentGoneError):
        conversations.edit(ada, first.question.id, "Both", uuid4(), files=[other.question.attachments.get().id])


def test_only_so_many_files_go_with_a_message(ada: Person, settings: Settings) -> None:
    settings.ATTACHMENTS_PER_MESSAGE = 2
    files = [kept(ada, name=f"{number}.txt") for number in range(3)]
    with pytest.raises(TooManyAttachmentsError):
        say(ada, "Three", *files)
    assert names(say(ada, "Two, one of them twice", files[0], files[1], files[0]).question) == ["0.txt", "1.txt"]


def test_what_one_person_keeps_has_a_quota_until_some_of_it_goes(ada: Person, eve: Person, settings: Settings) -> None:
    settings.ATTACHMENT_BYTES_PER_PERSON = 1000
    first = finish(say(ada, "Read this", kept(ada, "x" * 600)))
    with pytest.raises(AttachmentQuotaError):
        kept(ada, "é" * 201)
    assert kept(eve, "x" * 600)
    assert kept(ada, "é" * 200)
    first.run.conversation.delete()
    assert kept(ada, "x" * 600)


def test_one_that_waits_is_discarded_by_its_owner_alone(ada: Person, eve: Person) -> None:
    file = kept(ada)
    with pytest.raises(NotFoundError):
        attachments.discard(eve, file)
    attachments.discard(ada, file)
    claimed = kept(ada)
    say(ada, "Read this", claimed)
    with pytest.raises(NotFoundError):
        attachments.discard(ada, claimed)
    assert Attachment.objects.filter(id=claimed).exists()


def test_members_read_what_came_with_a_message_and_nobody_else_does(ada: Person, eve: Person) -> None:
    file = kept(ada)
    with pytest.raises(NotFoundError):
        attachments.own(eve, file)
    turn = say(ada, "Read this", file)
    assert attachments.own(ada, file).text == "One\nTwo"
    with pytest.raises(NotFoundError):
        attachments.own(eve, file)
    turn.run.conversation.memberships.create(person=eve)
    assert attachments.own(eve, file).name == "notes.txt"


# Editing, moving, going


def test_an_edit_keeps_the_files_that_it_names_and_the_old_message_keeps_all(ada: Person) -> None:
    one, two = kept(ada, name="one.txt"), kept(ada, name="two.txt")
    turn = finish(say(ada, "Read these", one, two))
    assert turn.question
    edited = conversations.edit(ada, turn.question.id, "Read this", uuid4(), files=[two, kept(ada, name="new.txt")])
    assert names(edited.question) == ["two.txt", "new.txt"]
    assert names(turn.question) == ["one.txt", "two.txt"]


def test_a_guest_takes_their_files_along(ada: Person) -> None:
    file = kept(ada)
    account = Person.objects.create_user(f"ada-{uuid4().hex}", password="a long password")
    people.merge(ada, account)
    assert attachments.own(account, file).person_id == account.id


@pytest.mark.parametrize("erase", [people.erase, lambda ada: ada.conversations.get().delete()], ids=["person", "talk"])
def test_files_go_with_what_they_belong_to(ada: Person, erase: object) -> None:
    file = kept(ada)
    finish(say(ada, "Read this", file))
    assert callable(erase)
    erase(ada)
    assert not Attachment.objects.filter(id=file).exists()


def test_what_never_came_with_a_message_expires(ada: Person) -> None:
    old, sent, new = kept(ada), kept(ada), kept(ada)
    say(ada, "Read this", sent)
    Attachment.objects.filter(id__in=[old, sent]).update(created_at=timezone.now() - timedelta(days=30))
    assert attachments.expire(timezone.now() - timedelta(days=20)) >= 1
    assert set(Attachment.objects.filter(person=ada).values_list("id", flat=True)) == {sent, new}


def test_the_export_names_the_files_of_each_message(ada: Person) -> None:
    file = kept(ada)
    say(ada, "Read this", file)
    (conversation,) = json.loads("".join(people.conversations_json(ada, str)))
    assert conversation["messages"][0]["attachments"] == [{"id": str(file), "name": "notes.txt", "bytes": 7}]
    assert conversation["messages"][1]["attachments"] == []
    assert people.counts(ada)["attachments"] == 1


# What the model reads


async def test_the_history_holds_files_with_their_messages() -> None:
    @in_thread
    def talk() -> UUID:
        ada = people.make_guest()
        first = finish(say(ada, "", kept(ada, "old " * 10, "old.txt")))
        return say(ada, "And this?", kept(ada), kept(ada, "p", ""), conversation=first.run.conversation_id).run.id

    history = await load_history(await talk())
    first, answer, last = history.messages
    assert (first.content, first.files) == ("", (TextFile("old.txt", "old " * 10, 40),))
    assert (answer.role, answer.content, answer.files) == ("assistant", "Read.", ())
    assert (last.content, last.files) == ("And this?", (TextFile("notes.txt", "One\nTwo", 7), TextFile("", "p", 1)))


def test_a_prompt_reads_only_so_much_of_all_files(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "PROMPT_CHARACTERS", 100)
    first = finish(say(ada, "Old", kept(ada, "o" * 50, "older.txt"), kept(ada, "o" * 50, "old.txt")))
    turn = say(ada, "New", kept(ada, "é" * 70, "new.txt"), conversation=first.run.conversation_id)
    assert turn.question
    assert first.question
    with CaptureQueriesContext(connection) as queries:
        files = attachments.texts_for_prompt(Message.objects.filter(conversation=turn.run.conversation))
    assert len(queries) == 2
    assert files[turn.question.id] == [TextFile("new.txt", "é" * 70, 70)]
    assert files[first.question.id] == [TextFile("older.txt", "o" * 30, 50), TextFile("old.txt", "", 50)]


async def test_the_run_remembers_which_files_were_cut() -> None:
    @in_thread
    def asked() -> UUID:
        ada = people.make_guest()
        return say(ada, "Read this", kept(ada)).run.id

    @in_thread
    def cut_files(run: UUID) -> object:
        return Run.objects.get(id=run).cut_files

    run, cut = await asked(), [{"name": "notes.txt", "read": 3, "length": 7}]
    await save_end(run, Outcome("Read.", 1, None, TurnFinished("stop", cut_files=cut)))
    assert await cut_files(run) == cut
