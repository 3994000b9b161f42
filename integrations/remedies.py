"""What an operator does by hand: read a delivery again, send again, give up, go on after a halt.

All of it raises DatabaseError.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations import wake
from integrations.models import ChannelState, Delivery, Group, GroupOrder, OutboxEntry

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


def order_again(ids: Collection[int]) -> set[int]:
    """Have the app do with groups what it did not do. Returns which.

    Left out is what did not fail, what a later order made void, and what is for a group or a room that is gone.
    """
    failed = GroupOrder.objects.filter(pk__in=ids, state=GroupOrder.State.FAILED)
    there = failed.exclude(group__state=Group.State.GONE).exclude(kind=GroupOrder.Kind.MAKE)
    there = there.exclude(argument="", kind__in=(GroupOrder.Kind.RENAME, GroupOrder.Kind.REMOVE))
    there = there.filter(Q(group__room__isnull=False) | Q(kind=GroupOrder.Kind.DELETE))
    later = GroupOrder.objects.filter(group=OuterRef("group"), kind=OuterRef("kind"), pk__gt=OuterRef("pk"))
    keys = set(there.filter(Q(kind=GroupOrder.Kind.REMOVE) | ~Exists(later)).values_list("pk", flat=True))
    rows = GroupOrder.objects.filter(pk__in=keys, state=GroupOrder.State.FAILED)
    rows.update(state=GroupOrder.State.WAITING, attempts=0, request_id="", not_before=timezone.now())
    wake.couriers()
    return keys


def go_on(channel: str, account: str) -> bool:
    """Send for an account again, whose trouble the operator has mended. False: it was not halted."""
    rows = ChannelState.objects.filter(channel=channel, account=account).halted()
    ended = rows.update(halted="", detail="", halted_at=None)
    wake.couriers()
    return bool(ended)
