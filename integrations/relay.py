"""What happens in a room, as bubbles for the members who are in it by an app.

An event makes the rows of the outbox in its own transaction, so it reaches each door once. Who cannot be reached now is
told what they missed when they write again, and the others hear of it, once.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from assistant.models import Member, Message, Person, Poll, Room, RoomEvent
from assistant.rooms import events, polls
from assistant.rooms.events import Kind
from integrations import contacts, outbox, replies, wake
from integrations.base import Channel
from integrations.models import Contact, OutboxEntry
from integrations.outbound import Choice, OutboundMessage
from integrations.registry import TITLES, channels
from integrations.text.bubbles import Packer
from integrations.text.dialect import Dialect
from integrations.text.lines import Line, Run, Style

# How the payload begins of a vote: then the poll and the place of an option.
VOTE = "vote:"
# Who was away gets so many of the newest events, and the number of those before.
MOST_MISSED = 20
# These happen to one person, who is out afterwards.
OUT = (Kind.LEFT, Kind.REMOVED)


@receiver(post_save, sender=RoomEvent)
def relay(instance: RoomEvent, created: bool, **_more: Any) -> None:
    """Pass a new event on to all who are in its room by an app, but who did it."""
    if not created:
        return
    found = list(Contact.objects.select_related("person").filter(conversation=instance.room_id))
    if not found:
        return
    members = Member.objects.select_related("conversation__room").filter(conversation=instance.room_id)
    by_person = {member.person_id: member for member in members}
    for contact in found:
        member = by_person.get(contact.person_id)
        if instance.kind in OUT and instance.person_id == contact.person_id:
            _let_go(contact, instance)
        elif member and _concerns(instance, contact, member):
            _pass_on(contact, instance, member)
    if instance.kind == Kind.UNSAID:
        _take_back(instance)
    transaction.on_commit(wake.couriers)


@receiver(pre_delete, sender=Message)
def forget_words(instance: Message, **_more: Any) -> None:
    """Words that go, go from what apps were sent too."""
    if instance.spoken_as:
        rows = OutboxEntry.objects.filter(message=instance, cause__startswith="room:")
        _empty(rows)


@receiver(pre_delete, sender=Room)
def let_all_go(instance: Room, **_more: Any) -> None:
    """A room ends: who is in it by an app is told, and what they say next is said to the assistant alone."""
    members = set(Member.objects.filter(conversation=instance.pk).values_list("person", flat=True))
    for contact in Contact.objects.select_related("person").filter(conversation=instance.pk):
        _take_out(contact, instance)
        if contact.person_id not in members:
            # The last one, who has left or is being erased.
            continue
        text = gettext_noop("The room “%(title)s” has ended and is erased. What you write here is for me alone again.")
        _tell(contact, f"room:{instance.pk}:end", instance, text)
    transaction.on_commit(wake.couriers)


def catch_up(contact: Contact, member: Member) -> bool:
    """Queue what a contact missed, once they can be reached. Whether there was anything. The room is locked."""
    if contact.missed_after is None:
        return False
    after = contact.missed_after
    contacts.update(contact, missed_after=None)
    channel = channels().get(contact.channel)
    missed = [event for event in events.seen_by(member, after) if _concerns(event, contact, member)]
    told = [event for event in missed if event.kind not in (Kind.UNREACHED, Kind.BACK, Kind.VOTED, Kind.UNSAID)]
    if channel is None or not told:
        return False
    left_out = len(told) - MOST_MISSED
    if left_out > 0:
        text = ngettext(
            "%(number)s more thing was said while you could not be reached: you find it on %(address)s",
            "%(number)s more things were said while you could not be reached: you find them on %(address)s",
            left_out,
        ) % {"number": left_out, "address": settings.SITE_URL}
        outbox.add(contact, f"missed:{member.conversation_id}:{after}", [replies.say(channel, text)])
    for event in told[-MOST_MISSED:]:
        bubbles = bubbles_of(channel, event, member)
        outbox.add(contact, cause(event), bubbles, event.message)
    events.note(member.conversation.room, Kind.BACK, member, channel=contact.channel)
    return True


def cause(event: RoomEvent) -> str:
    """By what an event is known in the outbox."""
    return f"room:{event.room_id}:{event.number}"


def bubbles_of(channel: Channel, event: RoomEvent, member: Member) -> list[OutboundMessage]:
    """An event as bubbles for a member; none for what is not told in apps."""
    if event.kind == Kind.SAID and event.message:
        return [OutboundMessage(text) for text in said(channel.dialect, event.name, _words(event.message))]
    if event.kind == Kind.ANSWERED and event.message and hasattr(event.message, "run"):
        answer = replies.answer(channel, event.message.run)
        # What is drawn is the asker's: nobody else changes it.
        return [OutboundMessage(bubble.text, bubble.drawn) for bubble in answer]
    if event.kind == Kind.POLL and event.poll:
        return [poll_bubble(channel, event.name, event.poll)]
    if event.kind == Kind.CLOSED and event.poll:
        return [replies.say(channel, standing(event.poll))]
    line = sentence(event)
    return [replies.say(channel, line)] if line else []


def said(dialect: Dialect, name: str, text: str) -> list[str]:
    """Words of somebody as bubbles after their name; further lines are set in, so that none looks like another's."""
    first, *more = text.split("\n")
    lines = [Line([Run(f"{name}:", Style.BOLD), Run(f" {first}")])]
    lines += [Line([Run(line)], prefix="    ") for line in more]
    return list(Packer(dialect).bubbles(lines))


def poll_bubble(channel: Channel, name: str, poll: Poll) -> OutboundMessage:
    """A vote, with its options to tap."""
    text = _("%(name)s asks all to vote: %(question)s") % {"name": name, "question": poll.question}
    choices = [Choice(option, f"{VOTE}{poll.pk}:{place}", option) for place, option in enumerate(poll.options)]
    return replies.menu(channel, text, _("Vote"), choices)


def standing(poll: Poll, person: Person | None = None) -> str:
    """How a vote stands, in lines."""
    lines = [
        poll.question if poll.closed_at is None else _("The vote is over: %(question)s") % {"question": poll.question}
    ]
    for count in polls.counts(poll, person):
        mark = " ✓" if count.mine else ""
        lines.append(f"{count.option}: {count.votes}{mark}")
    return "\n".join(lines)


def sentence(event: RoomEvent) -> str:
    """What else happened, in a line; empty for what is not told in apps."""
    names = {"name": event.name, "title": event.data.get("title", "")}
    names["assistant"] = settings.SITE_NAME
    names["app"] = TITLES.get(str(event.data.get("channel", "")), "")
    match event.kind:
        case Kind.JOINED:
            return _("%(name)s is here now.") % names
        case Kind.LEFT:
            return _("%(name)s has left.") % names if event.name else _("Somebody left and erased what they said.")
        case Kind.REMOVED:
            return _("%(name)s was removed.") % names
        case Kind.NAMED:
            return _("The room is now called “%(title)s”.") % names
        case Kind.HOST:
            return _("%(name)s is the host now.") % names
        case Kind.LOCKED:
            return _("The room is locked: nobody new comes in.")
        case Kind.UNLOCKED:
            return _("The room is open to new people again.")
        case Kind.HUSHED:
            return _("%(name)s asks me to be silent for an hour. @%(assistant)s or /wake ends that.") % names
        case Kind.WOKEN:
            return _("I answer again.")
        case Kind.ENDING:
            ends = parse_datetime(str(event.data.get("ends_at", "")))
            when = date_format(timezone.localtime(ends), "DATETIME_FORMAT") if ends else ""
            return _("Nothing was said here for long: the room is erased on %(when)s, unless somebody writes.") % {
                "when": when
            }
        case Kind.UNREACHED:
            return _("%(name)s cannot be reached in %(app)s now, and reads this once they write again.") % names
        case Kind.BACK:
            return _("%(name)s can be reached again, and has got what was said meanwhile.") % names
        case _:
            return ""


def _words(message: Message) -> str:
    files = [file.name or _("a pasted text") for file in message.attachments.all()]
    return "\n".join(filter(None, [message.text, *(_("File: %(name)s") % {"name": name} for name in files)]))


def _concerns(event: RoomEvent, contact: Contact, member: Member) -> bool:
    """Whether a contact is told of an event: not of what they did themselves, nor of what was before they came."""
    if event.number <= member.since or member.muted or contact.stopped_at:
        return False
    return event.person_id != contact.person_id or event.kind in (Kind.POLL, Kind.HUSHED, Kind.HOST)


def _pass_on(contact: Contact, event: RoomEvent, member: Member) -> None:
    channel = channels().get(contact.channel)
    if channel is None:
        return
    if contact.gone_at is not None or not contacts.is_open(contact):
        if contact.missed_after is None:
            contacts.update(contact, missed_after=event.number - 1)
            events.note(event.room, Kind.UNREACHED, member, channel=contact.channel)
        return
    with translation.override(contact.language or settings.LANGUAGE_CODE):
        bubbles = bubbles_of(channel, event, member)
    if bubbles and event.message and event.message.quoted_id and event.kind == Kind.SAID:
        shown = contact.outbox.filter(message=event.message.quoted_id).exclude(external_id="").first()
        if shown:
            bubbles[0] = OutboundMessage(bubbles[0].text, quotes=shown.external_id)
    if bubbles:
        outbox.add(contact, cause(event), bubbles, event.message, at=event.created_at)


def _let_go(contact: Contact, event: RoomEvent) -> None:
    """Somebody is out: what waits for them is not sent, and what they say next is said to the assistant alone."""
    _take_out(contact, event.room)
    if event.kind == Kind.REMOVED:
        text = gettext_noop("You were taken out of the room “%(title)s”. What you write here is for me alone again.")
        _tell(contact, cause(event), event.room, text)


def _take_out(contact: Contact, room: Room) -> None:
    waiting = contact.outbox.filter(cause__startswith=f"room:{room.pk}:", state=OutboxEntry.State.QUEUED)
    waiting.update(state=OutboxEntry.State.FAILED, problem="left_room", content=OutboundMessage().to_json())
    contacts.update(contact, conversation=None, missed_after=None, expects=None)


def _tell(contact: Contact, because: str, room: Room, text: str) -> None:
    channel = channels().get(contact.channel)
    if channel and contacts.is_open(contact):
        with translation.override(contact.language or settings.LANGUAGE_CODE):
            words = _(text) % {"title": room.conversation.title}
            outbox.add(contact, because, [replies.say(channel, words)])


def _take_back(event: RoomEvent) -> None:
    """Send no more of words that were taken back, and keep none of them."""
    numbers: Iterable[Any] = event.data.get("numbers", ())
    causes = [f"room:{event.room_id}:{number}" for number in numbers]
    _empty(OutboxEntry.objects.filter(cause__in=causes))


def _empty(rows: Any) -> None:
    nothing = OutboundMessage().to_json()
    queued = rows.filter(state=OutboxEntry.State.QUEUED)
    queued.update(state=OutboxEntry.State.FAILED, problem="unsent", detail="", content=nothing)
    rows.exclude(state=OutboxEntry.State.SENDING).update(content=nothing)
