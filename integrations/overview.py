"""The numbers of one app for its operator: what waits, what failed, who can be written to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from integrations.models import ChannelState, Contact, Delivery, Group, GroupOrder, InboxEntry, OutboxEntry

DAY = timedelta(hours=24)
# What is counted however old it is; of all else the last day.
OPEN = (OutboxEntry.State.QUEUED, OutboxEntry.State.SENDING, OutboxEntry.State.UNKNOWN)
OPEN_ORDERS = (GroupOrder.State.WAITING, GroupOrder.State.FAILED)
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Overview:
    """How it stands with our account of one app.

    `outgoing`: how many messages are in each state, by its name; `problems`: how many of the last day failed or were
    held up, by code; `windows`: how many people wrote within a day, and can be written to; `groups`: how many groups
    are in each state, and `orders`: how many orders for them, of those that wait or failed.
    """

    state: ChannelState | None
    inbox: int
    outgoing: Mapping[str, int]
    problems: Mapping[str, int]
    windows: int
    groups: Mapping[str, int]
    orders: Mapping[str, int]


def overview(channel: str, account: str) -> Overview:
    """Count it. Raises DatabaseError."""
    since = timezone.now() - DAY
    mine = {"contact__channel": channel, "contact__account": account}
    outgoing = OutboxEntry.objects.filter(**mine).order_by()
    counted = outgoing.filter(Q(state__in=OPEN) | Q(created_at__gte=since)).values_list("state").annotate(Count("pk"))
    numbers = dict(counted)
    problems = outgoing.filter(created_at__gte=since).exclude(problem="").values_list("problem")
    people = Contact.objects.filter(channel=channel, account=account, is_group=False)
    groups = dict(Group.objects.filter(channel=channel, account=account).values_list("state").annotate(Count("pk")))
    orders = GroupOrder.objects.filter(group__channel=channel, group__account=account).order_by()
    ordered = dict(orders.values_list("state").annotate(Count("pk")))
    return Overview(
        state=ChannelState.objects.filter(channel=channel, account=account).first(),
        inbox=InboxEntry.objects.filter(**mine, state=InboxEntry.State.WAITING).count(),
        outgoing={str(state.label): numbers.get(state.value, 0) for state in OutboxEntry.State},
        problems=dict(problems.annotate(number=Count("pk")).order_by("-number")[:MOST_PROBLEMS]),
        windows=people.filter(wrote_at__gte=since).count(),
        groups={str(state.label): groups[state.value] for state in Group.State if state.value in groups},
        orders={str(state.label): ordered[state.value] for state in OPEN_ORDERS if state.value in ordered},
    )


def deliveries() -> Mapping[str, int]:
    """How many deliveries wait, and how many failed: they are of all apps together. Raises DatabaseError."""
    states = (Delivery.State.WAITING, Delivery.State.FAILED)
    return {str(state.label): Delivery.objects.filter(state=state).count() for state in states}
