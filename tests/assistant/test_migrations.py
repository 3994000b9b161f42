"""A database made by an earlier version keeps what people said and drew when it is opened by this one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from assistant.models import Conversation, Member, Message, Run

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


def old_models(*names: str) -> list[Any]:
    executor = MigrationExecutor(connections[OLD])
    executor.migrate(BEFORE_MEMBERS)
    apps = executor.loader.project_state(BEFORE_MEMBERS).apps
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
