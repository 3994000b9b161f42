"""What the app has to do with groups, as rows that a courier carries out; a killed one leaves them to another.

A group is made by a request whose outcome comes by webhook. Where that is lost, and where nobody knows whether a
request was taken, the app's list of groups is looked through before another is made. All else may be done twice.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from assistant.database import in_thread
from assistant.models import Room
from integrations import wake
from integrations.base import Channel, mapping, sequence
from integrations.errors import (
    ChannelError,
    ContactGoneError,
    PermissionMissingError,
    SuspendedError,
    TemporaryError,
    UncertainError,
)
from integrations.groups import lifecycle, removals
from integrations.inbound import identifier, moment
from integrations.models import ChannelState, Group, GroupOrder

logger = logging.getLogger(__name__)

Kind, State = GroupOrder.Kind, GroupOrder.State
Json = Mapping[str, Any]
# What a killed courier took is free again then.
TAKEN = timedelta(seconds=40)
# The word on a group that was asked for comes within seconds; after this it is looked for.
WORD_SECONDS = 30
MOST_ATTEMPTS = 8
LONGEST_PAUSE = 900
LISTED = "1024"
SUBJECT_CHARACTERS = 128
PRODUCT = {"messaging_product": "whatsapp"}
# A clock of another machine may be so far from ours.
CLOCKS = timedelta(minutes=2)


def add(group: Group, kind: GroupOrder.Kind, argument: str = "") -> None:
    """Have the app do something with a group, after what was asked for before."""
    GroupOrder.objects.create(group=group, kind=kind, argument=argument[:200])
    transaction.on_commit(wake.couriers)


@receiver(pre_delete, sender=Room)
def end(instance: Room, **_more: Any) -> None:
    """A room ends: its group too, and what was to be said there is gone at once."""
    group = Group.objects.select_related("contact__person").filter(room=instance.pk).first()
    if group is None:
        return
    changing = group.orders.exclude(kind=Kind.MAKE)
    changing.update(argument="", detail="")
    changing.filter(state=State.WAITING).update(state=State.FAILED, problem="ended")
    if group.contact:
        group.contact.person.delete()
    if group.state == Group.State.GONE:
        group.delete()
    else:
        add(group, Kind.DELETE)


async def carry_out(channel: Channel) -> bool:
    """Carry out the next order. False where none can be now. Raises DatabaseError."""
    order = await in_thread(_claim)(channel)
    if order is None:
        return False
    try:
        answer = await _call(channel, order)
    except ChannelError as error:
        await in_thread(_failed)(channel, order, error)
    else:
        await in_thread(_taken)(order, answer)
    return True


def _claim(channel: Channel) -> GroupOrder | None:
    now = timezone.now()
    free = Q(taken_until=None) | Q(taken_until__lt=now)
    waiting = GroupOrder.objects.filter(state=State.WAITING)
    earlier = waiting.filter(group=OuterRef("group"), pk__lt=OuterRef("pk"))
    ours = waiting.filter(group__channel=channel.name, group__account=channel.account)
    due = ours.filter(~Exists(earlier), free, not_before__lte=now).order_by("id").values_list("pk", flat=True)
    for pk in list(due[:10]):
        rows = GroupOrder.objects.filter(free, pk=pk, state=State.WAITING)
        if rows.update(taken_until=now + TAKEN, attempts=F("attempts") + 1):
            return GroupOrder.objects.select_related("group").get(pk=pk)
    return None


async def _call(channel: Channel, order: GroupOrder) -> Json:
    """Ask the app. Raises ChannelError."""
    group, graph = order.group, channel.graph
    if order.kind == Kind.MAKE:
        return await _make(channel, order)
    if not group.group_id:
        raise ContactGoneError("the group was not made")
    match order.kind:
        case Kind.RENAME:
            return await graph.post(group.group_id, {**PRODUCT, "subject": order.argument})
        case Kind.RELINK:
            return await graph.post(f"{group.group_id}/invite_link", PRODUCT)
        case Kind.REMOVE:
            return await removals.call(channel, order)
        case _:
            return await graph.delete(group.group_id)


async def _make(channel: Channel, order: GroupOrder) -> Json:
    """Ask for a group, unless it is there already: a request may have been taken, or its webhook lost."""
    group = order.group
    if group.group_id:
        return {}
    if order.attempts > 1:
        if found := await _made(channel, group):
            return found
        if order.request_id and order.attempts < MOST_ATTEMPTS // 2:
            raise TemporaryError("no word yet of a group that was asked for", WORD_SECONDS)
    body = {**PRODUCT, "subject": group.subject, "join_approval_mode": "auto_approve"}
    return await channel.graph.post(f"{channel.account}/groups", body)


async def _made(channel: Channel, group: Group) -> Json | None:
    """A group of ours that the app has and we do not know, with the subject that we asked for; with its link."""
    answer = await channel.graph.get(f"{channel.account}/groups", limit=LISTED)
    data = answer.get("data")
    rows = sequence(data) if isinstance(data, list) else sequence(mapping(data).get("groups"))
    candidates = [mapping(row) for row in rows if mapping(row).get("subject") == group.subject]
    ids = [identifier(row.get("id")) for row in candidates if _since(row) >= group.created_at - CLOCKS]
    unknown = await in_thread(_unknown)(group, ids)
    if not unknown:
        return None
    link = await channel.graph.get(f"{unknown}/invite_link")
    return {"group_id": unknown, "invite_link": link.get("invite_link")}


def _unknown(group: Group, ids: list[str]) -> str:
    rows = Group.objects.filter(channel=group.channel, account=group.account, group_id__in=ids)
    known = set(rows.values_list("group_id", flat=True))
    return next((one for one in ids if one and one not in known), "")


def _since(row: Json) -> datetime:
    try:
        return moment(row.get("created_at"))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _taken(order: GroupOrder, answer: Json) -> None:
    """The app has taken an order."""
    group, request = order.group, identifier(answer.get("request_id"))
    rows = GroupOrder.objects.filter(pk=order.pk, state=State.WAITING)
    with transaction.atomic():
        if order.kind == Kind.MAKE and not group.group_id:
            link = identifier(answer.get("invite_link"), lifecycle.LINK_CHARACTERS)
            if found := identifier(answer.get("group_id")):
                lifecycle.made(group, found, link)
                return
            # Done is it once the webhook says so.
            later = timezone.now() + timedelta(seconds=WORD_SECONDS)
            rows.update(request_id=request, not_before=later, taken_until=None)
            return
        if order.kind == Kind.REMOVE:
            if answer.get("absent"):
                removals.done(order)
            else:
                # Done is it once the webhook says so.
                later = timezone.now() + timedelta(seconds=WORD_SECONDS)
                rows.update(request_id=request, not_before=later, taken_until=None)
            return
        rows.update(state=State.DONE, request_id=request, taken_until=None)
        if order.kind == Kind.RELINK:
            link = identifier(answer.get("invite_link"), lifecycle.LINK_CHARACTERS)
            Group.objects.filter(pk=group.pk).update(link=link)
        if order.kind == Kind.DELETE:
            group.delete()


def _failed(channel: Channel, order: GroupOrder, error: ChannelError) -> None:
    """Try again later, or note that it came to nothing."""
    noted = {"problem": error.code, "detail": str(error)[:300], "taken_until": None}
    rows = GroupOrder.objects.filter(pk=order.pk, state=State.WAITING)
    if isinstance(error, SuspendedError):
        # Nothing is said there meanwhile; it is due at once when the app opens the group again.
        later = timezone.now() + timedelta(seconds=LONGEST_PAUSE)
        rows.update(not_before=later, attempts=F("attempts") - 1, **noted)
        return
    most = removals.MOST_ATTEMPTS if order.kind == Kind.REMOVE else MOST_ATTEMPTS
    if isinstance(error, TemporaryError | UncertainError) and order.attempts < most:
        seconds = max(getattr(error, "seconds", 0), min(3**order.attempts, LONGEST_PAUSE))
        rows.update(not_before=timezone.now() + timedelta(seconds=seconds), **noted)
        return
    if order.kind == Kind.REMOVE:
        if isinstance(error, ContactGoneError):
            # They are not in it, or there is no such group: as it should be.
            removals.done(order)
        else:
            removals.failed(channel, order, error.code, str(error))
        return
    if isinstance(error, ContactGoneError) and order.kind == Kind.DELETE:
        # There is no such group: as it should be.
        rows.update(state=State.DONE, **noted)
    else:
        logger.error("a group could not be changed, %s: %s", order.kind, error)
        rows.update(state=State.FAILED, **noted)
    if order.kind == Kind.MAKE:
        if isinstance(error, PermissionMissingError):
            accounts = ChannelState.objects.filter(channel=order.group.channel, account=order.group.account)
            accounts.update(official=False, official_at=timezone.now())
        with transaction.atomic():
            lifecycle.gone(order.group, error.code)
    elif order.kind == Kind.DELETE and isinstance(error, ContactGoneError):
        order.group.delete()
