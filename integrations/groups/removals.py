"""People who are to be removed from a group. Until the app has done so nothing of the room goes into it.

The app takes a removal, and tells by webhook what came of it; where that is lost, the group's list of people tells.
Where it fails for good the room is told, and the group, whose host decides: to try again, or to let it be.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone, translation

from assistant.database import in_thread
from assistant.models import Member, Person, Room, RoomEvent
from assistant.rooms.events import Kind as EventKind
from assistant.rooms.events import lock_as_host, note
from integrations import outbox, replies, wake, wording
from integrations.base import Channel, mapping, sequence
from integrations.errors import RefusedError
from integrations.groups import lifecycle
from integrations.inbound import GroupLeft, Sender
from integrations.models import Contact, Group, GroupOrder

logger = logging.getLogger(__name__)

State, REMOVE = GroupOrder.State, GroupOrder.Kind.REMOVE
# Nobody waits longer than some minutes for the word that somebody is out, or is not.
MOST_ATTEMPTS = 5
ABSENT = "131212"
# The host lets somebody stay in the group whom the app did not remove.
LET_STAY = "let_stay"
FAILED, GOES_ON = "not_removed", "goes_on"


def ask(group: Group, contact: Contact) -> None:
    """Have somebody removed from a group, unless that is under way, or the host let them stay."""
    group.people.remove(contact)
    before = GroupOrder.objects.removals(contact).filter(group=group).last()
    if before and (before.state != State.DONE or before.problem == LET_STAY):
        return
    GroupOrder.objects.create(group=group, kind=REMOVE, argument=GroupOrder.whom(contact))
    transaction.on_commit(wake.couriers)


async def call(channel: Channel, order: GroupOrder) -> dict[str, Any]:
    """Ask the app to remove somebody; {"absent": True} where they are out already. Raises ChannelError."""
    name, value = await in_thread(_named)(order)
    group_id = order.group.group_id or ""
    if order.attempts > 1 and not await _is_in(channel, group_id, name, value):
        return {"absent": True}
    if order.attempts > MOST_ATTEMPTS:
        raise RefusedError("a removal from a group was taken, and not done")
    body = {"messaging_product": "whatsapp", "participants": [{name: value}]}
    return await channel.graph.delete(f"{group_id}/participants", body)


def done(order: GroupOrder) -> None:
    """Somebody is out of a group: what waited goes there now."""
    with transaction.atomic():
        room = lifecycle.lock(order.group)
        _end(order.group, GroupOrder.objects.filter(pk=order.pk), room)


def failed(channel: Channel, order: GroupOrder, problem: str, detail: str) -> None:
    """The app does not remove somebody: the room is told, and the group, in which nothing more is said."""
    logger.error("nobody was removed from group %s: %s", order.group_id, problem)
    group = order.group
    with transaction.atomic():
        room = lifecycle.lock(group)
        rows = GroupOrder.objects.filter(pk=order.pk, state=State.WAITING)
        contact = _contact(order)
        noted = {"problem": problem[:40], "detail": detail[:300] if contact else ""}
        # Of somebody who was erased meanwhile nothing is kept.
        argument = order.argument if contact else ""
        if not rows.update(state=State.FAILED, argument=argument, taken_until=None, **noted) or room is None:
            return
        who = contact.person if contact else None
        note(room, EventKind.UNREACHED, _member(room, who), group=FAILED)
        if group.contact:
            with translation.override(group.contact.language or settings.LANGUAGE_CODE):
                bubble = replies.say(channel, wording.group_held(lifecycle.host_name(room)))
            outbox.add(group.contact, f"{outbox.HELD}{order.pk}:{order.attempts}", [bubble])


def told(channel: Channel, group: Group, event: GroupLeft, room: Room) -> None:
    """What the app tells of who is out and who is not. The room is locked."""
    open_orders = GroupOrder.objects.holding().filter(group=group)
    gone = _of(group, event.people)
    if event.request and event.people and not event.staying:
        gone |= Q(request_id=event.request)
    _end(group, open_orders.filter(gone), room)
    waiting = open_orders.filter(state=State.WAITING)
    staying = _of(group, event.staying) | (Q(request_id=event.request) if event.request else Q(pk=None))
    if not (event.problem or event.staying):
        return
    for order in waiting.filter(staying):
        if event.problem == ABSENT:
            _end(group, group.orders.filter(pk=order.pk), room)
        elif order.attempts >= MOST_ATTEMPTS:
            failed(channel, order, event.problem, event.detail)
        else:
            later = timezone.now() + timedelta(seconds=3**order.attempts)
            noted = {"problem": event.problem[:40], "detail": event.detail[:300]}
            waiting.filter(pk=order.pk).update(not_before=later, taken_until=None, **noted)


def undecided(group: Group) -> list[GroupOrder]:
    """The removals that failed and that the host has to decide about."""
    return list(GroupOrder.objects.holding().filter(group=group, state=State.FAILED))


def can_be_tried(order: GroupOrder) -> bool:
    """Whether it is known yet who is to be removed."""
    return bool(order.argument)


def try_again(host: Person, room_id: UUID) -> None:
    """Try once more to remove those whom the app did not remove. Raises NotFoundError, NotHostError."""
    with transaction.atomic():
        lock_as_host(host, room_id)
        rows = GroupOrder.objects.holding().filter(group__room=room_id, state=State.FAILED).exclude(argument="")
        rows.update(state=State.WAITING, attempts=0, request_id="", not_before=timezone.now())
        transaction.on_commit(wake.couriers)


def let_stay(host: Person, room_id: UUID) -> None:
    """Write in a group again though somebody reads there whom the app did not remove.

    Raises NotFoundError, NotHostError.
    """
    with transaction.atomic():
        room = lock_as_host(host, room_id).conversation.room
        group = Group.objects.select_related("contact").filter(room=room).first()
        if group is not None:
            _end(group, GroupOrder.objects.holding().filter(group=group, state=State.FAILED), room, LET_STAY)


@receiver(pre_delete, sender=Contact)
def forget(instance: Contact, **_more: Any) -> None:
    """Somebody is erased: who they were in the app is kept until they are out of groups, for some minutes at most."""
    rows = GroupOrder.objects.removals(instance)
    name = instance.user_id or instance.phone or ""
    rows.filter(state=State.WAITING).update(argument=name, detail="")
    rows.exclude(state=State.WAITING).update(argument="", detail="")


def _end(group: Group, rows: QuerySet[GroupOrder], room: Room | None, problem: str = "") -> None:
    keys = list(rows.exclude(state=State.DONE).values_list("pk", flat=True))
    rows = GroupOrder.objects.filter(pk__in=keys)
    # Who was erased meanwhile was named by the app's own id until now.
    rows.exclude(argument__startswith=GroupOrder.WHOM).update(argument="")
    if not rows.update(state=State.DONE, problem=problem, detail="", taken_until=None):
        return
    if room is not None and not GroupOrder.objects.holding().filter(group=group).exists() and _was_told(room):
        note(room, EventKind.BACK, lifecycle.nobody(room), group=GOES_ON)
    transaction.on_commit(wake.couriers)


def _was_told(room: Room) -> bool:
    """Whether the room believes that nothing goes into its group."""
    told_before = RoomEvent.objects.filter(room=room, data__group__in=(FAILED, GOES_ON)).order_by("number").last()
    return told_before is not None and told_before.data["group"] == FAILED


def _of(group: Group, people: Sequence[Sender]) -> Q:
    """The removals of these people."""
    found = Q(pk=None)
    for person in people:
        ids = [one for one in (person.user_id, person.phone) if one]
        mine = Q(user_id=person.user_id) if person.user_id else Q(pk=None)
        mine |= Q(phone=person.phone) if person.phone else Q(pk=None)
        contacts = Contact.objects.filter(mine, channel=group.channel, account=group.account)
        found |= Q(argument__in=[*ids, *map(GroupOrder.whom, contacts)])
    return found


def _contact(order: GroupOrder) -> Contact | None:
    key = order.argument.removeprefix(GroupOrder.WHOM)
    if key == order.argument or not key.isdecimal():
        return None
    return Contact.objects.select_related("person").filter(pk=int(key)).first()


def _named(order: GroupOrder) -> tuple[str, str]:
    """How the app knows whom to remove. Raises RefusedError where nobody does any more."""
    argument = GroupOrder.objects.filter(pk=order.pk).values_list("argument", flat=True).first() or ""
    contact = _contact(GroupOrder(argument=argument))
    name = (contact.user_id or contact.phone or "") if contact else argument
    if not name or name.startswith(GroupOrder.WHOM):
        raise RefusedError("nobody knows any more who is to be removed from a group")
    return ("user" if name.isdigit() else "user_id"), name


async def _is_in(channel: Channel, group_id: str, name: str, value: str) -> bool:
    """Whether somebody is in a group, or may be. Raises ChannelError."""
    answer = await channel.graph.get(group_id, fields="participants")
    people = answer.get("participants")
    key = "wa_id" if name == "user" else "user_id"
    known = [mapping(person).get(key) for person in sequence(people)]
    return not isinstance(people, list) or value in known or not all(known)


def _member(room: Room, person: Person | None) -> Member:
    """In whose place an event stands: of somebody who was in the room, by the name that they had there."""
    was = RoomEvent.objects.filter(room=room, person=person, kind=EventKind.REMOVED).last() if person else None
    return Member(conversation=room.conversation, person=person, name=was.name if was else "")
