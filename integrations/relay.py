"""What happens in a room, as bubbles for the members who are in it by an app.

An event makes the rows of the outbox in its own transaction, so it reaches each door once. Who cannot be reached now is
told what they missed when they write again, and the others hear of it, once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from assistant.errors import NotFoundError
from assistant.models import Member, Message, Person, Poll, Room, RoomEvent
from assistant.names import in_plain_text
from assistant.rooms import events, polls, reactions
from assistant.rooms.events import Kind
from integrations import contacts, enclosed, outbox, replies, wake, wording
from integrations.base import Channel
from integrations.errors import ContactGoneError, WindowClosedError
from integrations.models import Contact, InboxEntry, OutboxEntry
from integrations.outbound import Choice, OutboundMessage
from integrations.registry import TITLES, channels
from integrations.text.bubbles import Packer
from integrations.text.dialect import Dialect
from integrations.text.lines import Line, Run, Style
from integrations.text.marks import written

# How the payload begins of a vote: then the poll and the place of an option.
VOTE = "vote:"
# Who was away gets so many of the newest events, and the number of those before.
MOST_MISSED = 20
# Of these they are told also where they did it themselves.
OWN_TOO = (Kind.POLL, Kind.HUSHED, Kind.HOST)
# These happen to one person, who is out afterwards.
OUT = (Kind.LEFT, Kind.REMOVED)
# Who cannot be reached misses nothing by these.
PASSING = (Kind.ANSWERING, Kind.VOTED, Kind.UNSAID, Kind.REACTED, Kind.UNREACHED, Kind.BACK)
# The problems of what could not be sent as somebody cannot be reached.
UNREACHABLE = (WindowClosedError.code, ContactGoneError.code)
# So much is told of words that somebody replies or reacts to, in one line.
QUOTED_CHARACTERS = 60
# With this that line begins.
QUOTED = "↪ "


@receiver(post_save, sender=RoomEvent)
def relay(instance: RoomEvent, created: bool, **_more: Any) -> None:
    """Pass a new event on to all who are in its room by an app, but who did it."""
    if not created:
        return
    here = Contact.objects.select_related("person").filter(conversation=instance.room_id)
    if instance.kind == Kind.JOINED and instance.number == 1:
        # It was made on the site, of a conversation that went on in an app: that chat stays theirs alone.
        here.update(conversation=None)
        return
    found = list(here)
    if not found:
        return
    members = Member.objects.select_related("conversation__room", "person").filter(conversation=instance.room_id)
    by_person = {member.person_id: member for member in members}
    for contact in found:
        member = by_person.get(contact.person_id)
        if instance.kind in OUT and instance.person_id == contact.person_id:
            _let_go(contact, instance)
        elif member and contact.person.is_active and _concerns(instance, contact, member):
            _pass_on(contact, instance, member)
    if instance.kind == Kind.UNSAID:
        _take_back(instance)
    transaction.on_commit(wake.couriers)


@receiver(pre_delete, sender=Message)
def forget_words(instance: Message, **_more: Any) -> None:
    """Words that go, go from what apps were sent too, and from the replies to them."""
    if not instance.spoken_as:
        return
    of_rooms = OutboxEntry.objects.filter(cause__startswith="room:")
    _empty(of_rooms.filter(message=instance))
    for reply in of_rooms.filter(message__quoted=instance, place=0).exclude(state=OutboxEntry.State.SENDING):
        bubble = OutboundMessage.from_json(reply.content)
        bare = replace(bubble, text=_without_quote(bubble.text), instead=_without_quote(bubble.instead))
        rows = OutboxEntry.objects.filter(pk=reply.pk).exclude(state=OutboxEntry.State.SENDING)
        rows.update(content=bare.to_json())


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
    told, left_out = newest(_missed(contact, member, after))
    if channel is None or not told:
        return False
    if left_out:
        text = ngettext(
            "%(number)s more thing was said while you could not be reached: you find it on %(address)s",
            "%(number)s more things were said while you could not be reached: you find them on %(address)s",
            left_out,
        ) % {"number": left_out, "address": settings.SITE_URL}
        outbox.add(contact, f"missed:{member.conversation_id}:{after}", [replies.say(channel, text)])
    for event in told:
        bubbles = bubbles_of(channel, event, member, contact)
        outbox.add(contact, cause(event), bubbles, event.message)
    events.note(member.conversation.room, Kind.BACK, member, channel=contact.channel)
    return True


def newest(missed: QuerySet[RoomEvent]) -> tuple[list[RoomEvent], int]:
    """The newest events that somebody missed, as many as are told, oldest first; and the number of those before."""
    told = list(missed.order_by("-number")[:MOST_MISSED])
    left_out = missed.count() - MOST_MISSED if len(told) == MOST_MISSED else 0
    return told[::-1], left_out


def cause(event: RoomEvent) -> str:
    """By what an event is known in the outbox."""
    return f"room:{event.room_id}:{event.number}"


def bubbles_of(
    channel: Channel, event: RoomEvent, member: Member, contact: Contact | None = None
) -> list[OutboundMessage]:
    """An event as bubbles for a member; none for what is not told in apps. `contact` knows what the app has shown."""
    message = event.message
    if event.kind == Kind.SAID and message:
        return _said(channel, event.name, message, member, contact)
    if event.kind == Kind.EDITED and message:
        name = _("%(name)s (edited)") % {"name": in_plain_text(event.name)}
        texts = list(map(OutboundMessage, said(channel.dialect, name, message.text))) if message.text else []
        return _quoting(texts, shown_as(contact, message))
    if event.kind == Kind.REACTED and message:
        return reaction(channel, event, message, member, contact)
    if event.kind == Kind.ANSWERED and message and hasattr(message, "run"):
        answer = replies.answer(channel, message.run)
        # What is drawn is the asker's: nobody else changes it.
        return [OutboundMessage(bubble.text, bubble.drawn) for bubble in answer]
    if event.kind == Kind.POLL and event.poll:
        return [poll_bubble(channel, event.name, event.poll)]
    if event.kind == Kind.CLOSED and event.poll:
        return [plain(channel, standing(event.poll))]
    line = sentence(event)
    return [plain(channel, line)] if line else []


def said(dialect: Dialect, name: str, text: str, quoted: Line | None = None) -> list[str]:
    """Words of somebody as bubbles after their name; further lines are set in, so that none looks like another's.

    `quoted` is the line before them that says to what they are a reply.
    """
    first, *more = text.splitlines() or [""]
    lines = [quoted] if quoted else []
    lines.append(Line([Run(f"{name}:", Style.BOLD), Run(f" {first}")]))
    lines += [Line([Run(line)], prefix="    ") for line in more]
    # Words that go on in another bubble have their name again.
    goes_on = written([Run(f"{name} …", Style.BOLD)], dialect, at_start=True) + "\n    "
    packed = Packer(dialect, lambda number: dialect.size(goes_on) if number else 0).bubbles(lines)
    return [bubble if number == 0 else f"{goes_on}{bubble.lstrip()}" for number, bubble in enumerate(packed)]


def plain(channel: Channel, text: str, choices: Sequence[Choice] = ()) -> OutboundMessage:
    """A sentence with names and words of people in it, which format nothing."""
    lines = [Line([Run(line)]) for line in text.splitlines()]
    bubble = next(Packer(channel.dialect).bubbles(lines), "")
    return OutboundMessage(bubble, choices=replies.shown(channel, choices))


def _said(
    channel: Channel, name: str, message: Message, member: Member, contact: Contact | None
) -> list[OutboundMessage]:
    """What somebody said and sent, as a reply to what the app has shown; else what it replies to stands before it."""
    quotes, quoted = "", None
    if message.quoted and events.readable(member).filter(pk=message.quoted.pk).exists():
        quotes = shown_as(contact, message.quoted)
        quoted = None if quotes else _quote_line(message.quoted)
    things = enclosed.bubbles(channel, message, member)
    texts: list[str] = []
    if message.text:
        texts = said(channel.dialect, name, message.text, quoted)
    elif any(thing.has_file for thing in things):
        line = Line([Run(name, Style.BOLD), Run(f" {enclosed.announced(message)}")])
        texts = list(Packer(channel.dialect).bubbles([quoted, line] if quoted else [line]))
    return _quoting(enclosed.with_words(channel, texts, things), quotes)


def reaction(
    channel: Channel, event: RoomEvent, message: Message, member: Member, contact: Contact | None
) -> list[OutboundMessage]:
    """A reaction to words of the member's: as one of ours, where nobody else can be meant, else once in a line."""
    emoji, target = str(event.data.get("emoji", "")), shown_as(contact, message)
    if target and channel.reactions and Member.objects.filter(conversation=event.room_id).count() == 2:
        return [OutboundMessage(quotes=target, reacts=emoji)]
    if not emoji or not reactions.is_first(event):
        return []
    if target:
        return _quoting(list(map(OutboundMessage, said(channel.dialect, event.name, emoji))), target)
    words = {"name": in_plain_text(event.name), "emoji": emoji, "words": in_plain_text(_beginning(message))}
    return [plain(channel, _("%(name)s: %(emoji)s to “%(words)s”") % words)]


def shown_as(contact: Contact | None, message: Message) -> str:
    """The app's id of a message that a contact wrote, or was sent; empty where it knows none."""
    if contact is None:
        return ""
    # What somebody has just said is noted with its entry a moment later.
    turn = Q(turn=message.client_id) if message.client_id else Q()
    mine = contact.inbox.filter(Q(message=message) | turn, kind=InboxEntry.Kind.MESSAGE).order_by("id")
    sent = contact.outbox.filter(message=message).exclude(external_id="").order_by("created_at", "place")
    ids = (*mine.values_list("external_id", flat=True)[:1], *sent.values_list("external_id", flat=True)[:1])
    return next(iter(ids), "")


def _quoting(bubbles: list[OutboundMessage], quotes: str) -> list[OutboundMessage]:
    return [replace(bubbles[0], quotes=quotes), *bubbles[1:]] if bubbles and quotes else bubbles


def _quote_line(quoted: Message) -> Line:
    name = quoted.spoken_as or settings.SITE_NAME
    return Line([Run(QUOTED), Run(f"{name}:", Style.BOLD), Run(f" {_beginning(quoted)}")])


def _without_quote(text: str) -> str:
    """The text of a reply without the line that says to what it is one, if it has one."""
    return text.partition("\n")[2] if text.startswith(QUOTED) else text


def _beginning(message: Message) -> str:
    """The first words of a message, or what came without any, in one line."""
    text = " ".join(message.text.split())
    if not text:
        return enclosed.announced(message) or "…"
    return text if len(text) <= QUOTED_CHARACTERS else f"{text[:QUOTED_CHARACTERS].rstrip()}…"


def poll_bubble(channel: Channel, name: str, poll: Poll) -> OutboundMessage:
    """A vote, with its options to tap."""
    text = plain(channel, asks(name, poll)).text
    choices = [Choice(option, f"{VOTE}{poll.pk}:{place}", option) for place, option in enumerate(poll.options)]
    return replies.menu(channel, text, _("Vote"), choices)


def asks(name: str, poll: Poll) -> str:
    """The sentence by which somebody asks all to vote."""
    words = {"name": in_plain_text(name), "question": in_plain_text(poll.question)}
    return _("%(name)s asks all to vote: %(question)s") % words


def standing(poll: Poll, person: Person | None = None) -> str:
    """How a vote stands, in lines."""
    question = in_plain_text(poll.question)
    lines = [question if poll.closed_at is None else _("The vote is over: %(question)s") % {"question": question}]
    for count in polls.counts(poll, person):
        mark = " ✓" if count.mine else ""
        lines.append(f"{in_plain_text(count.option)}: {count.votes}{mark}")
    return "\n".join(lines)


def sentence(event: RoomEvent) -> str:
    """What else happened, in a line; empty for what is not told in apps."""
    names = {"name": in_plain_text(event.name), "title": in_plain_text(str(event.data.get("title", "")))}
    names["assistant"] = settings.SITE_NAME
    names["app"] = TITLES.get(str(event.data.get("channel", "")), "")
    if group := str(event.data.get("group", "")):
        return wording.group_line(group, event.name)
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


def _concerns(event: RoomEvent, contact: Contact, member: Member) -> bool:
    """Whether a contact is told of an event: not of what they did themselves, nor of what was before they came."""
    if event.number <= member.since or member.muted:
        return False
    if event.kind in (Kind.EDITED, Kind.REACTED):
        return _is_about_what_they_read(event, contact, member)
    return event.person_id != contact.person_id or event.kind in OWN_TOO


def _missed(contact: Contact, member: Member, after: int) -> QuerySet[RoomEvent]:
    """What a contact is told later of what happened after an event: the same, asked of the database for all at once."""
    happened = events.seen_by(member, after).exclude(kind__in=PASSING)
    if member.muted:
        return happened.none()
    by_others = ~Q(person=contact.person_id)
    readable = Exists(events.readable(member).filter(pk=OuterRef("message")))
    # What was changed meanwhile is told as it reads now.
    said_now = Exists(happened.filter(kind=Kind.SAID, message=OuterRef("message")))
    edited = Q(kind=Kind.EDITED) & by_others & readable & ~said_now
    return happened.filter(edited | ~Q(kind=Kind.EDITED) & (by_others | Q(kind__in=OWN_TOO)))


def _is_about_what_they_read(event: RoomEvent, contact: Contact, member: Member) -> bool:
    """Whether others changed words that a contact may read, or reacted to those of theirs."""
    if event.person_id == contact.person_id or event.message is None:
        return False
    if event.kind == Kind.REACTED and event.message.author_id != contact.person_id:
        return False
    return events.readable(member).filter(pk=event.message.pk).exists()


def _pass_on(contact: Contact, event: RoomEvent, member: Member) -> None:
    channel = channels().get(contact.channel)
    if channel is None:
        return
    if contact.gone_at is not None or not contacts.is_open(contact) or contacts.is_quiet(contact):
        if event.kind not in PASSING:
            _miss(contact, event.room, member, event.number - 1)
        return
    with translation.override(contact.language or settings.LANGUAGE_CODE):
        bubbles = bubbles_of(channel, event, member, contact)
    if bubbles:
        outbox.add(contact, cause(event), bubbles, event.message, at=event.created_at)


def _miss(contact: Contact, room: Room, member: Member, after: int) -> None:
    """A contact misses what happens after an event, until they write again; the others are told, once. It is locked."""
    if contact.missed_after is None:
        contacts.update(contact, missed_after=after)
        events.note(room, Kind.UNREACHED, member, channel=contact.channel)


def missed(contact: Contact, lost: OutboxEntry | None = None) -> None:
    """What an app refused of a room, as it reaches the contact no more, is told once they write again.

    `lost` is what it took, and then did not bring to them.
    """
    room = contact.conversation_id
    if room is None:
        return
    with transaction.atomic():
        try:
            member = events.lock(contact.person, room)
        except NotFoundError:
            return
        of_room = contact.outbox.filter(cause__startswith=f"room:{room}:", state=OutboxEntry.State.FAILED)
        refused = of_room.filter(Q(problem__in=UNREACHABLE) | Q(pk=lost.pk if lost else None))
        ends = (cause.rpartition(":")[2] for cause in refused.values_list("cause", flat=True))
        numbers = [int(end) for end in ends if end.isdigit()]
        # They are made anew then.
        refused.delete()
        if numbers:
            after = min(numbers) - 1
            if contact.missed_after is not None:
                contacts.update(contact, missed_after=min(after, contact.missed_after))
            _miss(contact, member.conversation.room, member, after)


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
            words = _(text) % {"title": in_plain_text(room.conversation.title)}
            outbox.add(contact, because, [plain(channel, words)])


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
