"""A database made by an earlier version keeps what people said and drew when it is opened by this one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from assistant.models import Conversation, Member, Message, Run

BEFORE_VERSIONS = [("assistant", "0005_conversations_without_owner")]
BEFORE_MEMBERS = [("assistant", "0002_pictures"), ("imagine", "0002_see_picture")]
OLD = "old_file"


@pytest.fixture
def old_file(tmp_path: Path) -> Iterator[str]:
    """A database file as an earlier version left it, beside the one of the tests."""
    connections.settings[OLD] = connections.settings["default"] | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "old.sqlite3"),
        "OPTIONS": {},
    }
    yield OLD
    connections[OLD].close()
    del connections.settings[OLD]
    del connections[OLD]


def old_models(*names: str, at: list[tuple[str, str]] = BEFORE_MEMBERS) -> list[Any]:
    executor = MigrationExecutor(connections[OLD])
    executor.migrate(at)
    apps = executor.loader.project_state(at).apps
    return [apps.get_model(name).objects.using(OLD) for name in names]


def test_owners_become_members_and_runs_know_who_asked(old_file: str) -> None:
    people, chats, messages, runs, pictures = old_models(
        "assistant.Person", "assistant.Conversation", "assistant.Message", "assistant.Run", "imagine.Picture"
    )
    owners = [people.create(username=f"guest-{number}", is_guest=True) for number in range(3)]
    for number in range(6):
        owner = owners[number % 3]
        chat = chats.create(person=owner, title=f"Talk {number}")
        messages.create(conversation=chat, position=1, role="user", author=owner, client_id=uuid4(), text="Hello")
        answer = messages.create(conversation=chat, position=2, role="assistant", text="Here is your picture.")
        runs.create(conversation=chat, answer=answer, status="done", saved_number=7)
        picture = pictures.create(person=owner, made="drawn", prompt="a fox", status="done")
        answer.pictures.add(picture)

    executor = MigrationExecutor(connections[OLD])
    executor.migrate(executor.loader.graph.leaf_nodes())

    assert Member.objects.using(OLD).count() == Conversation.objects.using(OLD).count() == 6
    for chat in Conversation.objects.using(OLD):
        member = chat.members.get()
        assert member.username == f"guest-{int(chat.title.split()[1]) % 3}"
        assert chat.memberships.get().joined_at == chat.created_at
        run = Run.objects.using(OLD).get(conversation=chat)
        assert (run.person_id, run.status, run.saved_number, run.tool_call) == (member.id, "done", 7, None)
        question, answer = Message.objects.using(OLD).filter(conversation=chat)
        assert (question.author_id, question.text) == (member.id, "Hello")
        assert answer.pictures.get().person_id == member.id


def test_what_was_put_aside_becomes_an_earlier_version(old_file: str) -> None:
    """Two edits of the second question, and new answers before, between and after them."""
    chats, messages = old_models("assistant.Conversation", "assistant.Message", at=BEFORE_VERSIONS)
    chat, plain = chats.create(), chats.create()

    def say(*texts: str, replacing: tuple[str, ...] = (), conversation: Any = chat) -> None:
        """As earlier versions stored it: the first of `texts` took the place of all that it replaced."""
        for text in texts:
            position = messages.filter(conversation=conversation).count() + 1
            role = "user" if text.startswith("q") else "assistant"
            messages.create(conversation=conversation, position=position, role=role, text=text)
        last = messages.get(conversation=conversation, text=texts[0])
        messages.filter(conversation=conversation, text__in=replacing).update(replaced_by=last)

    say("q1", "a1", "q2", "a2", "q3", "a3")
    say("a2 again", replacing=("a2", "q3", "a3"))
    say("q4", "a4")
    say("q2 edited", "a5", replacing=("q2", "a2 again", "q4", "a4"))
    say("a5 again", replacing=("a5",))
    say("a5 once more", replacing=("a5 again",))
    say("q5", "a6")
    say("q1", "a1", "q2", "a2", conversation=plain)

    executor = MigrationExecutor(connections[OLD])
    executor.migrate(executor.loader.graph.leaf_nodes())

    rows = {row.text: row for row in Message.objects.using(OLD).filter(conversation=chat.id).select_related("parent")}
    assert {text: row.parent and row.parent.text for text, row in rows.items()} == {
        "q1": None,
        "a1": "q1",
        "q2": "a1",
        "a2": "q2",
        "q3": "a2",
        "a3": "q3",
        "a2 again": "q2",
        "q4": "a2 again",
        "a4": "q4",
        "q2 edited": "a1",
        "a5": "q2 edited",
        "a5 again": "q2 edited",
        "a5 once more": "q2 edited",
        "q5": "a5 once more",
        "a6": "q5",
    }
    assert [text for text, row in rows.items() if row.shown] == ["q1", "a1", "q2 edited", "a5 once more", "q5", "a6"]
    assert [text for text, row in rows.items() if not row.chosen] == ["q2", "a2", "a5", "a5 again"]
    there = Message.objects.using(OLD).filter(conversation=plain.id, shown=True, chosen=True)
    assert list(there.values_list("parent__text", flat=True)) == [None, "q1", "a1", "q2"]
