"""What came through the apps is forgotten in time, and what an operator has to know is in the log."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from integrations import outbox, tasks
from integrations.models import ChannelState, Contact, Delivery, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage
from tests.integrations.graph_answers import HEALTHY, TOKENS, answer, answer_well, problem, set_all
from tests.scripted_http import ScriptedHTTP

State = OutboxEntry.State


def delivery(days: float, state: Delivery.State) -> Delivery:
    digest, at = sha256(uuid4().bytes).hexdigest(), timezone.now() - timedelta(days=days)
    return Delivery.objects.create(digest=digest, body=b"words", signer="meta", state=state, received_at=at)


def contact() -> Contact:
    return Contact.objects.create(channel="whatsapp", account="1", user_id=uuid4().hex, person=people.make_guest())


@pytest.mark.parametrize(
    ("days", "state", "kept"),
    [
        (29.9, Delivery.State.DONE, True),
        (29.9, Delivery.State.FAILED, True),
        (30.1, Delivery.State.FAILED, False),
        (30.1, Delivery.State.DONE, False),
        (99, Delivery.State.WAITING, True),
    ],
)
def test_deliveries_are_deleted_but_never_before_they_are_read(days: float, state: Delivery.State, kept: bool) -> None:
    row = delivery(days, state)
    tasks.purge()
    assert Delivery.objects.filter(pk=row.pk).exists() == kept


def test_more_than_one_batch_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.expiry.AT_ONCE", 2)
    rows = [delivery(31, Delivery.State.FAILED).pk for _ in range(5)]
    tasks.purge()
    assert not Delivery.objects.filter(pk__in=rows).exists()


def test_no_row_is_looked_through_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.expiry.AT_ONCE", 2)
    at, one = timezone.now() - timedelta(days=31), contact()
    content = OutboundMessage(text="words").to_json()
    rows = [
        OutboxEntry.objects.create(
            contact=one, cause="turn:1", place=place, content=content, state=State.READ, created_at=at
        )
        for place in range(5)
    ]
    with CaptureQueriesContext(connection) as queries:
        tasks.purge()
    looks = [each["sql"] for each in queries if each["sql"].startswith("SELECT") and "outboxentry" in each["sql"]]
    assert sum('"id" > ' in sql for sql in looks) == len(looks) - 1 >= 3
    for row in rows:
        row.refresh_from_db()
        assert OutboundMessage.from_json(row.content).text == ""


@pytest.mark.parametrize(
    ("days", "state", "kept"),
    [
        (29, InboxEntry.State.DONE, True),
        (31, InboxEntry.State.DONE, False),
        (31, InboxEntry.State.DROPPED, False),
        (31, InboxEntry.State.WAITING, True),
    ],
)
def test_what_was_received_and_answered_is_forgotten(days: float, state: InboxEntry.State, kept: bool) -> None:
    at = timezone.now() - timedelta(days=days)
    row = InboxEntry.objects.create(contact=contact(), channel="whatsapp", external_id=uuid4().hex, kind="message",
                                    content={"text": "words"}, state=state, said_at=at, received_at=at)  # fmt: skip
    tasks.purge()
    row.refresh_from_db()
    assert row.content == ({"text": "words"} if kept else {})


@pytest.mark.parametrize(
    ("days", "state", "kept"),
    [
        (29, State.READ, True),
        (31, State.READ, False),
        (31, State.FAILED, False),
        (31, State.UNKNOWN, False),
        (31, State.QUEUED, True),
        (31, State.SENDING, True),
    ],
)
def test_what_was_sent_is_forgotten_and_still_known(days: float, state: State, kept: bool) -> None:
    content = OutboundMessage(text="words").to_json()
    at = timezone.now() - timedelta(days=days)
    row = OutboxEntry.objects.create(contact=contact(), cause=uuid4().hex, place=0, content=content, state=state,
                                     external_id=uuid4().hex, created_at=at)  # fmt: skip
    tasks.purge()
    row.refresh_from_db()
    assert OutboundMessage.from_json(row.content).text == ("words" if kept else "")
    assert outbox.text_of(row.contact, row.external_id) == ("words" if kept else "")


def test_the_clock_knows_these_tasks(settings: Settings) -> None:
    names = {task.name for task in (tasks.purge, tasks.watch, tasks.renew_tokens)}
    assert names <= {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


# What an operator reads in the log


@pytest.fixture
def meta(settings: Settings) -> Iterator[ScriptedHTTP]:
    """Three apps that are set up, at a server in the place of Meta."""
    with ScriptedHTTP() as server:
        answer_well(server)
        set_all(settings, server, WHATSAPP_PHONE_ID=uuid4().hex)
        yield server


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_no_alarm_is_raised_where_all_is_well(meta: ScriptedHTTP, caplog: pytest.LogCaptureFixture) -> None:
    tasks.watch()
    assert alarms(caplog) == []


def test_an_account_that_is_halted_is_in_the_log(
    settings: Settings, meta: ScriptedHTTP, caplog: pytest.LogCaptureFixture
) -> None:
    values = {"halted": "locked", "halted_at": timezone.now()}
    ChannelState.objects.create(channel="whatsapp", account=settings.WHATSAPP_PHONE_ID, **values)
    tasks.watch()
    (alarm,) = alarms(caplog)
    assert alarm.startswith("WhatsApp is halted since ")
    assert alarm.endswith("locked")


def test_a_token_that_ends_soon_is_in_the_log(meta: ScriptedHTTP, caplog: pytest.LogCaptureFixture) -> None:
    ends = int((timezone.now() + timedelta(days=3)).timestamp())
    answer(meta, "debug_token", {"data": {**HEALTHY, "expires_at": ends}})
    tasks.watch()
    assert [alarm.partition(",")[0] for alarm in alarms(caplog)] == ["WhatsApp", "Messenger", "Instagram"]
    assert all("make a new token" in alarm for alarm in alarms(caplog))


def test_d16_alarms_name_no_token(meta: ScriptedHTTP, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    echo = problem(190, f"Malformed access token {' '.join(TOKENS.values())}")
    answer(meta, "debug_token", echo, 400)
    tasks.watch()
    assert "Malformed access token" in caplog.text
    assert json.dumps(caplog.text).count("EAA") == 0
    assert not any(token in caplog.text for token in TOKENS.values())
