"""What is kept of the apps goes along with an export, and with the person."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import AsyncClient
from django.utils import timezone

from assistant import people
from assistant.models import Person
from integrations import records
from integrations.models import Contact, Delivery, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage
from tests.clients import browser, make_account
from tests.integrations.linking import join, make_contact

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


def receive(contact: Contact, text: str, **fields: Any) -> InboxEntry:
    return InboxEntry.objects.create(
        contact=contact, channel=contact.channel, external_id=str(uuid4()), kind="message", content={"text": text},
        said_at=timezone.now(), **fields,
    )  # fmt: skip


def answer(contact: Contact, text: str, **fields: Any) -> OutboxEntry:
    content = OutboundMessage(text).to_json()
    return OutboxEntry.objects.create(contact=contact, cause=str(uuid4()), place=0, content=content, **fields)


def deliver(contact: Contact, state: str) -> Delivery:
    body = json.dumps({"from": contact.phone, "from_user_id": contact.user_id, "text": str(uuid4())}).encode()
    return Delivery.objects.create(digest=uuid4().hex, body=body, signer="meta", state=state)


def somebody() -> tuple[Person, Contact]:
    """An account with a chat that is connected, in which each kind of row stands."""
    ada, contact = make_account(), make_contact("Ana “Quipu”", said="In a conversation")
    assert contact.conversation is not None
    receive(contact, "In a conversation", message=contact.conversation.messages.first())
    receive(contact, "Not in one yet")
    answer(contact, "You said it", message=contact.conversation.messages.last())
    answer(contact, "Shall I draw it?")
    join(contact, ada)
    return ada, contact


async def test_the_export_holds_what_came_from_the_apps(process: Any) -> None:
    ada, contact = await sync_to_async(somebody)()
    client = AsyncClient()
    await client.aforce_login(ada)
    response: Any = await client.post("/you/export")
    pieces = [piece async for piece in cast(AsyncIterator[bytes], response.streaming_content)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    (kept,) = json.loads(archive.read("apps.json"))
    assert (kept["app"], kept["user_id"], kept["phone"]) == ("whatsapp", contact.user_id, contact.phone)
    assert kept["name"] == "Ana “Quipu”"
    assert kept["connected"] == contact.linked_at.isoformat() if contact.linked_at else False
    assert kept["conversation"] == str(contact.conversation_id)
    assert [entry["content"]["text"] for entry in kept["received"]] == ["Not in one yet"]
    texts = [entry["content"]["text"] for entry in kept["sent"]]
    assert "Shall I draw it?" in texts
    assert "You said it" not in texts
    assert "In a conversation" in archive.read("conversations.json").decode()


def test_several_chats_and_none_are_lists_too() -> None:
    ada = make_account()
    assert json.loads("".join(records.apps_json(ada))) == []
    for name in ("Ana", "Bo"):
        join(make_contact(name), ada)
    assert [one["name"] for one in json.loads("".join(records.apps_json(ada)))] == ["Ana", "Bo"]


def rows(contact: Contact) -> list[int]:
    kinds = (Contact.objects.filter(pk=contact.pk), InboxEntry.objects.filter(contact=contact.pk))
    return [*(kind.count() for kind in kinds), OutboxEntry.objects.filter(contact=contact.pk).count()]


def test_an_erased_person_is_gone_from_the_apps_rows_too() -> None:
    ada, contact = somebody()
    other = make_contact()
    failed, others, done = deliver(contact, "failed"), deliver(other, "failed"), deliver(contact, "done")
    assert min(rows(contact)) > 0
    assert "1 connected chat in an app" in browser(ada).post("/you/erase").text
    assert browser(ada).post("/you/erase", {"sure": "yes"}).status_code == 302
    assert rows(contact) == [0, 0, 0]
    for delivery in (failed, others, done):
        delivery.refresh_from_db()
    assert bytes(failed.body) == b""
    assert bytes(others.body) != b""


def test_bodies_are_not_looked_through_while_somebody_is_being_erased() -> None:
    """Whoever writes would wait for the database."""
    _ada, contact = somebody()
    failed = deliver(contact, "failed")
    with transaction.atomic():
        people.erase(contact.person)
        failed.refresh_from_db()
        assert bytes(failed.body) != b""
    failed.refresh_from_db()
    assert bytes(failed.body) == b""


def test_a_guest_of_an_app_who_stays_away_is_erased_with_the_contact() -> None:
    contact = make_contact(said="Long ago")
    long_ago = timezone.now() - timedelta(days=5000)
    Person.objects.filter(pk=contact.person_id).update(last_seen_at=long_ago)
    people.expire_guests(long_ago + timedelta(days=1))
    assert rows(contact) == [0, 0, 0]


def test_a_merge_forgets_no_delivery() -> None:
    contact, ada = make_contact(), make_account()
    failed = deliver(contact, "failed")
    join(contact, ada)
    failed.refresh_from_db()
    assert bytes(failed.body) != b""
