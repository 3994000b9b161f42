"""What came through the apps is kept no longer than it is needed. All of it raises DatabaseError."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from integrations.models import Delivery, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage

AT_ONCE = 500
NOTHING: dict[str, Any] = {}
NOTHING_SENT = OutboundMessage().to_json()
ENDED = (InboxEntry.State.DONE, InboxEntry.State.DROPPED)
OPEN = (OutboxEntry.State.QUEUED, OutboxEntry.State.SENDING)


def delete_deliveries(before: datetime) -> int:
    """Delete those that are older, read or given up: Meta sends none of them again. Returns how many."""
    rows = Delivery.objects.filter(received_at__lt=before).exclude(state=Delivery.State.WAITING)
    return sum(Delivery.objects.filter(pk__in=ids).delete()[0] for ids in _batches(rows))


def forget_texts(before: datetime) -> int:
    """Empty what was received and answered, or sent, and is older. Returns how many.

    The rows stay, without a word: what comes again is known by them, and which answer a reaction is for. The
    conversation keeps what was said as long as the person wants.
    """
    inbox = InboxEntry.objects.filter(state__in=ENDED, received_at__lt=before).exclude(content=NOTHING)
    outbox = OutboxEntry.objects.filter(created_at__lt=before).exclude(state__in=OPEN).exclude(content=NOTHING_SENT)
    received = sum(InboxEntry.objects.filter(pk__in=ids).update(content=NOTHING) for ids in _batches(inbox))
    sent = sum(OutboxEntry.objects.filter(pk__in=ids).update(content=NOTHING_SENT) for ids in _batches(outbox))
    return received + sent


def _batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """The keys of rows, some at a time, each once: what was changed before is not looked through again."""
    rows = rows.order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    while ids:
        yield ids
        ids = list(rows.filter(pk__gt=ids[-1]).values_list("pk", flat=True)[:AT_ONCE])
