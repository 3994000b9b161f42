"""A chat in an app and a person of the site become one, and part again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import members, memories, people
from assistant.errors import NotFoundError
from assistant.models import Message, Person
from imagine.models import Picture
from integrations import links
from integrations.errors import AlreadyLinkedError, LinkEndedError
from integrations.models import Contact, InboxEntry, LinkCode, OutboxEntry
from integrations.outbound import OutboundMessage
from tests.clients import make_account
from tests.integrations.linking import code_for, join, make_contact, sent_to, tap, token_in
from tests.servers import Valkey


@pytest.fixture(autouse=True)
def redis_here(settings: Settings, valkey: Valkey) -> None:
    settings.REDIS_URL = valkey.url
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def said_by(person: Person) -> set[str]:
    conversations = members.listed(person)
    return set(Message.objects.filter(conversation__in=conversations).values_list("text", flat=True))


def test_from_the_app_the_page_agrees_and_then_the_app() -> None:
    contact, ada = make_contact(said="A llama at dawn"), make_account()
    picture = Picture.objects.create(
        person=contact.person, made=Picture.Made.DRAWN, prompt="a llama", width=8, height=8
    )
    offered = links.handle(contact, "")
    assert "ten minutes" in offered.text
    links.accept(ada, token_in(offered))
    contact.refresh_from_db()
    assert contact.person.is_guest
    (question,) = sent_to(contact)
    assert f"“{ada.username}”" in question.text
    assert [choice.title for choice in question.choices] == ["Connect", "Do not connect"]
    answer = tap(contact, question)
    assert f"connected with “{ada.username}”" in answer.text
    # The caller's own contact is up to date.
    assert contact.person == ada
    assert contact.linked_at is not None
    assert said_by(ada) == {"A llama at dawn", "You said A llama at dawn"}
    picture.refresh_from_db()
    assert picture.person == ada
    assert contact.conversation in members.listed(ada)
    assert not LinkCode.objects.filter(person=ada).exists()


def test_from_the_site_the_code_is_typed_and_both_agree_in_either_order() -> None:
    for app_first in (True, False):
        contact, ada = make_contact(said="Hello there"), make_account()
        link, code = code_for(ada)
        question = links.handle(contact, code)
        assert f"“{ada.username}”" in question.text
        assert "Did somebody send you this code?" in question.text
        if app_first:
            assert "Now confirm it on the page" in tap(contact, question).text
            assert links.agree(ada, link.pk)
            assert f"connected with “{ada.username}”" in sent_to(contact)[-1].text
        else:
            assert not links.agree(ada, link.pk)
            assert f"connected with “{ada.username}”" in tap(contact, question).text
        contact.refresh_from_db()
        assert contact.person == ada
        assert "Hello there" in said_by(ada)


@pytest.mark.parametrize("style", ["{}", " {} ", "lower", "no dash", "wide"])
def test_a_code_is_read_as_people_type_it(style: str) -> None:
    contact, (_link, code) = make_contact(), code_for(make_account())
    typed = {
        "lower": code.lower(),
        "no dash": code.replace("-", ""),
        "wide": "".join(chr(ord(letter) + 0xFEE0) for letter in code),
    }.get(style, style.format(code))
    assert links.handle(contact, typed).choices


def test_a_guest_of_the_browser_and_the_contact_become_one_guest_and_go_along_at_sign_in() -> None:
    contact, guest, ada = make_contact(said="From the phone"), people.make_guest(), make_account()
    join(contact, guest)
    assert list(links.linked(guest)) == [contact]
    people.merge(guest, into=ada)
    contact.refresh_from_db()
    assert contact.person == ada
    assert list(links.linked(ada)) == [contact]
    assert "From the phone" in said_by(ada)


def test_a_guest_who_makes_an_account_keeps_the_contact() -> None:
    contact, guest = make_contact(), people.make_guest()
    join(contact, guest)
    assert people.claim(guest)
    assert "connected with" in links.handle(contact, "").text


def test_what_the_guest_had_begun_ends_with_the_sign_in() -> None:
    guest, ada, contact = people.make_guest(), make_account(), make_contact()
    links.accept(guest, token_in(links.handle(contact, "")))
    (question,) = sent_to(contact)
    people.merge(guest, into=ada)
    assert "This has ended" in tap(contact, question).text
    contact.refresh_from_db()
    assert contact.person != ada


def test_memories_go_along() -> None:
    contact, ada = make_contact(), make_account()
    memories.add(contact.person, "I am vegetarian")
    join(contact, ada)
    assert [memory.text for memory in memories.of(ada)] == ["I am vegetarian"]


def test_a_chat_that_has_an_account_is_refused_kindly() -> None:
    contact, ada, bo = make_contact(), make_account(), make_account()
    token = token_in(links.handle(contact, ""))
    join(contact, ada)
    for answer in (links.handle(contact, ""), links.handle(contact, code_for(bo)[1])):
        assert f"connected with “{ada.username}”" in answer.text
        assert answer.choices == ()
    with pytest.raises(LinkEndedError):
        links.accept(bo, token)
    assert list(links.linked(bo)) == []


def test_a_person_declines_on_either_side() -> None:
    contact, ada = make_contact(), make_account()
    links.accept(ada, token_in(links.handle(contact, "")))
    question = sent_to(contact)[-1]
    assert tap(contact, question, "Do not connect").text == "Nothing was connected."
    assert "This has ended" in tap(contact, question).text
    link, code = code_for(ada)
    question = links.handle(contact, code)
    links.decline(ada, link.pk)
    assert "This has ended" in tap(contact, question).text
    contact.refresh_from_db()
    assert contact.person.is_guest


def test_the_same_tap_again_says_that_it_is_done() -> None:
    contact, ada = make_contact(), make_account()
    links.accept(ada, token_in(links.handle(contact, "")))
    (question,) = sent_to(contact)
    assert tap(contact, question).text == tap(contact, question).text


def test_the_page_shows_the_same_code_until_another_is_made() -> None:
    ada = make_account()
    link, code = code_for(ada)
    found = links.current(ada)
    assert found == link
    assert links.code_of(found) == code
    assert code.replace("-", "") not in str(LinkCode.objects.filter(pk=link.pk).values())
    assert code_for(ada)[1] != code
    assert "This is no code" in links.handle(make_contact(), code).text
    LinkCode.objects.filter(person=ada).update(ends_at=timezone.now())
    assert links.current(ada) is None


def part_from_app(contact: Contact, person: Person) -> str:
    return links.unlink(contact).text


def part_from_site(contact: Contact, person: Person) -> str:
    links.disconnect(person, contact.pk)
    return sent_to(contact)[-1].text


@pytest.mark.parametrize("part", [part_from_app, part_from_site])
def test_a_chat_that_is_disconnected_begins_anew_and_the_history_stays(part: object) -> None:
    contact, ada = make_contact(said="Stays with Ada"), make_account()
    join(contact, ada)
    assert contact.conversation is not None
    message = contact.conversation.messages.first()
    queued = OutboxEntry.objects.create(
        contact=contact, cause="run:1", place=0, content=OutboundMessage("late").to_json(), message=message
    )
    received = InboxEntry.objects.create(
        contact=contact, channel="whatsapp", external_id=f"wamid.{contact.pk}", kind="message",
        content={"text": "Stays with Ada"}, message=message, said_at=timezone.now(),
    )  # fmt: skip
    assert "no longer connected" in part(contact, ada)  # type: ignore[operator]
    contact.refresh_from_db()
    assert contact.person != ada
    assert contact.person.is_guest
    assert (contact.conversation, contact.linked_at) == (None, None)
    assert "Stays with Ada" in said_by(ada)
    assert said_by(contact.person) == set()
    # An answer of the account's is sent no more, and nothing leads back into the conversation.
    queued.refresh_from_db()
    received.refresh_from_db()
    assert (queued.state, queued.problem, queued.message) == ("failed", "unlinked", None)
    assert received.message is None
    assert "connected with nobody" in links.unlink(contact).text
    with pytest.raises(NotFoundError):
        links.disconnect(ada, contact.pk)


@pytest.mark.parametrize("part", [part_from_app, part_from_site])
def test_nothing_of_the_account_is_left_with_a_chat_that_is_disconnected(part: object) -> None:
    contact, ada = make_contact(), make_account()
    join(contact, ada)
    secret = {"contact": contact, "content": OutboundMessage("a secret").to_json(), "place": 0}
    for cause, state in (("turn:1", "read"), ("turn:2", "queued"), ("turn:3", "failed"), ("turn:4", "unknown")):
        OutboxEntry.objects.create(cause=cause, state=state, **secret)
    for state in ("done", "dropped", "waiting"):
        InboxEntry.objects.create(
            contact=contact, channel="whatsapp", external_id=f"{state}.{contact.pk}", kind="message", state=state,
            content={"text": f"{state} words"}, said_at=timezone.now(),
        )  # fmt: skip
    part(contact, ada)  # type: ignore[operator]
    answers = contact.outbox.filter(cause__startswith="turn:").order_by("cause")
    assert [each.state for each in answers] == ["read", "failed", "failed", "unknown"]
    assert "secret" not in str(list(contact.outbox.values()))
    # What they say from now on, and what waits, is answered to the chat.
    assert [entry.content for entry in contact.inbox.order_by("pk")] == [{}, {}, {"text": "waiting words"}]


def test_nobody_is_joined_with_somebody_who_was_erased_meanwhile() -> None:
    contact, ada = make_contact(), make_account()
    links.accept(ada, token_in(links.handle(contact, "")))
    (question,) = sent_to(contact)
    people.erase(ada)
    assert "This has ended" in tap(contact, question).text
    with pytest.raises(NotFoundError):
        links.make(ada)


def test_a_code_that_the_contact_of_an_account_claimed_before_joins_nobody() -> None:
    contact, ada, bo = make_contact(), make_account(), make_account()
    link, code = code_for(bo)
    links.handle(contact, code)
    # While Bo thinks, the chat becomes Ada's otherwise.
    Contact.objects.filter(pk=contact.pk).update(person=ada, linked_at=timezone.now())
    with pytest.raises(AlreadyLinkedError):
        links.agree(bo, link.pk)


def test_codes_that_have_ended_are_swept() -> None:
    old, _code = code_for(make_account())
    LinkCode.objects.filter(pk=old.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    code_for(make_account())
    assert not LinkCode.objects.filter(pk=old.pk).exists()
