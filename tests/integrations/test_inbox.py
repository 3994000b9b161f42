"""What waits to be answered: once, in order, together where it is words."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from assistant import conversations
from assistant.models import Message, Run, Summary
from imagine.models import Picture
from integrations import contacts, inbox, outbox
from integrations.inbound import InboundComment, InboundEdit, Media, Sender
from integrations.models import Contact, InboxEntry
from integrations.outbound import OutboundMessage
from tests.integrations.people import ACCOUNT, contact, message, says


def texts(entries: list[InboxEntry]) -> list[str]:
    return [entry.content["text"] for entry in entries]


def edit(of: Contact, entry: InboxEntry, text: str) -> None:
    event = InboundEdit(ACCOUNT, Sender(of.user_id or ""), timezone.now(), entry.external_id, text)
    inbox.add(of, event)


def said(of: Contact, entries: list[InboxEntry], text: str) -> Message:
    """The message that entries became."""
    turn_id = entries[0].turn
    assert turn_id
    turn = conversations.say(of.person, of.conversation_id, text, turn_id)
    Contact.objects.filter(pk=of.pk).update(conversation=turn.run.conversation)
    of.conversation = turn.run.conversation
    turn.run.status = "done"
    turn.run.save()
    assert turn.question
    inbox.note_message(turn_id, turn.question)
    return turn.question


def test_the_same_message_ten_times_at_once_is_one() -> None:
    one = contact()
    event = message(one)

    def add(_: int) -> None:
        inbox.add(one, event)
        connection.close()

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(add, range(10)))
    assert one.inbox.count() == 1


def test_words_that_came_one_after_another_are_answered_together() -> None:
    one = contact()
    for text in ("Hello", "are you there?"):
        says(one, text)
    assert texts(inbox.take_group(one)) == ["Hello", "are you there?"]


def test_what_was_said_first_comes_first_though_it_was_delivered_last() -> None:
    one, now = contact(), timezone.now()
    says(one, "there?", at=now)
    says(one, "Are you", at=now - timedelta(seconds=2))
    assert texts(inbox.take_group(one)) == ["Are you", "there?"]
    says(one, "Hello", at=now - timedelta(seconds=9))
    assert texts(inbox.take_group(one)) == ["Are you", "there?"]


def test_no_more_is_answered_together_than_one_message_may_have() -> None:
    one = contact()
    for text in ("a" * 9_000, "b" * 6_000, "c" * 2_000):
        says(one, text)
    assert [len(text) for text in texts(inbox.take_group(one))] == [9_000, 6_000]


def test_a_command_a_tap_and_a_file_are_answered_by_themselves() -> None:
    one = contact()
    says(one, "Hello")
    says(one, "/help")
    says(one, "Stop.")
    says(one, "More", payload="picture:more:1")
    says(one, "look", media=(Media("image", id="1"),))
    says(one, "and this?", quoted="wamid.1")
    found = []
    while group := inbox.take_group(one):
        found.append(texts(group))
        inbox.finish(group, "answered")
    assert found == [["Hello"], ["/help"], ["Stop."], ["More"], ["look"], ["and this?"]]


def test_what_was_begun_is_gone_on_with_and_takes_nothing_more_along() -> None:
    one = contact()
    says(one, "Hello")
    [before] = inbox.take_group(one)
    says(one, "and more")
    [again] = inbox.take_group(one)
    assert (again.pk, again.turn, again.attempts) == (before.pk, before.turn, 2)


def test_nothing_is_taken_before_its_time() -> None:
    one = contact()
    says(one)
    group = inbox.take_group(one)
    inbox.postpone(group, 60, tried=False)
    assert inbox.take_group(one) == []
    assert InboxEntry.objects.get(pk=group[0].pk).attempts == 0


def test_what_is_ended_once_is_not_ended_again() -> None:
    one = contact()
    says(one)
    group = inbox.take_group(one)
    assert inbox.finish(group, "answered")
    assert not inbox.finish(group, "answered")


def test_a_flood_is_bounded() -> None:
    one = contact()
    for number in range(inbox.MOST_WAITING + 5):
        says(one, f"/help {number}")
    assert one.inbox.filter(state="waiting").count() == inbox.MOST_WAITING
    dropped = one.inbox.filter(state="dropped")
    assert {(entry.outcome, str(entry.content)) for entry in dropped} == {("crowded", "{}")}


def test_an_edit_changes_what_waits() -> None:
    one = contact()
    entry = says(one, "Helo")
    edit(one, entry, "Hello")
    assert texts(inbox.take_group(one)) == ["Hello"]


def test_an_edit_of_what_was_answered_waits_for_itself_once() -> None:
    one = contact()
    entry = says(one, "Helo")
    inbox.finish(inbox.take_group(one), "answered")
    for _ in range(2):
        edit(one, entry, "Hello")
    [waiting] = inbox.take_group(one)
    assert (waiting.kind, waiting.content["text"]) == ("edit", "Hello")


def test_what_is_taken_back_before_it_is_answered_leaves_nothing() -> None:
    one = contact()
    entry = says(one, "a secret")
    inbox.unsend(one, entry.external_id)
    assert inbox.take_group(one) == []
    entry.refresh_from_db()
    assert (entry.content, entry.state, entry.outcome) == ({}, "dropped", "unsent")


def test_what_is_taken_back_before_it_comes_is_never_kept() -> None:
    one = contact()
    event = message(one, "a secret")
    inbox.unsend(one, event.id)
    inbox.add(one, event)
    assert inbox.take_group(one) == []
    assert "secret" not in str(one.inbox.get().content)


def test_what_is_taken_back_after_it_was_answered_goes_with_its_answer() -> None:
    one = contact()
    first = says(one, "Before")
    before = said(one, inbox.take_group(one), "Before")
    inbox.finish(inbox.take_group(one), "answered")
    secret = says(one, "a secret")
    message_of_it = said(one, inbox.take_group(one), "a secret")
    inbox.finish(inbox.take_group(one), "answered")
    says(one, "After")
    said(one, inbox.take_group(one), "After")
    Summary.objects.create(until=before, text="they told a secret")

    inbox.unsend(one, secret.external_id)

    assert one.conversation
    shown = list(conversations.shown_messages(one.conversation))
    assert [each.text for each in shown if each.role == "user"] == ["Before", "After"]
    assert not Message.objects.filter(pk=message_of_it.pk).exists()
    assert len(shown) == 4
    # One path, without a gap.
    assert [each.parent_id for each in shown] == [None, *[each.id for each in shown[:-1]]]
    assert not Summary.objects.filter(until__conversation=one.conversation).exists()
    first.refresh_from_db()
    assert first.content["text"] == "Before"


def test_what_was_said_with_something_taken_back_is_answered_without_it() -> None:
    """Also where it is taken back while both are answered: whoever answers them ends neither."""
    one = contact()
    secret = says(one, "a secret")
    says(one, "and a question")
    begun = inbox.take_group(one)
    said(one, begun, "a secret\nand a question")

    inbox.unsend(one, secret.external_id)

    assert not inbox.finish(begun, "failed")
    assert texts(inbox.take_group(one)) == ["and a question"]


def test_what_is_taken_back_while_its_message_is_written_is_not_kept_there() -> None:
    one = contact()
    secret = says(one, "a secret")
    says(one, "and a question")
    begun = inbox.take_group(one)
    inbox.unsend(one, secret.external_id)
    message_of_it = said(one, begun, "a secret\nand a question")
    assert not Message.objects.filter(pk=message_of_it.pk).exists()
    assert not inbox.finish(begun, "answered")
    assert texts(inbox.take_group(one)) == ["and a question"]


def answered(of: Contact, *bubbles: str) -> str:
    """What waits is answered with these; returns the cause."""
    begun = inbox.take_group(of)
    said(of, begun, "\n".join(texts(begun)))
    inbox.finish(begun, "answered")
    cause = f"turn:{begun[0].turn}"
    outbox.add(of, cause, [OutboundMessage(text) for text in bubbles])
    return cause


def test_an_answer_to_what_was_taken_back_is_not_sent_and_not_kept() -> None:
    one = contact()
    secret = says(one, "a secret")
    cause = answered(one, "Your secret", "is safe")
    first = outbox.claim(one)
    assert first
    outbox.sent(first, "wamid.1")

    inbox.unsend(one, secret.external_id)

    assert outbox.claim(one) is None
    bubbles = one.outbox.filter(cause=cause)
    assert [(each.state, each.problem) for each in bubbles] == [("sent", ""), ("failed", "unsent")]
    assert [OutboundMessage.from_json(each.content) for each in bubbles] == [OutboundMessage()] * 2


def test_an_answer_that_was_held_back_is_made_anew_for_what_else_it_answered() -> None:
    one = contact()
    secret = says(one, "a secret")
    says(one, "and a question")
    answered(one, "To both")
    inbox.unsend(one, secret.external_id)
    assert texts(inbox.take_group(one)) == ["and a question"]


def test_a_question_that_was_answered_already_is_not_answered_twice() -> None:
    one = contact()
    secret = says(one, "a secret")
    says(one, "and a question")
    answered(one, "To both")
    bubble = outbox.claim(one)
    assert bubble
    outbox.sent(bubble, "wamid.2")
    inbox.unsend(one, secret.external_id)
    assert inbox.take_group(one) == []


@pytest.mark.parametrize("made", ["uploaded", "drawn"])
def test_a_picture_goes_with_the_message_that_brought_it(made: str) -> None:
    """One that was asked for by a tap is the person's own, as any other."""
    one = contact()
    entry = says(one, "", media=(Media("image", id="1"),))
    picture = Picture.objects.create(person=one.person, made=made, status="done")
    others = Picture.objects.create(person=contact().person, made="uploaded", status="done")
    one.inbox.update(picture=picture.id)
    contacts.update(one, expects={"edit": str(picture.id)})
    inbox.unsend(one, entry.external_id)
    one.refresh_from_db()
    assert one.expects is None
    assert Picture.objects.filter(pk=picture.pk).exists() == (made == "drawn")
    assert Picture.objects.filter(pk=others.pk).exists()


def changed(of: Contact, entry: InboxEntry, text: str) -> Message:
    """An edit of what was answered, answered as a version of its own."""
    edit(of, entry, text)
    [begun] = inbox.take_group(of)
    entry.refresh_from_db()
    assert entry.message
    assert begun.turn
    turn = conversations.edit(of.person, entry.message.id, text, begun.turn)
    Run.objects.filter(pk=turn.run.pk).update(status="done")
    assert turn.question
    inbox.note_message(begun.turn, turn.question)
    inbox.note_edit(of, entry.external_id, turn.question)
    inbox.finish([begun], "answered")
    return turn.question


def test_a_message_that_was_changed_twice_is_taken_back_in_each_version() -> None:
    one = contact()
    entry = says(one, "my secrt")
    answered(one, "What?")
    second, third = changed(one, entry, "my secret"), changed(one, entry, "my secrets")
    entry.refresh_from_db()
    assert (entry.message, second.text, third.text) == (third, "my secret", "my secrets")

    inbox.unsend(one, entry.external_id)

    assert one.conversation
    assert list(one.conversation.messages.all()) == []
    assert {str(each.content) for each in one.inbox.all()} == {"{}"}
    edit(one, entry, "a late change of my secret")
    assert inbox.take_group(one) == []
    assert "secret" not in str(list(one.inbox.values()))


def test_an_edit_of_what_is_taken_at_the_same_moment_waits_for_itself() -> None:
    one = contact()
    entry = says(one, "Helo")
    taken: list[InboxEntry] = []

    def take_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and not taken:
            taken.append(entry)
            taken[:] = inbox.take_group(one)
        return execute(sql, *rest)

    with connection.execute_wrapper(take_first):
        edit(one, entry, "Hello")
    assert texts(taken) == ["Helo"]
    inbox.finish(taken, "answered")
    assert texts(inbox.take_group(one)) == ["Hello"]


def test_nobody_takes_back_what_another_said() -> None:
    one, other = contact(), contact()
    entry = says(one, "mine")
    inbox.unsend(other, entry.external_id)
    assert texts(inbox.take_group(one)) == ["mine"]


def test_an_answer_says_what_it_answers_where_more_was_said_since() -> None:
    one = contact()
    first = says(one, "Hello")
    assert not inbox.is_followed(first)
    says(one, "/help")
    assert inbox.is_followed(first)


def test_a_word_to_stop_is_seen_while_an_answer_is_made() -> None:
    one = contact()
    says(one, "Tell me a long story")
    inbox.take_group(one)
    assert inbox.stop_asked(one) is None
    says(one, "Stop!")
    found = inbox.stop_asked(one)
    assert found is not None
    assert found.content["text"] == "Stop!"


def test_what_is_late_is_dropped_at_once() -> None:
    one = contact()
    old = timezone.now() - timedelta(hours=3)
    for _ in range(3):
        says(one, "/help", at=old)
    says(one, "now")
    inbox.drop_late(one, timezone.now() - timedelta(hours=1))
    assert texts(inbox.take_group(one)) == ["now"]


def test_every_event_comes_out_of_the_inbox_as_it_went_in() -> None:
    one = contact()
    event = message(
        one, "look", media=(Media("image", id="1", name="a.jpg"),), quoted="x", links=("https://a.example",)
    )
    inbox.add(one, event)
    assert inbox.event_of(one.inbox.get()) == event
    assert uuid4() != one.inbox.get().turn


def test_the_chat_waits_for_no_comment_whose_time_has_not_come() -> None:
    one = contact()
    commented = InboundComment(ACCOUNT, Sender(one.user_id or ""), timezone.now(), f"c{uuid4().hex}", "post")
    inbox.add(one, commented)
    inbox.postpone(inbox.take_group(one), 600, tried=False)
    assert inbox.take_group(one) == []
    says(one, "Hello")
    assert outbox.with_work(timezone.now()).filter(pk=one.pk).exists()
    assert texts(inbox.take_group(one)) == ["Hello"]
