"""Guests come, join accounts, are forgotten; nobody loses or doubles a word."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.utils import timezone

from assistant import conversations, people
from assistant.models import Conversation, Feedback, Message, Person, Run
from imagine.files import storage
from imagine.models import Picture
from tests.easel import drawn


def make_account() -> Person:
    return Person.objects.create_user(f"ada-{uuid4().hex}", password="a long password")


def talk(person: Person, text: str = "Hello", client_id: object = None) -> Conversation:
    """A conversation with one question, one answer and a thumb for it."""
    conversation = conversations.begin(person, f"About {text}")
    conversation.messages.create(
        position=1, role=Message.Role.USER, author=person, text=text, client_id=client_id or uuid4()
    )
    answer = conversation.messages.create(position=2, role=Message.Role.ASSISTANT, text=f"You said {text}")
    Run.objects.create(conversation=conversation, answer=answer, person=person, status=Run.Status.DONE)
    Feedback.objects.create(message=answer, person=person, good=True, word="nice")
    return conversation


def long_unseen(guest: Person) -> Person:
    guest.last_seen_at = timezone.now() - timedelta(days=4000)
    guest.save()
    return guest


def test_a_guest_has_no_password_and_a_name_of_their_own():
    one, other = people.make_guest(), people.make_guest()
    assert one.is_guest
    assert not one.has_usable_password()
    assert one.username.startswith("guest-")
    assert one.username != other.username
    assert "guest-" not in str(one)


def test_a_person_is_noted_as_seen_at_most_once_an_hour():
    guest = people.make_guest()
    assert not people.touch(guest)
    Person.objects.filter(pk=guest.pk).update(last_seen_at=timezone.now() - timedelta(hours=2))
    guest.refresh_from_db()
    assert people.touch(guest)
    assert not people.touch(guest)
    guest.refresh_from_db()
    assert timezone.now() - guest.last_seen_at < timedelta(minutes=1)


def test_a_guest_brings_everything_into_an_account():
    guest, account = people.make_guest(), make_account()
    conversation = talk(guest)
    people.merge(guest, account)
    conversation.refresh_from_db()
    assert conversation.members.get() == account
    assert conversation.messages.get(position=1).author == account
    assert account.feedback.count() == 1
    assert not Person.objects.filter(pk=guest.pk).exists()


def test_a_client_id_that_both_used_does_not_stop_the_move():
    guest, account, client_id = people.make_guest(), make_account(), uuid4()
    own, brought = talk(account, "own", client_id), talk(guest, "brought", client_id)
    people.merge(guest, account)
    assert own.messages.get(position=1).client_id == client_id
    assert brought.messages.get(position=1).client_id is None
    assert account.conversations.count() == 2


def test_a_guest_moved_once_is_not_moved_again():
    guest, first, second = people.make_guest(), make_account(), make_account()
    talk(guest)
    people.merge(guest, first)
    people.merge(guest, second)
    assert (first.conversations.count(), second.conversations.count()) == (1, 0)


def test_a_guest_who_became_an_account_is_left_alone():
    guest, other = people.make_guest(), make_account()
    talk(guest)
    stale = Person.objects.get(pk=guest.pk)
    assert people.claim(guest)
    people.merge(stale, other)
    assert (guest.conversations.count(), other.conversations.count()) == (1, 0)
    assert not people.claim(stale)


def test_an_account_is_never_merged_away():
    one, other = make_account(), make_account()
    talk(one)
    people.merge(one, other)
    assert (one.conversations.count(), other.conversations.count()) == (1, 0)


def test_two_accounts_at_once_get_the_chats_exactly_once():
    guest, accounts = people.make_guest(), [make_account() for _ in range(4)]
    talk(guest, "one")
    talk(guest, "two")
    together = threading.Barrier(len(accounts))

    def sign_in(account: Person) -> None:
        together.wait(timeout=10)
        people.merge(guest, account)
        connection.close()

    with ThreadPoolExecutor(len(accounts)) as threads:
        list(threads.map(sign_in, accounts))
    assert sorted(account.conversations.count() for account in accounts) == [0, 0, 0, 2]
    assert not Person.objects.filter(pk=guest.pk).exists()


def test_unseen_guests_are_forgotten_a_few_at_a_time():
    guests = [long_unseen(people.make_guest()) for _ in range(3)]
    conversation = talk(guests[0])
    before = timezone.now() - timedelta(days=3999)
    assert people.expire_guests(before, limit=2) == 2
    assert people.expire_guests(before, limit=2) == 1
    assert not Person.objects.filter(pk__in=[guest.pk for guest in guests]).exists()
    assert not Conversation.objects.filter(pk=conversation.pk).exists()


def test_seen_guests_and_accounts_are_kept():
    seen, account = people.make_guest(), long_unseen(make_account())
    people.expire_guests(timezone.now() - timedelta(days=3999))
    assert Person.objects.filter(pk__in=[seen.pk, account.pk]).count() == 2


def test_erasing_leaves_nothing_and_names_the_runs():
    person, other, operator = make_account(), make_account(), make_account()
    conversation, kept = talk(person, "a secret of nobody else"), talk(other)
    LogEntry.objects.create(user=operator, object_id=str(person.pk), object_repr=str(person), action_flag=CHANGE)
    runs = list(conversation.runs.values_list("pk", flat=True))
    assert people.erase(person) == runs
    assert not Message.objects.filter(text__contains="a secret of nobody else").exists()
    assert not Person.objects.filter(pk=person.pk).exists()
    assert not LogEntry.objects.filter(object_repr__contains=person.username).exists()
    assert kept.messages.count() == 2


def test_an_export_is_json_with_only_the_askers_words():
    person, other = make_account(), make_account()
    for text in ("first “quoted”", "second\nline"):
        talk(person, text)
    talk(other, "not mine")
    exported = json.loads("".join(people.conversations_json(person, str)))
    assert [item["title"] for item in exported] == ["About first “quoted”", "About second\nline"]
    assert [message["text"] for message in exported[1]["messages"]] == ["second\nline", "You said second\nline"]
    assert exported[0]["messages"][1]["feedback"] == {"good": True, "word": "nice"}
    assert people.profile(person)["name"] == person.username
    assert people.counts(person) == {
        "conversations": 2,
        "messages": 4,
        "attachments": 0,
        "feedback": 2,
        "memories": 0,
        "api_keys": 0,
        "pictures": 0,
    }


def test_an_export_says_which_messages_are_versions():
    guest = people.make_guest()
    first = conversations.say(guest, None, "Hello", uuid4())
    Run.objects.filter(id=first.run.id).update(status=Run.Status.DONE)
    conversations.retry(guest, first.answer.id, uuid4())
    [told] = json.loads("".join(people.conversations_json(guest, str)))
    fields = [
        tuple(message.get(name) for name in ("parent", "shown", "version", "versions")) for message in told["messages"]
    ]
    question = str(first.question.id) if first.question else ""
    assert fields == [(None, True, None, None), (question, False, 1, 2), (question, True, 2, 2)]


def test_an_export_of_nothing_is_an_empty_list():
    guest = people.make_guest()
    assert json.loads("".join(people.conversations_json(guest, str))) == []
    assert json.loads("".join(people.pictures_json(guest))) == []


def test_an_export_tells_of_the_persons_pictures_and_in_which_answer_they_stand():
    person = make_account()
    first = drawn(person.pk, "a “red”\nfox")
    second = drawn(person.pk, "an owl")
    Picture.objects.filter(pk=second.pk).update(parent=first, style="ink", made=Picture.Made.RESTYLED)
    drawn(make_account().pk, "not mine")
    talk(person).messages.get(position=2).pictures.add(first)
    exported = json.loads("".join(people.pictures_json(person)))
    assert [item["prompt"] for item in exported] == ["a “red”\nfox", "an owl"]
    assert exported[1]["parent"] == exported[0]["id"] == str(first.pk)
    assert (exported[1]["style"], exported[1]["made"]) == ("ink", "restyled")
    conversations = json.loads("".join(people.conversations_json(person, str)))
    in_answer = {"id": str(first.pk), "prompt": "a “red”\nfox", "url": str(first.pk)}
    assert [message["pictures"] for message in conversations[0]["messages"]] == [[], [in_answer]]
    assert people.counts(person)["pictures"] == 2


def test_a_guest_brings_pictures_into_an_account():
    guest, account = people.make_guest(), make_account()
    picture = drawn(guest.pk)
    answer = talk(guest).messages.get(position=2)
    answer.pictures.add(picture)
    people.merge(guest, account)
    picture.refresh_from_db()
    assert picture.person == account
    assert list(answer.pictures.all()) == [picture]
    assert storage.load(picture.pk, "picture.png")


def test_erasing_takes_the_files_of_pictures_from_the_disk():
    person, other = make_account(), make_account()
    gone, kept = drawn(person.pk), drawn(other.pk)
    people.erase(person)
    assert storage.names(gone.pk) == []
    assert "picture.png" in storage.names(kept.pk)


def test_the_files_of_guests_who_stayed_away_go_with_them():
    guest = long_unseen(people.make_guest())
    picture = drawn(guest.pk)
    people.expire_guests(timezone.now() - timedelta(days=3999))
    assert storage.names(picture.pk) == []
    assert not Picture.objects.filter(pk=picture.pk).exists()


def test_instructions_follow_a_guest_into_an_account_that_has_none():
    guest, other, account = people.make_guest(), people.make_guest(), make_account()
    people.instruct(guest, "I am a baker.")
    people.instruct(other, "I am a sailor.")
    people.merge(guest, account)
    people.merge(other, account)
    account.refresh_from_db()
    assert account.instructions == "I am a baker."
