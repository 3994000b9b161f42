"""Contacts as the tests make them: each is somebody of whom nobody has heard."""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from integrations import contacts, inbox
from integrations.inbound import InboundMessage, Sender
from integrations.models import Contact, InboxEntry

ACCOUNT = "1000"

numbers = count(1)


def stranger(**ids: str) -> Sender:
    """Somebody new, by a user id unless `ids` say otherwise."""
    return Sender(**(ids or {"user_id": f"DE.{uuid4().hex}"}), name="Ada")


def contact(**ids: str) -> Contact:
    """Somebody who has just written."""
    with transaction.atomic():
        found = contacts.find_or_make("whatsapp", ACCOUNT, stranger(**ids))
        contacts.wrote(found, timezone.now())
    return found


def message(of: Contact, text: str = "Hello", at: datetime | None = None, **fields: Any) -> InboundMessage:
    """A message of a contact's."""
    values = {"id": f"wamid.{uuid4().hex}", "text": text} | fields
    return InboundMessage(ACCOUNT, Sender(of.user_id or "", of.phone or ""), at or timezone.now(), **values)


def says(of: Contact, text: str = "Hello", **fields: Any) -> InboxEntry:
    """The entry of a message of a contact's."""
    event = message(of, text, **fields)
    inbox.add(of, event)
    return InboxEntry.objects.get(channel=of.channel, external_id=event.id)
