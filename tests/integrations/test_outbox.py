"""What is sent: never twice, never backwards, and what nobody knows is called that."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from assistant import conversations
from integrations import inbox, outbox
from integrations.errors import (
    ChannelError,
    ContactGoneError,
    RateError,
    RefusedError,
    TemporaryError,
    TokenError,
    UncertainError,
    WindowClosedError,
)
from integrations.inbound import Echo, Sender, StatusChange
from integrations.models import ChannelState, Contact, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage
from tests.integrations.people import ACCOUNT, contact, says

CONTACT = RateError.Scope.CONTACT


def queue(of: Contact, *texts: str) -> list[OutboxEntry]:
    cause = f"turn:{uuid4()}"
    outbox.add(of, cause, [OutboundMessage(text) for text in texts])
    return list(of.outbox.filter(cause=cause).order_by("place"))


def claimed(of: Contact) -> OutboxEntry:
    entry = outbox.claim(of)
    assert entry is not None
    return entry


def state(entry: OutboxEntry) -> str:
    return OutboxEntry.objects.get(pk=entry.pk).state


def retried(of: Contact, entry: OutboxEntry, error: ChannelError) -> int:
    """One more attempt that fails, now; returns the seconds until the next."""
    OutboxEntry.objects.filter(pk=entry.pk).update(not_before=timezone.now())
    sending, before = claimed(of), timezone.now()
    outbox.failed(sending, error)
    entry.refresh_from_db()
    return round((entry.not_before - before).total_seconds())


def status(of: Contact, name: str, **fields: object) -> None:
    values = {"status": name, **fields}
    outbox.note_status("whatsapp", StatusChange(ACCOUNT, Sender(of.user_id or ""), timezone.now(), **values))  # type: ignore[arg-type]


def test_an_answer_is_queued_once() -> None:
    one = contact()
    for _ in range(2):
        outbox.add(one, "turn:1", [OutboundMessage("a"), OutboundMessage("b")])
    assert [entry.content["text"] for entry in one.outbox.order_by("place")] == ["a", "b"]


def test_messages_go_in_order_one_at_a_time() -> None:
    one = contact()
    queue(one, "a", "b")
    queue(one, "c")
    sent = []
    while entry := outbox.claim(one):
        sent.append(entry.content["text"])
        outbox.sent(entry, f"wamid.{uuid4().hex}")
    assert sent == ["a", "b", "c"]


def test_one_that_has_to_wait_holds_up_those_behind_it() -> None:
    one = contact()
    first, _second = queue(one, "a", "b")
    outbox.failed(claimed(one), TemporaryError("a bad moment"))
    assert outbox.claim(one) is None
    OutboxEntry.objects.filter(pk=first.pk).update(not_before=timezone.now())
    assert claimed(one).pk == first.pk


def test_nobody_is_served_for_what_has_to_wait() -> None:
    """A courier would take them again and again, and find nothing to do."""
    one = contact()
    queue(one, "a", "b")
    outbox.failed(claimed(one), TemporaryError("a bad moment"))
    assert not outbox.with_work(timezone.now()).filter(pk=one.pk).exists()
    assert outbox.with_work(timezone.now() + timedelta(hours=1)).filter(pk=one.pk).exists()
    says(one)
    assert outbox.with_work(timezone.now()).filter(pk=one.pk).exists()
    inbox.postpone(inbox.take_group(one), 60, tried=False)
    says(one)
    assert not outbox.with_work(timezone.now()).filter(pk=one.pk).exists()


def test_who_has_waited_longest_is_served_first() -> None:
    """Also somebody new, while those before them go on writing."""
    early, new, last = contact(), contact(), contact()
    queue(last, "a")
    begun = timezone.now() - timedelta(minutes=5)
    OutboxEntry.objects.filter(contact=last).update(created_at=begun + timedelta(minutes=3))
    for of, minute in ((new, 1), (early, 2)):
        says(of)
        InboxEntry.objects.filter(contact=of).update(received_at=begun + timedelta(minutes=minute))
    says(new)
    mine = outbox.with_work(timezone.now()).filter(pk__in=[early.pk, new.pk, last.pk])
    assert list(outbox.longest_waiting(mine)) == [new, early, last]


def test_contacts_with_work_are_found_without_a_look_at_all() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("its plan depends on how many rows there are")
    plan = outbox.with_work(timezone.now()).explain()
    assert "SCAN integrations_contact" not in plan
    scans = {line.partition("SCAN U0")[2].strip() for line in plan.splitlines() if "SCAN" in line}
    names = ("waiting_inbox_entries", "queued_outbox_entries", "sending_outbox_entries")
    assert scans == {f"USING INDEX {name}" for name in names}


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody_up() -> None:
    one = contact()
    says(one)
    for later, free in ((timedelta(hours=1), True), (outbox.LEASE, False), (-outbox.LEASE, True)):
        Contact.objects.filter(pk=one.pk).update(taken_until=timezone.now() + later)
        assert outbox.with_work(timezone.now()).filter(pk=one.pk).exists() == free
        mine = outbox.with_work(timezone.now()).filter(pk=one.pk)
        assert mine.update(taken_by="a courier") == free


def test_what_a_killed_process_was_sending_is_unknown_and_not_sent_again() -> None:
    one = contact()
    queue(one, "a", "b")
    entry = claimed(one)
    outbox.abandoned(one)
    assert state(entry) == "unknown"
    assert claimed(one).content["text"] == "b"


def test_the_app_may_say_later_that_an_unknown_one_came() -> None:
    one = contact()
    by_key, by_echo = queue(one, "a", "b")
    for _ in range(2):
        claimed(one)
        outbox.abandoned(one)
    status(one, "delivered", id="wamid.9", key=str(by_key.pk))
    echo = Echo(ACCOUNT, Sender(one.user_id or ""), timezone.now(), "wamid.10", str(by_echo.pk))
    assert outbox.note_echo("whatsapp", echo)
    assert (state(by_key), state(by_echo)) == ("delivered", "sent")
    assert set(one.outbox.values_list("external_id", flat=True)) == {"wamid.9", "wamid.10"}


def test_an_echo_that_names_nothing_is_ours_while_we_send_and_a_humans_otherwise() -> None:
    one = contact()
    echo = Echo(ACCOUNT, Sender(one.user_id or ""), timezone.now(), f"aWdf.{uuid4().hex}", human=True)
    assert not outbox.note_echo("whatsapp", echo)
    queue(one, "a")
    assert not outbox.note_echo("whatsapp", echo)
    entry = claimed(one)
    assert outbox.note_echo("whatsapp", echo)
    assert state(entry) == "sending"
    outbox.sent(entry, echo.id)
    assert outbox.note_echo("whatsapp", echo)
    assert not outbox.note_echo("whatsapp", replace(echo, id=f"{echo.id}2"))


def test_an_echo_that_names_nothing_may_be_what_nobody_knows_of() -> None:
    one, other = contact(), contact()
    queue(one, "a")
    claimed(one)
    outbox.abandoned(one)
    echo = Echo(ACCOUNT, Sender(one.user_id or ""), timezone.now(), f"aWdf.{uuid4().hex}", human=True)
    assert outbox.note_echo("whatsapp", echo)
    assert not outbox.note_echo("whatsapp", replace(echo, sender=Sender(other.user_id or "")))
    assert not outbox.note_echo("whatsapp", replace(echo, at=echo.at + timedelta(hours=1)))


def test_an_echo_with_the_words_of_what_nobody_knows_of_says_that_it_came() -> None:
    one = contact()
    first, second = queue(one, "a", "b")
    for _ in range(2):
        claimed(one)
        outbox.abandoned(one)
    echo = Echo(ACCOUNT, Sender(one.user_id or ""), timezone.now(), f"aWdf.{uuid4().hex}", human=True, text="b")
    assert outbox.note_echo("whatsapp", echo)
    assert (state(first), state(second)) == ("unknown", "sent")


@pytest.mark.parametrize("order", [("sent", "delivered", "read"), ("read", "delivered", "sent"), ("delivered", "read")])
def test_a_status_never_goes_back(order: tuple[str, ...]) -> None:
    one = contact()
    [entry] = queue(one, "a")
    external = f"wamid.{uuid4().hex}"
    outbox.sent(claimed(one), external)
    for name in order:
        status(one, name, id=external)
    assert state(entry) == "read"


def test_a_status_that_comes_before_the_answer_to_the_request_counts() -> None:
    one = contact()
    [entry] = queue(one, "a")
    sending = claimed(one)
    status(one, "delivered", id="wamid.early", key=str(entry.pk))
    outbox.sent(sending, "wamid.early")
    assert state(entry) == "delivered"


def test_read_up_to_a_time_is_all_that_was_sent_before() -> None:
    one, other = contact(), contact()
    entries = [*queue(one, "a", "b"), *queue(other, "c")]
    for of in (one, one, other):
        outbox.sent(claimed(of), f"m_{uuid4().hex}")
    late = queue(one, "d")[0]
    status(one, "read", until=timezone.now())
    assert [state(entry) for entry in (*entries, late)] == ["read", "read", "sent", "queued"]


def test_a_failure_keeps_its_reason() -> None:
    one = contact()
    [entry] = queue(one, "a")
    outbox.sent(claimed(one), "wamid.failing")
    status(one, "failed", id="wamid.failing", problem="131026", detail="Message undeliverable")
    entry.refresh_from_db()
    assert (entry.state, entry.problem, entry.detail) == ("failed", "131026", "Message undeliverable")


def test_statuses_of_messages_of_others_say_nothing() -> None:
    one = contact()
    [entry] = queue(one, "a")
    outbox.sent(claimed(one), f"wamid.{uuid4().hex}")
    status(one, "read", id="wamid.of-another-tool")
    status(one, "failed", id="wamid.of-another-tool", problem="1", key="turn-42")
    status(contact(), "failed", id="wamid.of-another-tool", problem="1", key=str(uuid4()))
    assert state(entry) == "sent"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UncertainError("no answer"), "unknown"),
        (TemporaryError("a bad moment"), "queued"),
        (RateError("slower", CONTACT), "queued"),
        (RefusedError("a bad parameter"), "failed"),
        (WindowClosedError("24 hours"), "failed"),
        (ContactGoneError("blocked"), "failed"),
    ],
)
def test_what_becomes_of_a_message_that_could_not_be_sent(error: ChannelError, expected: str) -> None:
    one = contact()
    [entry] = queue(one, "a")
    outbox.failed(claimed(one), error)
    entry.refresh_from_db()
    assert (entry.state, entry.problem, entry.detail) == (expected, error.code, str(error))


@pytest.mark.parametrize("scope", [CONTACT, RateError.Scope.ACCOUNT])
def test_pauses_grow_and_end_no_answer_while_it_is_young(scope: RateError.Scope) -> None:
    """The app may be away for an hour: what was surely not sent is sent then."""
    one = contact()
    [entry] = queue(one, "a")
    pauses = [retried(one, entry, RateError("slower", scope)) for _ in range(outbox.MOST_ATTEMPTS + 3)]
    longest = outbox.LONGEST_PAUSE
    assert pauses[:5] == ([4, 16, 64, 256, longest] if scope == CONTACT else [3, 9, 27, 81, 243])
    assert pauses[-3:] == [longest] * 3
    assert state(entry) == "queued"


def test_attempts_end_once_it_was_queued_long_ago() -> None:
    one = contact()
    [entry] = queue(one, "a")
    OutboxEntry.objects.filter(pk=entry.pk).update(created_at=timezone.now() - outbox.PATIENCE)
    for _ in range(outbox.MOST_ATTEMPTS):
        assert state(entry) == "queued"
        retried(one, entry, TemporaryError("away"))
    assert state(entry) == "failed"


def test_nothing_more_goes_to_somebody_who_is_gone() -> None:
    one = contact()
    entries = queue(one, "a", "b")
    outbox.failed(claimed(one), ContactGoneError("blocked"))
    assert [state(entry) for entry in entries] == ["failed", "failed"]
    one.refresh_from_db()
    assert one.gone_at is not None


def test_an_answer_under_a_post_waits_for_no_window() -> None:
    one = contact()
    [chat] = queue(one, "a")
    outbox.add(one, "comment:1", [OutboundMessage("b")], comment="42")
    outbox.failed(claimed(one), WindowClosedError("24 hours"))
    assert (state(chat), one.outbox.get(comment="42").state) == ("failed", "queued")


def test_an_account_that_is_halted_sends_nothing_and_loses_nothing() -> None:
    account = uuid4().hex
    one, other = contact(), contact()
    Contact.objects.filter(pk__in=[one.pk, other.pk]).update(account=account)
    one.refresh_from_db()
    other.refresh_from_db()
    queue(one, "a")
    queue(other, "b")
    outbox.failed(claimed(one), TokenError("190: the token has ended"))
    assert outbox.claim(other) is None
    assert not outbox.with_work(timezone.now() + timedelta(hours=1)).filter(pk__in=[one.pk, other.pk]).exists()
    ChannelState.objects.filter(account=account).update(halted="")
    assert (claimed(one).content["text"], claimed(other).content["text"]) == ("a", "b")


def test_one_that_would_have_been_too_fast_was_no_attempt() -> None:
    one = contact()
    [entry] = queue(one, "a")
    outbox.put_back(claimed(one), 0)
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == ("queued", 0)


def test_an_answer_of_ours_is_known_by_its_id_to_its_reader_alone() -> None:
    one, other = contact(), contact()
    turn = conversations.say(one.person, None, "Hello", uuid4())
    outbox.add(one, "turn:2", [OutboundMessage("Hi")], turn.answer)
    outbox.sent(claimed(one), "wamid.known")
    assert outbox.answer_of(one, "wamid.known") == turn.answer
    assert outbox.answer_of(other, "wamid.known") is None
    assert outbox.text_of(one, "wamid.known") == "Hi"
    assert outbox.text_of(other, "wamid.known") == ""
    assert outbox.text_of(one, "") == ""
