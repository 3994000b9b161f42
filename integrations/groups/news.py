"""What WhatsApp tells of its groups, done: made, joined, left, renamed, suspended, deleted. Twice is as once.

All is synchronous, and raises DatabaseError.
"""

from django.db import transaction

from assistant.models import Conversation
from assistant.names import clean_name
from assistant.rooms import membership
from assistant.rooms.events import Kind, note
from integrations.base import Channel
from integrations.groups import hearing, lifecycle, members, orders, removals, telling
from integrations.groups.hearing import Said
from integrations.inbound import (
    GroupEnded,
    GroupJoined,
    GroupLeft,
    GroupMade,
    GroupNews,
    GroupRenamed,
    GroupSuspended,
)
from integrations.models import Group, GroupOrder


def apply(channel: Channel, event: GroupNews | Said) -> bool:
    """Do what was said or happened in a group. False where it is none of ours."""
    if isinstance(event, GroupMade):
        return _made(channel, event)
    group = lifecycle.find(channel.name, event.account, event.group)
    if group is None:
        return False
    if group.state == Group.State.GONE:
        # It comes late, and changes nothing in a room that goes on without it.
        return True
    with transaction.atomic():
        if isinstance(event, GroupNews):
            _happened(channel, group, event)
        else:
            hearing.receive(group, event)
    return True


def _made(channel: Channel, event: GroupMade) -> bool:
    group = _asked_for(channel, event)
    if group is None:
        return False
    if event.problem:
        group.orders.filter(kind=GroupOrder.Kind.MAKE).update(problem=event.problem[:40], detail=event.detail[:300])
        lifecycle.gone(group, event.problem)
    else:
        lifecycle.made(group, event.group, event.link)
    return True


def _asked_for(channel: Channel, event: GroupMade) -> Group | None:
    """The group that was asked for by this request; else, where the answer to ours was lost, one of that subject."""
    if known := lifecycle.find(channel.name, event.account, event.group):
        return known
    asked = Group.objects.filter(channel=channel.name, account=event.account, state=Group.State.ASKED, group_id=None)
    making = asked.filter(orders__kind=GroupOrder.Kind.MAKE).order_by("pk")
    if event.request and (found := making.filter(orders__request_id=event.request).first()):
        return found
    return making.filter(orders__request_id="", orders__attempts__gt=0, subject=event.subject).first()


def _happened(channel: Channel, group: Group, event: GroupNews) -> None:
    match event:
        case GroupEnded():
            if not event.problem:
                lifecycle.gone(group, "deleted")
        case GroupSuspended():
            changed = lifecycle.suspend(group, suspended=event.suspended)
            if changed and not event.suspended and (room := lifecycle.lock(group)):
                telling.cleared(group, room)
        case GroupJoined():
            if room := lifecycle.lock(group):
                for person in event.people:
                    members.enter(group, room, person, event.at)
        case GroupLeft():
            if room := lifecycle.lock(group):
                for person in event.people:
                    members.leave(group, room, person)
                removals.told(channel, group, event, room)
        case GroupRenamed():
            _rename(group, event)


def _rename(group: Group, event: GroupRenamed) -> None:
    """Follow the subject. One that we asked for is that of the room already, or was until it was changed again."""
    Group.objects.filter(pk=group.pk).update(subject=event.subject[: orders.SUBJECT_CHARACTERS])
    room = lifecycle.lock(group)
    ours = event.request and group.orders.filter(request_id=event.request).exists()
    waiting = group.orders.filter(kind=GroupOrder.Kind.RENAME, state=GroupOrder.State.WAITING, argument=event.subject)
    title = clean_name(event.subject, membership.TITLE_CHARACTERS)
    if room is None or ours or waiting.exists() or title in ("", room.conversation.title):
        return
    Conversation.objects.filter(pk=room.pk).update(title=title, titled_by_person=True)
    note(room, Kind.NAMED, lifecycle.nobody(room), title=title)
