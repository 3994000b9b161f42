"""What an operator does by hand: read a delivery again, send again, give up, go on after a halt.

All of it raises DatabaseError.
"""

from collections.abc import Collection
from uuid import UUID

from django.utils import timezone

from integrations import wake
from integrations.models import ChannelState, Delivery, OutboxEntry

State = OutboxEntry.State
# What came to an end that an operator may want otherwise.
SENT_AGAIN = (State.FAILED, State.UNKNOWN)
GIVEN_UP = (State.QUEUED, State.UNKNOWN)


def replay(ids: Collection[int]) -> int:
    """Have the couriers read deliveries again: what was in them is known by its ids, and comes once. Returns how many.

    Those whose body is no longer kept are left out.
    """
    rows = Delivery.objects.filter(id__in=ids).exclude(body=b"")
    number = rows.update(state=Delivery.State.WAITING, attempts=0, taken_until=None)
    wake.couriers()
    return number


def send_again(ids: Collection[UUID]) -> int:
    """Queue messages that failed, or that may have been sent: these may arrive twice. Returns how many."""
    rows = OutboxEntry.objects.filter(pk__in=ids, state__in=SENT_AGAIN)
    values = {"problem": "", "detail": "", "external_id": "", "sent_at": None}
    number = rows.update(state=State.QUEUED, attempts=0, not_before=timezone.now(), **values)
    wake.couriers()
    return number


def give_up(ids: Collection[UUID]) -> int:
    """Send messages no more that wait, or of which nobody knows whether they arrived. Returns how many."""
    rows = OutboxEntry.objects.filter(pk__in=ids, state__in=GIVEN_UP)
    return rows.update(state=State.FAILED, problem="given_up", detail="")


def go_on(channel: str, account: str) -> bool:
    """Send for an account again, whose trouble the operator has mended. False: it was not halted."""
    rows = ChannelState.objects.filter(channel=channel, account=account).halted()
    ended = rows.update(halted="", detail="", halted_at=None)
    wake.couriers()
    return bool(ended)
