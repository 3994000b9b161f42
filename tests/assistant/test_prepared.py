"""Statements that are compiled once find and write what Django's own would."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import assistant
import web
from assistant import conversations, people, search
from assistant.models import Conversation, Member, Memory, Message, Run, Summary
from assistant.prepared import Prepared, PreparedObjects, insert, update
from tests.clients import browser


def all_prepared() -> Iterator[tuple[str, Any]]:
    for package in (assistant, web):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in info.name or ".management" in info.name:
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if isinstance(value, Prepared | PreparedObjects) and value.build.__module__ == info.name:
                    yield f"{info.name}.{name}", value


ALL = dict(all_prepared())


@pytest.fixture
def values() -> dict[str, Any]:
    """A conversation with an answer in it, by the names of parameters."""
    person = people.make_guest()
    client_id = uuid4()
    turn = conversations.say(person, None, "Where do llamas live?", client_id)
    Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.DONE, token_factor=1.5, model="llama", steps=[{"a": 1}])
    Message.objects.filter(pk=turn.answer.pk).update(text="In the Andes.")
    Summary.objects.create(until=turn.question, text="Llamas.")
    Memory.objects.create(person=person, text="I live in Lima.")
    again = conversations.retry(person, turn.answer.pk, uuid4())
    search.index(turn.run.conversation_id)
    return {
        "person": person.pk,
        "conversation": turn.run.conversation_id,
        "client_id": client_id,
        "run": turn.run.pk,
        "message": turn.question.pk,
        "member": Member.objects.get(person=person).pk,
        "title": "Where do llamas live?",
        "status": Run.Status.RUNNING,
        "position": again.answer.position - 1,
        "before": again.answer.position + 1,
        "after": 0,
        "key": browser(person).session.session_key,
        "now": timezone.now(),
    }


@pytest.mark.parametrize("name", ALL)
@transaction.atomic
def test_a_prepared_query_finds_what_the_query_finds(name: str, values: dict[str, Any]) -> None:
    prepared = ALL[name]
    wanted = {one: values[one] for one in inspect.signature(prepared.build).parameters}
    others = wanted | {one: uuid4() for one, value in wanted.items() if isinstance(value, UUID)}
    for given in (wanted, others, wanted):
        query = prepared.build(**given)
        if isinstance(prepared, Prepared):
            assert prepared.rows(**given) == [tuple(row) for row in query]
        else:
            first, found = query.first(), prepared.first(**given)
            assert (found and vars(found) | {"_state": None}) == (first and vars(first) | {"_state": None})


def test_a_prepared_query_is_asked_with_one_statement_and_compiled_once(values: dict[str, Any]) -> None:
    built = []

    def build(person: UUID) -> "QuerySet[Memory, Any]":
        built.append(person)
        return Memory.objects.filter(person=person).values_list("text", "created_at")

    prepared = Prepared(build)
    for person, texts in (
        (values["person"], ["I live in Lima."]),
        (uuid4(), []),
        (values["person"], ["I live in Lima."]),
    ):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found = prepared.rows(person)
        assert [text for text, _ in found] == texts
        assert all(isinstance(moment, datetime) and moment.tzinfo for _, moment in found)
        assert len(asked) == 1
    assert len(built) == 1


def test_what_is_no_value_of_the_parameter_is_refused(values: dict[str, Any]) -> None:
    """A None would find nothing, where the query asks for rows that have none."""

    def build(parent: UUID) -> "QuerySet[Message, Any]":
        return Message.objects.filter(parent=parent).values_list("id")

    for other in (None, str(values["message"]), 5):
        with pytest.raises(TypeError, match="parent is no UUID"):
            Prepared(build).rows(parent=other)  # type: ignore[arg-type]


def test_rows_are_locked_in_a_transaction_or_not_at_all(values: dict[str, Any]) -> None:
    """Django looks when it compiles a query, and these are compiled once."""
    locked = ALL["assistant.conversations._locked_person"]
    with transaction.atomic():
        assert locked.rows(values["person"])
    with pytest.raises(TransactionManagementError):
        locked.rows(values["person"])


def test_a_query_that_depends_on_its_values_cannot_be_prepared() -> None:
    def build(number: int) -> "QuerySet[Message, Any]":
        return Message.objects.filter(position=number + 1).values_list("id")

    with pytest.raises(TypeError, match="does not hold number"):
        Prepared(build).rows(5)


@pytest.mark.parametrize("by_django", [True, False])
def test_a_row_is_written_as_django_would_write_it(by_django: bool) -> None:
    """With what is left to the database, JSON, and times."""

    def write(row: models.Model) -> None:
        row.save(force_insert=True) if by_django else insert(row)

    person = people.make_guest()
    write(conversation := Conversation(title="Llamas"))
    write(message := Message(conversation=conversation, position=1, role="user", author=person, text="Hello \N{LLAMA}"))
    write(run := Run(conversation=conversation, answer=message, tool_call={"name": "a", "arguments": {"b": [1]}}))
    assert not message._state.adding
    message.text += "!"
    message.save()
    kept = Run.objects.select_related("answer", "conversation").get(pk=run.pk)
    assert (kept.tool_call, kept.search, kept.steps, kept.status) == (run.tool_call, "", None, Run.Status.RUNNING)
    assert (kept.answer.text, kept.answer.spoken_as, kept.answer.calls) == ("Hello \N{LLAMA}!", "", False)
    assert (kept.answer.author_id, kept.conversation.title) == (person.pk, "Llamas")
    assert all(abs(kept.created_at - moment) < timedelta(minutes=1) for moment in (timezone.now(), run.created_at))


def test_columns_are_changed_where_all_is_as_named() -> None:
    one, other = Conversation.objects.create(title="One"), Conversation.objects.create(title="Other")
    moment = timezone.now()
    assert update(Conversation, {"id": one.pk, "title": "One"}, title="Llamas' %s", alive_until=moment) == 1
    assert update(Conversation, {"id": other.pk, "title": "One"}, title="Llamas") == 0
    for row, *kept in ((one, "Llamas' %s", moment), (other, "Other", None)):
        row.refresh_from_db()
        assert [row.title, row.alive_until] == kept
