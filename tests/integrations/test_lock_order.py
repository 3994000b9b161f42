"""Two transactions meet at a room and a contact of it: whoever takes both takes the room first, so neither is lost."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from assistant.models import Member, Person, Room
from assistant.rooms import events, membership, talk
from assistant.rooms.talk import Words
from integrations import contacts, inbox, intake, links, outbox, rooms
from integrations.dialogue import Dialogue
from integrations.inbound import ContactChange, InboundMessage, Sender
from integrations.models import Contact, LinkCode
from integrations.registry import channels
from integrations.talk import Reply
from tests.clients import make_account
from tests.integrations.linking import code_for
from tests.integrations.readings import our_account, stored, text, whatsapp
from tests.locks import Other
from tests.servers import eventually

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time, so no two can wait for each other"
)


@pytest.fixture(autouse=True)
def account(settings: Settings) -> Iterator[str]:
    with our_account(settings) as number:
        yield number


@pytest.fixture
def room() -> Room:
    return membership.make(people.make_guest(), "Ana", "Ski trip")


@pytest.fixture
def bo(account: str, room: Room) -> Contact:
    """Somebody in the room by WhatsApp."""
    with transaction.atomic():
        found = contacts.find_or_make("whatsapp", account, Sender(user_id=f"DE.{uuid4().hex}", name="Bo"))
        contacts.wrote(found, timezone.now())
    contacts.update(found, expects={"room": room.token})
    rooms.join(channels()["whatsapp"], found, "Bo")
    return found


def meets(act: Callable[[], object], room: Room, *people_of_it: Contact) -> None:
    """Something happens in a room, which its contacts miss, while `act` goes on."""
    other = Other(act)
    with transaction.atomic():
        events.lock_room(room.pk)
        other.start()
        eventually(other.waits)
        for contact in people_of_it:
            Contact.objects.filter(pk=contact.pk).update(missed_after=1)
    other.ended()
    for contact in people_of_it:
        assert Contact.objects.filter(pk=contact.pk, missed_after=1).exists()


def said(person: Person, room: Room) -> str:
    """Words that WhatsApp knows by the returned id, as everybody there was sent them."""
    message = talk.say(person, room.pk, Words("Hello", uuid4())).event.message
    assert message
    key = f"wamid.{uuid4().hex}"
    for entry in message.outbox_entries.all():
        outbox.sent(entry, f"{key}.{entry.contact_id}")
    return key


def wrote(contact: Contact, room: Room) -> str:
    """The same of what a contact wrote."""
    key = f"wamid.{uuid4().hex}"
    inbox.add(
        contact,
        InboundMessage(contact.account, Sender(contact.user_id or ""), timezone.now(), id=key, text="Oh"),
    )
    (entry,) = inbox.take_group(contact)
    assert entry.turn
    message = talk.say(contact.person, room.pk, Words("Oh", entry.turn)).event.message
    assert message
    inbox.note_message(entry.turn, message)
    return key


def item(of: Contact, kind: str, **more: Any) -> dict[str, Any]:
    """Something in a delivery that is no message."""
    plain = text("", from_user_id=of.user_id)
    return {**{name: plain[name] for name in ("id", "timestamp")}, "from_user_id": of.user_id, "type": kind, kind: more}


def read(body: object) -> None:
    assert intake.read_all([stored(body).pk]) == []


def test_a_reaction_waits_for_the_room_before_it_takes_the_contact(account: str, room: Room, bo: Contact) -> None:
    assert room.host
    key = said(room.host, room)
    body = whatsapp(account, item(bo, "reaction", message_id=f"{key}.{bo.pk}", emoji="👍"))
    meets(lambda: read(body), room, bo)
    assert room.events.filter(kind="reacted").count() == 1


def test_so_do_words_that_are_taken_back(account: str, room: Room, bo: Contact) -> None:
    body = whatsapp(account, item(bo, "revoke", original_message_id=wrote(bo, room)))
    meets(lambda: read(body), room, bo)
    assert not room.events.filter(kind="said").exists()


def test_so_does_a_message_before_a_reaction_in_one_delivery(account: str, room: Room, bo: Contact) -> None:
    assert room.host
    key = said(room.host, room)
    words = {**text("", "Hello"), "from_user_id": bo.user_id}
    del words["from"]
    body = whatsapp(account, words, item(bo, "reaction", message_id=f"{key}.{bo.pk}", emoji="👍"))
    meets(lambda: read(body), room, bo)
    assert room.events.filter(kind="reacted").count() == 1


def test_so_does_a_message_that_was_lost(account: str, room: Room, bo: Contact) -> None:
    assert room.host
    key = said(room.host, room)
    status = {
        "id": f"{key}.{bo.pk}",
        "status": "failed",
        "timestamp": text("")["timestamp"],
        "recipient_user_id": bo.user_id,
        "errors": [{"code": 131026, "title": "Message undeliverable"}],
    }
    words = {**text("", "Hello"), "from_user_id": bo.user_id}
    del words["from"]
    meets(lambda: read(whatsapp(account, words, statuses=[status])), room, bo)


def two_of_one(account: str, room: Room, bo: Contact) -> Contact:
    """Another contact, by a number, who is in the room too and turns out to be Bo."""
    with transaction.atomic():
        other = contacts.find_or_make("whatsapp", account, Sender(phone=str(uuid4().int)[:14], name="Bo"))
    contacts.update(other, expects={"room": room.token})
    rooms.join(channels()["whatsapp"], other, "Bo too")
    return other


def test_so_do_two_contacts_that_turn_out_to_be_one(account: str, room: Room, bo: Contact) -> None:
    other = two_of_one(account, room, bo)

    def both() -> None:
        with transaction.atomic():
            contacts.find("whatsapp", account, Sender(bo.user_id or "", other.phone or ""))

    meets(both, room, bo)
    assert not Contact.objects.filter(pk=other.pk).exists()
    assert Member.objects.filter(conversation=room.pk).count() == 2


def test_so_does_somebody_whose_ids_change(account: str, room: Room, bo: Contact) -> None:
    other = two_of_one(account, room, bo)
    change = ContactChange(account, Sender(bo.user_id or ""), timezone.now(), "", other.phone or "")

    def changes() -> None:
        with transaction.atomic():
            contacts.change("whatsapp", change)

    meets(changes, room, bo)
    assert not Contact.objects.filter(pk=other.pk).exists()


def test_so_does_a_contact_that_becomes_one_with_somebody_of_the_site(room: Room, bo: Contact) -> None:
    ada = make_account()
    assert room.token
    membership.join(ada, room.token, "Ada")
    link, code = code_for(ada)
    links.handle(bo, code)
    LinkCode.objects.filter(pk=link.pk).update(contact_agreed_at=timezone.now())
    meets(lambda: links.agree(ada, link.pk), room, bo)
    bo.refresh_from_db()
    assert bo.person == ada


def test_an_answer_takes_the_contact_before_its_entries(account: str, bo: Contact) -> None:
    """As words that are taken back do."""
    key = f"wamid.{uuid4().hex}"
    inbox.add(bo, InboundMessage(account, Sender(bo.user_id or ""), timezone.now(), id=key, text="Hello"))
    entries = inbox.take_group(bo)
    nobody: Any = SimpleNamespace(runtime=None)
    dialogue = Dialogue(nobody, channels()["whatsapp"], bo)
    other = Other(lambda: dialogue._conclude(entries, Reply("said", [])))
    with transaction.atomic():
        assert contacts.find("whatsapp", account, contacts.sender(bo))
        other.start()
        eventually(other.waits)
        inbox.unsend(bo, key)
    other.ended()
