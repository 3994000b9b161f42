"""What is kept of the apps beside conversations: given out with a person's export, and gone with the person."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from assistant.database import in_chunks
from assistant.models import Person
from integrations.models import Contact, Delivery, InboxEntry, OutboxEntry

CHUNK = 200
FAILED_CHUNK = 20


def apps_json(person: Person) -> Iterator[str]:
    """The person's contacts, with what stands in no conversation, as one JSON list, in chunks of a message each.

    Between two chunks no cursor is open.
    """
    yield "["
    for index, contact in enumerate(in_chunks(person.contacts.order_by("pk"), CHUNK)):
        head = json.dumps(_contact(contact), ensure_ascii=False).removesuffix("}")
        yield f"{',' if index else ''}\n {head}"
        yield ', "received": ['
        yield from _rows(map(_received, in_chunks(contact.inbox.filter(message=None).order_by("pk"), CHUNK)))
        yield '], "sent": ['
        yield from _rows(map(_sent, in_chunks(contact.outbox.filter(message=None).order_by("created_at", "pk"), CHUNK)))
        yield "]}"
    yield "\n]\n"


@receiver(pre_delete, sender=Person)
def forget_failed(instance: Person, **_more: Any) -> None:
    """The person goes, so failed deliveries that name a contact of theirs are emptied: nothing is read again.

    That is once they have gone: nobody waits for the database while bodies are looked through. What goes wrong then
    is logged, and these bodies go as all do, once they are old.
    """
    ids = instance.contacts.values_list("user_id", "phone")
    names = [f'"{name}"'.encode() for pair in ids for name in pair if name]
    if names:
        transaction.on_commit(partial(_empty_failed, names), robust=True)


@receiver(pre_delete, sender=Person)
def forget_in_groups(instance: Person, **_more: Any) -> None:
    """The person goes, so what they said in groups waits for no answer, and is not known by its id: that has a number
    of theirs in it."""
    rows = InboxEntry.objects.filter(contact__is_group=True)
    rows.filter(message__author=instance).delete()
    for contact in instance.contacts.all():
        theirs = Q(content__sender__user_id=contact.user_id) if contact.user_id else Q(pk=None)
        theirs |= Q(content__sender__phone=contact.phone) if contact.phone else Q(pk=None)
        rows.filter(theirs, state=InboxEntry.State.WAITING).delete()


def _empty_failed(names: Sequence[bytes]) -> None:
    failed = Delivery.objects.filter(state=Delivery.State.FAILED).exclude(body=b"").order_by("pk")
    for one in in_chunks(failed, FAILED_CHUNK):
        if any(name in bytes(one.body) for name in names):
            Delivery.objects.filter(pk=one.pk).update(body=b"")


def _rows(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for index, row in enumerate(rows):
        yield f"{',' if index else ''}\n  {json.dumps(row, ensure_ascii=False)}"


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "app": contact.channel,
        "account": contact.account,
        "user_id": contact.user_id,
        "phone": contact.phone,
        "name": contact.name,
        "username": contact.username,
        "language": contact.language,
        "conversation": str(contact.conversation_id) if contact.conversation_id else None,
        "since": contact.created_at.isoformat(),
        "connected": contact.linked_at.isoformat() if contact.linked_at else None,
        "last_wrote": contact.wrote_at.isoformat() if contact.wrote_at else None,
    }


def _received(entry: InboxEntry) -> dict[str, Any]:
    return {"kind": entry.kind, "state": entry.state, "said": entry.said_at.isoformat(), "content": entry.content}


def _sent(entry: OutboxEntry) -> dict[str, Any]:
    return {"state": entry.state, "created": entry.created_at.isoformat(), "content": entry.content}
