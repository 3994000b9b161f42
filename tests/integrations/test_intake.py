"""Stored deliveries become rows: each event by itself, once, whatever else is in the delivery."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant.models import Person
from integrations import intake
from integrations.base import Channel
from integrations.models import ChannelState, Contact, Delivery, InboxEntry
from tests.integrations.readings import our_account, read, reread, rows, stored, text, whatsapp


@pytest.fixture(autouse=True)
def account(settings: Settings) -> Iterator[str]:
    """An account of ours in each app, of which nobody has heard."""
    with our_account(settings) as number:
        yield number


def test_a_thousand_messages_become_rows_a_part_at_a_time(account: str) -> None:
    """So nobody waits long for the database, and no other courier takes the delivery meanwhile."""
    delivery = stored(whatsapp(account, *[text(str(491700000000 + number), str(number)) for number in range(1000)]))
    reading = intake.begin(delivery)
    assert reading
    steps = 0
    while reading.step():
        steps += 1
        assert InboxEntry.objects.filter(contact__account=account).count() == steps * intake.STEP
        delivery.refresh_from_db()
        assert delivery.state == "waiting"
        assert delivery.taken_until
        assert delivery.taken_until > timezone.now()
    assert steps == 1000 // intake.STEP - 1
    assert rows(account) == [str(number) for number in range(1000)]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.summary, bytes(delivery.body)) == ("done", "1000 InboundMessage", b"")


def test_a_reader_that_was_killed_in_the_middle_is_followed_by_another(account: str) -> None:
    delivery = stored(whatsapp(account, *[text("491700000001", str(number)) for number in range(intake.STEP + 5)]))
    reading = intake.begin(delivery)
    assert reading
    assert reading.step()
    again = intake.begin(delivery)
    while again and again.step():
        pass
    assert rows(account) == [str(number) for number in range(intake.STEP + 5)]


def test_an_event_that_the_database_refuses_loses_no_other(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(channel: Channel, event: Any) -> None:
        if event.text == "broken":
            raise DataError("no such text")
        known(channel, event)

    known = intake.receive
    monkeypatch.setattr(intake, "receive", receive)
    delivery = read(whatsapp(account, *[text("491700000001", words) for words in ("one", "broken", "two")]))
    assert rows(account) == ["one", "two"]
    assert delivery.state == "waiting"
    Delivery.objects.filter(pk=delivery.pk).update(attempts=intake.MOST_ATTEMPTS)
    assert reread(delivery).state == "failed"
    assert rows(account) == ["one", "two"]


def test_a_delivery_that_kills_its_reader_is_given_up(account: str) -> None:
    delivery = stored(whatsapp(account, text("491700000001")))
    Delivery.objects.filter(pk=delivery.pk).update(attempts=intake.MOST_ATTEMPTS + 1)
    assert reread(delivery).state == "failed"
    assert rows(account) == []


IN_GROUP = {"group_id": "Y2FwaV9ncm91cDo"}


@pytest.mark.parametrize(
    ("more", "words", "kept"),
    [
        ({}, "Hello", True),
        ({}, 'Our group: four people in a "group"', True),
        ({}, "größer @ <b>", True),
        (IN_GROUP, "Hello", False),
        ({"group": {"id": "1"}}, "Hello", False),
        ({"recipient_type": "group"}, "Hello", False),
    ],
)
def test_what_broke_its_reader_can_be_read_again_unless_it_may_be_of_a_group(
    account: str, more: dict[str, Any], words: str, kept: bool
) -> None:
    body = whatsapp(account, {**text("491700000001", words), **more})
    delivery = stored(body)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=intake.MOST_ATTEMPTS + 1)
    assert reread(delivery).state == "failed"
    assert bytes(delivery.body) == (json.dumps(body).encode() if kept else b"")


def test_letters_that_are_written_as_numbers_may_name_a_group(account: str) -> None:
    body = json.dumps(whatsapp(account, text("491700000001", **IN_GROUP))).replace("group_id", "\\u0067roup_id")
    assert json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]["group_id"]
    delivery = stored(body.encode())
    Delivery.objects.filter(pk=delivery.pk).update(attempts=intake.MOST_ATTEMPTS + 1)
    assert bytes(reread(delivery).body) == b""


@pytest.mark.parametrize(("more", "kept"), [({}, True), (IN_GROUP, False)])
def test_words_that_the_database_refuses_are_kept_unless_they_may_be_of_a_group(
    account: str, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], kept: bool
) -> None:
    """Whatever our reader makes of them: here it takes all for private."""

    def broken(*_event: Any) -> None:
        raise DataError("no such text")

    monkeypatch.setattr(intake, "apply", broken)
    parsed = intake.parse

    def private(body: bytes, signer: str) -> Any:
        channel, found = parsed(body, signer)
        return channel, replace(found, events=[replace(event, group="") for event in found.events])

    monkeypatch.setattr(intake, "parse", private)
    delivery = stored(whatsapp(account, text("491700000001", **more)))
    Delivery.objects.filter(pk=delivery.pk).update(attempts=intake.MOST_ATTEMPTS)
    assert reread(delivery).state == "failed"
    assert bool(delivery.body) == kept


HOSTILE: list[Any] = [
    None, True, -1, 0, 2**70, 1e300, "", "\x00", "a\x00b", "\ud800", "\u202e", "é" * 300, "9" * 10_000, "-1", [], {},
    {"id": {"id": None}}, [None] * 100, "1061016000000", 1_000_000_000_000_000,
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_no_value_anywhere_in_a_message_loses_the_one_behind_it(account: str, value: Any) -> None:
    whole = text("491700000001", context={"id": "wamid.1"}, referral={"source_id": "1"}, group_id=None)
    messages = [{**whole, key: value} for key in whole]
    messages += [{**whole, "id": f"wamid.{uuid4().hex}", "text": {"body": value}}, value]
    messages += [
        {**whole, "id": f"wamid.{uuid4().hex}", "type": kind, kind: inner}
        for kind in (
            "image",
            "document",
            "location",
            "contacts",
            "interactive",
            "button",
            "reaction",
            "system",
            "order",
        )
        for inner in (
            value,
            {"id": value, "latitude": value, "name": value, "message_id": value, "type": value},
            [value],
        )
    ]
    people = [value, {"wa_id": value, "profile": value}, {"wa_id": "491700000001", "profile": {"name": value}}]
    delivery = read(whatsapp(account, *messages, text("491700000002", "last"), contacts=people, statuses=messages))
    assert delivery.state == "done"
    assert rows(account)[-1] == "last"


@pytest.mark.parametrize("app", ["page", "instagram"])
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_no_value_anywhere_in_a_messenger_loses_the_message_behind_it(account: str, app: str, value: Any) -> None:
    def frame(**more: Any) -> dict[str, Any]:
        return {"sender": {"id": "77"}, "recipient": {"id": account}, "timestamp": 1790000000000, **more}

    kinds = (
        "message",
        "postback",
        "message_edit",
        "reaction",
        "read",
        "delivery",
        "referral",
        "optin",
        "pass_thread_control",
    )
    said = {
        "mid": f"m_{uuid4().hex}",
        "text": "hi",
        "attachments": [{"type": "image", "payload": {"url": "https://a.example"}}],
    }
    items = [frame(**{kind: value}) for kind in kinds]
    items += [
        frame(**{kind: dict.fromkeys(("mid", "text", "payload", "ref", "watermark", "title"), value)}) for kind in kinds
    ]
    items += [{**frame(message={**said, "mid": f"m_{uuid4().hex}"}), key: value} for key in frame()]
    items += [frame(message={**said, "mid": f"m_{uuid4().hex}", key: value}) for key in said if key != "mid"]
    items += [value, frame(message={"mid": f"m_{uuid4().hex}", "text": "last"})]
    entry = {"id": account, "time": value, "messaging": items, "changes": [value, {"field": value, "value": value}]}
    delivery = read({"object": app, "entry": [value, entry]})
    assert delivery.state == "done"
    assert rows(account)[-1] == "last"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"object":' * 50_000,
        b'{"object": "page", "entry": [{"id": ' + b"9" * 3_000_000 + b"}]}",
        b"\xff\xfe" + b"\x00" * 100,
        b'"\xed\xa0\x80"',
        b"null",
        b"",
    ],
    ids=["deep lists", "deep objects", "a long number", "not text", "a surrogate", "null", "nothing"],
)
def test_no_body_breaks_the_reader(body: bytes) -> None:
    begun = time.monotonic()
    assert read(body).state in ("failed", "done")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("body", [{"object": "application", "entry": [{"uid": "secret"}]}, ["secret"], b"{secret"])
def test_of_what_nobody_here_reads_only_why_is_kept(body: object) -> None:
    delivery = read(body)
    assert (delivery.state, bytes(delivery.body)) == ("failed", b"")
    assert delivery.summary
    assert "secret" not in delivery.summary


def test_a_number_that_takes_long_to_read_loses_nothing(account: str) -> None:
    body = json.dumps(whatsapp(account, text("491700000001", "hi"), text("491700000001", "last", x="NUMBER")))
    delivery = read(body.replace('"NUMBER"', "9" * 100_000).encode())
    assert delivery.state == "done"
    assert rows(account) == ["hi", "last"]


def test_of_a_key_that_comes_twice_the_last_one_holds(account: str) -> None:
    body = json.dumps(whatsapp(account, text("491700000001", "last"))).replace('"body"', '"body": "first", "body"')
    read(body.encode())
    assert rows(account) == ["last"]


@pytest.mark.parametrize("app", ["whatsapp", "page"])
def test_four_megabytes_of_nothing_are_not_read_to_their_end(account: str, app: str) -> None:
    nothing: list[Any] = [{}] * 900_000
    page = {"object": "page", "entry": [{"id": account, "messaging": nothing}]}
    begun = time.monotonic()
    delivery = read(whatsapp(account, *nothing) if app == "whatsapp" else page)
    assert time.monotonic() - begun < 8
    assert delivery.state == "done"
    assert delivery.summary.endswith("1 ignored: more than is read")


def test_what_is_said_in_a_group_is_counted_and_makes_nobody_known(account: str) -> None:
    edit = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "better"}}}
    said = [
        text("491700000001", "to all", group_id="G"),
        {**text("491700000001", group_id="G"), "type": "edit", "edit": edit},
        {**text("491700000001", group_id="G"), "type": "request_welcome"},
    ]
    read(whatsapp(account, *said))
    assert not Contact.objects.filter(account=account).exists()
    ignored = ChannelState.objects.get(account=account).ignored
    assert ignored == {"foreign group": 2, "group request_welcome": 1}


def test_when_an_account_was_last_spoken_to_is_noted_once_for_a_delivery(account: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        read(whatsapp(account, *[text("491700000001") for _ in range(3)]))
    assert sum("last_in" in query["sql"] and query["sql"].startswith("UPDATE") for query in queries) == 1
    assert ChannelState.objects.get(account=account).last_in


# Several couriers, and a database with bad moments


def waiting(account: str, number: int = 1, attempts: int = 0, messages: int = 1) -> list[Delivery]:
    """Deliveries that a courier may take."""
    said = [text("491700000001") for _ in range(messages)]
    made = [stored(whatsapp(account, *said)) for _ in range(number)]
    Delivery.objects.filter(pk__in=[one.pk for one in made]).update(taken_until=None, attempts=attempts)
    return made


@contextmanager
def undone() -> Iterator[None]:
    """No other delivery waits, and none is left: a courier of another test sees nothing of it."""
    with transaction.atomic():
        Delivery.objects.filter(state="waiting").update(state="done")
        yield
        transaction.set_rollback(True)


def taken(of: list[Delivery]) -> list[int]:
    """Which of them are taken next, as places in the list."""
    places = {one.pk: place for place, one in enumerate(of)}
    return [places[key] for key in intake.take() if key in places]


def away(monkeypatch: pytest.MonkeyPatch, broken: Delivery) -> None:
    """The database has a bad moment whenever that delivery is ended."""

    def end(delivery_id: int, *rest: Any, **more: Any) -> None:
        if delivery_id == broken.pk:
            raise OperationalError("deadlock detected")
        known(delivery_id, *rest, **more)

    known = intake.end
    monkeypatch.setattr(intake, "end", end)


def test_a_delivery_that_was_claimed_before_is_taken_alone(account: str) -> None:
    with undone():
        deliveries = [*waiting(account, 2), *waiting(account, 1, attempts=1), *waiting(account, 1)]
        assert [taken(deliveries) for _ in range(4)] == [[0, 1], [2], [3], []]


def test_a_bad_moment_of_the_database_takes_no_attempt(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with undone():
        deliveries = waiting(account, 3)
        away(monkeypatch, deliveries[1])
        ids = intake.take()
        with pytest.raises(OperationalError):
            intake.read_all(ids)
        rows = [Delivery.objects.get(pk=one.pk) for one in deliveries]
        assert [row.state for row in rows] == ["done", "waiting", "waiting"]
        assert [row.attempts for row in rows] == [1, 0, 0]
        # The one that was read when it happened does not hold up the one behind it.
        assert taken(deliveries) == [2]


def test_many_deliveries_are_read_in_transactions_of_some_events(account: str) -> None:
    deliveries = [stored(whatsapp(account, *[text("491700000001") for _ in range(20)])) for _ in range(5)]
    with CaptureQueriesContext(connection) as queries:
        assert intake.read_all([one.pk for one in deliveries]) == []
    assert len(rows(account)) == 100
    # Two have 40 events, three would have more than STEP.
    assert sum(query["sql"].startswith("BEGIN") for query in queries) == 3


def test_couriers_who_meet_somebody_new_at_the_same_moment_make_one_guest(account: str) -> None:
    deliveries = [stored(whatsapp(account, text("491700000001", str(number)))) for number in range(8)]
    people = Person.objects.count()

    def reads(delivery: Delivery) -> None:
        reread(delivery)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(reads, deliveries))
    assert sorted(rows(account)) == [str(number) for number in range(8)]
    assert Contact.objects.filter(account=account).count() == 1
    assert Person.objects.count() == people + 1
