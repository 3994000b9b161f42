"""What happens in a room, told in its group: once, for all who are in it.

What was said in the group itself is not said there again, nor what WhatsApp shows by itself: who comes and goes, and
the name. While nobody has written there for a day the app takes nothing: what was missed is told when somebody does.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.models import Message, Poll, Room, RoomEvent
from assistant.names import in_plain_text
from assistant.rooms import events, talk
from assistant.rooms.events import Kind
from integrations import contacts, outbox, relay, replies, wake, wording
from integrations.base import Channel
from integrations.groups import lifecycle, orders, removals
from integrations.inbound import StatusChange
from integrations.models import Contact, Group, GroupOrder, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage
from integrations.registry import channels

# The app's own words for a window that is closed, and ours for what we did not even send.
WINDOW_CLOSED = "131047"
CLOSED = (WINDOW_CLOSED, "window_closed", "contact_gone")
WELCOME = "welcome"
CAUSE = re.compile(r"room:[0-9a-f-]{36}:(\d+)")
# The app shows these by itself, of those who are in the group.
COMING_AND_GOING = (Kind.JOINED, Kind.LEFT, Kind.REMOVED)


@receiver(post_save, sender=RoomEvent)
def tell(instance: RoomEvent, created: bool, **_more: Any) -> None:
    """Do what an event of a room means for its group."""
    if not created or not settings.WHATSAPP_TOKEN:
        return
    found = Group.objects.select_related("contact").exclude(state=Group.State.GONE)
    group = found.filter(room=instance.room_id).first()
    if group is None:
        return
    channel = channels().get(group.channel)
    if channel and group.state != Group.State.ASKED:
        _pass_on(channel, group, lifecycle.attach(group, instance.room), instance)
    # Afterwards: whom the app shows as gone is not told as gone besides.
    _order(group, instance)


def heard(group: Group, contact: Contact, room: Room, at: datetime) -> None:
    """Somebody wrote in a group: it can be written to again. The first time it is told who answers there.

    The room is locked.
    """
    contacts.wrote(contact, at)
    talk.stays(room)
    channel = channels().get(group.channel)
    if channel is None or not contacts.is_open(contact):
        return
    with translation.override(contact.language or settings.LANGUAGE_CODE):
        if contact.greeted_at is None:
            contacts.update(contact, greeted_at=timezone.now())
            outbox.add(contact, WELCOME, [replies.say(channel, wording.group_greeting(lifecycle.host_name(room)))])
        _catch_up(channel, group, contact, room)
    transaction.on_commit(wake.couriers)


def cleared(group: Group, room: Room) -> None:
    """The app opened a group again: tell what was missed, if it takes it. The room is locked."""
    channel, contact = channels().get(group.channel), group.contact
    if channel and contact and contacts.is_open(contact):
        with translation.override(contact.language or settings.LANGUAGE_CODE):
            _catch_up(channel, group, contact, room)


def note_failed(channel: str, event: StatusChange) -> None:
    """The app says that a message to a group came to nothing, as its window is closed: it is told later."""
    rows = OutboxEntry.objects.filter(contact__channel=channel, contact__account=event.account)
    entry = rows.filter(contact__is_group=True, external_id=event.id).select_related("contact").first()
    found = CAUSE.fullmatch(entry.cause) if entry else None
    group = Group.objects.filter(contact=entry.contact).first() if entry and event.id else None
    if entry is None or group is None or event.problem != WINDOW_CLOSED:
        return
    if entry.state != OutboxEntry.State.FAILED:
        # It has reached somebody, so the window is open.
        return
    room = lifecycle.lock(group)
    contacts.update(entry.contact, wrote_at=None)
    if room and found:
        _missed(room, entry.contact, int(found[1]))


def missed(contact: Contact) -> None:
    """What the app did not take of a room is told once somebody writes in the group again."""
    group = Group.objects.filter(contact=contact).first()
    numbers = _lost(contact)
    if group is None or not numbers:
        return
    with transaction.atomic():
        if room := lifecycle.lock(group):
            _missed(room, contact, min(numbers))


def _lost(contact: Contact) -> list[int]:
    """The numbers of the events that the app did not take."""
    lost = _refused(contact).values_list("cause", flat=True)
    return [int(found[1]) for cause in lost if (found := CAUSE.fullmatch(cause))]


def _refused(contact: Contact) -> QuerySet[OutboxEntry]:
    rows = contact.outbox.filter(state=OutboxEntry.State.FAILED, problem__in=CLOSED)
    return rows.filter(cause__startswith="room:")


def _order(group: Group, event: RoomEvent) -> None:
    """Have the app do in the group what the host did in the room."""
    match event.kind:
        case Kind.NAMED:
            title = str(event.data.get("title", ""))
            if not event.name:
                # The title before was made of the name of somebody who is erased.
                ended = group.orders.filter(kind=GroupOrder.Kind.RENAME).exclude(state=GroupOrder.State.WAITING)
                ended.update(argument="")
            # What the app told of is named in its place. The subject that we know may be old.
            if title and (event.person_id or not event.name):
                orders.add(group, GroupOrder.Kind.RENAME, title[: orders.SUBJECT_CHARACTERS])
        case Kind.REMOVED:
            for contact in group.people.filter(person=event.person_id):
                removals.ask(group, contact)
        case Kind.UNSAID if group.contact:
            # What we answered by ourselves may name who is erased.
            outbox.forget(group.contact)
        case Kind.LOCKED:
            # Who has the old link does not come in by it any more.
            orders.add(group, GroupOrder.Kind.RELINK)


def _pass_on(channel: Channel, group: Group, contact: Contact, event: RoomEvent) -> None:
    if not _concerns(group, contact, event):
        return
    with translation.override(contact.language or settings.LANGUAGE_CODE):
        bubbles = _bubbles(channel, contact, event)
    if not bubbles:
        return
    if contact.gone_at is not None or not contacts.is_open(contact):
        _missed(event.room, contact, event.number)
        return
    outbox.add(contact, relay.cause(event), bubbles, event.message, at=event.created_at)
    transaction.on_commit(wake.couriers)


def _missed(room: Room, contact: Contact, number: int) -> None:
    """A group did not get an event: it is told later, and the room hears of that once."""
    before = contact.missed_after
    if before is None or before >= number:
        contacts.update(contact, missed_after=number - 1)
    if before is None:
        events.note(room, Kind.UNREACHED, lifecycle.nobody(room), group="closed")


def _concerns(group: Group, contact: Contact, event: RoomEvent) -> bool:
    """Whether a group is told of an event: not of what it did or saw itself."""
    if event.kind in COMING_AND_GOING and event.person_id:
        return not group.people.filter(person=event.person_id).exists()
    if event.kind in (Kind.UNREACHED, Kind.BACK):
        return event.person_id is not None and "group" not in event.data
    if event.kind in (Kind.SAID, Kind.EDITED) and event.message:
        return not was_said_there(contact, event.message)
    # It is not known whether groups take reactions of ours.
    return event.kind not in (Kind.NAMED, Kind.VOTED, Kind.UNSAID, Kind.REACTED)


def _told_later(group: Group, contact: Contact, room: Room, after: int) -> QuerySet[RoomEvent]:
    """What a group is told later of what happened after an event: the same, asked of the database for all at once."""
    happened = RoomEvent.objects.filter(room=room, number__gt=after).select_related("message", "poll")
    passing = (*relay.PASSING, Kind.NAMED)
    seen = Q(kind__in=COMING_AND_GOING, person__in=group.people.values("person"))
    heard_here = contact.inbox.exclude(turn=None).values("turn")
    said_there = Q(kind__in=(Kind.SAID, Kind.EDITED), message__client_id__in=heard_here)
    return happened.exclude(kind__in=passing).exclude(seen).exclude(said_there)


def was_said_there(contact: Contact, message: Message) -> bool:
    """Whether a message of a room came from its group."""
    return contact.inbox.filter(turn=message.client_id).exists() if message.client_id else False


def _bubbles(channel: Channel, contact: Contact, event: RoomEvent) -> list[OutboundMessage]:
    """An event as bubbles. Groups have no buttons: nothing can be tapped."""
    message = event.message
    if event.kind == Kind.POLL and event.poll:
        return [replies.say(channel, poll_text(event.name, event.poll))]
    bubbles = relay.bubbles_of(channel, event, lifecycle.reader(event.room, contact), contact)
    bare = [replace(bubble, choices=(), menu="") for bubble in bubbles]
    if event.kind == Kind.ANSWERED and message and bare and (quotes := _asked(contact, message.quoted)):
        bare[0] = replace(bare[0], quotes=quotes)
    return bare


def poll_text(name: str, poll: Poll) -> str:
    """A vote, with its options to type."""
    lines = [relay.asks(name, poll)]
    lines += [f"{place}. {in_plain_text(option)}" for place, option in enumerate(poll.options, 1)]
    return "\n".join([*lines, _("Write the number of your choice.")])


def _asked(contact: Contact, question: Message | None) -> str:
    """The app's id of a question as the group shows it: it was asked there, or we sent it."""
    if question is None:
        return ""
    said = contact.inbox.filter(turn=question.client_id, kind=InboxEntry.Kind.MESSAGE).first()
    return said.external_id if said and question.client_id else relay.shown_as(contact, question)


def _catch_up(channel: Channel, group: Group, contact: Contact, room: Room) -> None:
    """Queue what a group missed: what was not sent, and what the app did not take."""
    numbers = _lost(contact)
    if contact.missed_after is None and not numbers:
        return
    places = [number - 1 for number in numbers]
    after = min(places if contact.missed_after is None else [*places, contact.missed_after])
    # They are made anew.
    _refused(contact).delete()
    contacts.update(contact, missed_after=None)
    missed, left_out = relay.newest(_told_later(group, contact, room, after))
    told = [(event, bubbles) for event in missed if (bubbles := _bubbles(channel, contact, event))]
    if not told:
        return
    if left_out:
        text = ngettext(
            "%(number)s more thing was said on the website meanwhile.",
            "%(number)s more things were said on the website meanwhile.",
            left_out,
        ) % {"number": left_out}
        outbox.add(contact, f"missed:{room.pk}:{after}", [replies.say(channel, text)])
    for event, bubbles in told:
        outbox.add(contact, relay.cause(event), bubbles, event.message)
    events.note(room, Kind.BACK, lifecycle.nobody(room), group="back")
