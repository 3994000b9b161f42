"""The events of a room as pages and sockets show them: the same for all members, whoever reads them.

What is a reader's own (their words, their vote) is marked where it is shown, by the id of the speaker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant import excerpts
from assistant.models import Attachment, Member, Message, Poll, Room, RoomEvent
from assistant.names import isolated
from assistant.rooms import polls, reactions
from assistant.rooms.events import readable, seen_by, shown_at
from integrations import wording
from web.chat.file_view import FILES
from web.chat.presenter import MessageView, present

Kind = RoomEvent.Kind

PAGE_LENGTH = 50
COLOURS = 8
JOINS = 1_000
QUOTE_CHARACTERS = 140
# What is shown in its place: these change what is shown already.
CHANGES = (Kind.VOTED, Kind.UNSAID, Kind.EDITED, Kind.REACTED)
# Later words of the same person bear their name again.
FOLLOWS = timedelta(minutes=5)
# Read by who joined later too.
ALWAYS = 2**31


class Speaker(NamedTuple):
    """Somebody who speaks in a room. `id` names them in this room alone and says nothing about them."""

    id: str
    name: str
    colour: int


class Quote(NamedTuple):
    """To what a message is a reply. Who has joined at event `number` or later does not read it."""

    message: UUID
    name: str
    text: str
    number: int


class Reactions(NamedTuple):
    """One sign under a message, with the names and ids of the speakers who gave it."""

    emoji: str
    names: list[str]
    speakers: list[str]


class Option(NamedTuple):
    """One option of a poll, with its share of the votes in steps of ten. `won`: most chose it, and the vote is over."""

    place: int
    text: str
    votes: int
    share: int
    won: bool = False


class PollView(NamedTuple):
    """A poll as it stands. `votes` are the options that people chose, by speaker; `number` is that of the event with
    which somebody `asked`: who has joined then or later does not read it."""

    poll: Poll
    options: list[Option]
    total: int
    votes: dict[str, int]
    asked: Speaker | None
    number: int


@dataclass(frozen=True)
class EventView:
    """One event, or with the number 0 a message from before the room.

    `mine`: the place of the reader's own vote. `by`: who, besides the host, may end what it shows. `new_day`: it is the
    first one of its day. `follows`: it comes right after words of the same speaker.
    """

    number: int
    kind: str
    at: datetime
    speaker: Speaker | None = None
    shown: MessageView | None = None
    quote: Quote | None = None
    to: str = ""
    line: str = ""
    poll: PollView | None = None
    mine: int | None = None
    by: str = ""
    new_day: bool = False
    follows: bool = False
    numbers: list[int] = field(default_factory=list)
    reactions: list[Reactions] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether it only changes what is shown already."""
        return self.kind in CHANGES

    @property
    def offered(self) -> tuple[str, ...]:
        """The signs by which one may react."""
        return reactions.OFFERED

    @property
    def assistant(self) -> str:
        return settings.SITE_NAME


def speaker_id(room_id: UUID, person_id: object) -> str:
    """The id of a person as a speaker in a room."""
    return uuid5(room_id, str(person_id)).hex[:12]


class Speakers:
    """Everybody who has ever been in a room, with a colour by the order in which they came."""

    def __init__(self, room_id: UUID) -> None:
        self._room = room_id
        joined = RoomEvent.objects.filter(room=room_id, kind=Kind.JOINED).order_by("number")
        people = joined.values_list("person_id", flat=True)[:JOINS]
        self._places = {person: place for place, person in enumerate(dict.fromkeys(people))}

    def of(self, person_id: object, name: str) -> Speaker:
        """Who that is."""
        return Speaker(speaker_id(self._room, person_id), name, self._places.get(person_id, 0) % COLOURS + 1)  # type: ignore[call-overload]


class RoomPage(NamedTuple):
    """A part of what happened, oldest first. `before` leads to what was before it, an event or, where `position` is
    given, a message from before the room; both are None at its beginning."""

    events: list[EventView]
    before: int | None
    position: int | None
    last: int


def with_messages(events: QuerySet[RoomEvent]) -> QuerySet[RoomEvent]:
    """The same events with all that is shown of their messages."""
    related = ("message__run", "message__quoted", "poll")
    files = Prefetch("message__attachments", Attachment.objects.defer("text"))
    return events.select_related(*related).prefetch_related(
        files, "message__pictures", "message__ratings", "message__room_files", "message__reactions"
    )


def present_page(member: Member, before: int | None = None, position: int | None = None) -> RoomPage:
    """The newest events that a member may read, or those before a number; then the messages from before the room."""
    room = member.conversation.room
    rows: list[RoomEvent] = []
    last = room.last_number
    if position is None:
        # What comes meanwhile is sent by the socket, after the last number of the page.
        events = with_messages(seen_by(member).filter(number__lte=last))
        events = events.exclude(kind__in=CHANGES).order_by("-number")
        if before is not None:
            events = events.filter(number__lt=before)
        rows = list(events[: PAGE_LENGTH + 1])
    if len(rows) > PAGE_LENGTH:
        rows = rows[:PAGE_LENGTH]
        return RoomPage(present_events(room, rows[::-1], member.since), rows[-1].number, None, last)
    earlier = readable(member).filter(position__lte=room.began_after).select_related("run")
    if position is not None:
        earlier = earlier.filter(position__lt=position)
    messages = list(earlier.prefetch_related("pictures", FILES).order_by("-position")[: PAGE_LENGTH - len(rows) + 1])
    more = len(messages) > PAGE_LENGTH - len(rows)
    messages = messages[: PAGE_LENGTH - len(rows)]
    views = present_messages(room, messages[::-1]) + present_events(room, rows[::-1], member.since)
    first = (messages[-1].position if messages else room.began_after + 1) if more else None
    return RoomPage(views, None, first, last)


def present_events(room: Room, events: Sequence[RoomEvent], since: int) -> list[EventView]:
    """Events for somebody who joined at `since`; an answer stands where it began."""
    speakers = Speakers(room.pk)
    answers = {event.message_id for event in events if event.kind == Kind.ANSWERED}
    began = RoomEvent.objects.filter(room=room.pk, kind=Kind.ANSWERING, message__in=answers, number__gt=since)
    begun = set(began.values_list("message_id", flat=True)) if answers else set()
    shown = [event for event in events if event.kind != Kind.ANSWERED or event.message_id not in begun]
    views = [without_quote(present_event(room, event, speakers), since) for event in shown]
    return [view for view in views if view.kind != Kind.CLOSED or (view.poll and view.poll.number > since)]


def present_event(room: Room, event: RoomEvent, speakers: Speakers) -> EventView:
    """One event, selected as `with_messages` does."""
    number, kind, at = event.number, event.kind, event.created_at
    match kind:
        case Kind.SAID if event.message:
            speaker = speakers.of(event.person_id, event.name)
            quote, marks = _quote(room, event.message.quoted), present_reactions(room, event.message)
            return EventView(number, kind, at, speaker, present(event.message), quote=quote, reactions=marks)
        case Kind.EDITED if event.message:
            # Whoever read the message has its quote already.
            return EventView(number, kind, at, speakers.of(event.person_id, event.name), present(event.message))
        case Kind.REACTED if event.message:
            speaker = speakers.of(event.person_id, event.name)
            return EventView(number, kind, at, speaker, reactions=present_reactions(room, event.message))
        case Kind.ANSWERING | Kind.ANSWERED if event.message:
            asked, run = event.message.quoted, getattr(event.message, "run", None)
            to, marks = asked.spoken_as if asked else "", present_reactions(room, event.message)
            by = speaker_id(room.pk, run.person_id) if run and run.person_id else ""
            return EventView(number, kind, at, shown=present(event.message), to=to, by=by, reactions=marks)
        case Kind.POLL | Kind.VOTED | Kind.CLOSED if event.poll:
            poll = present_poll(event.poll, speakers)
            line = result(poll) if kind == Kind.CLOSED else ""
            return EventView(number, kind, at, poll=poll, line=line, by=poll.asked.id if poll.asked else "")
        case Kind.UNSAID:
            return EventView(number, kind, at, numbers=[int(one) for one in event.data.get("numbers", ())])
        case _:
            return EventView(number, kind, at, line=sentence(event))


def present_poll(poll: Poll, speakers: Speakers) -> PollView:
    """A poll as it stands now."""
    counts = polls.counts(poll)
    total, most = sum(one.votes for one in counts), max(one.votes for one in counts)
    options = [
        Option(
            place,
            one.option,
            one.votes,
            round(10 * one.votes / total) * 10 if total else 0,
            won=bool(poll.closed_at and most and one.votes == most),
        )
        for place, one in enumerate(counts)
    ]
    votes = {speaker_id(poll.room_id, person): option for person, option in poll.votes.values_list("person", "option")}
    begun = poll.events.filter(kind=Kind.POLL).first()
    asked = speakers.of(begun.person_id, begun.name) if begun else None
    return PollView(poll, options, total, votes, asked, begun.number if begun else 0)


def result(view: PollView) -> str:
    """How a vote ended, in words."""
    question = isolated(view.poll.question)
    most = max(option.votes for option in view.options)
    if not most:
        return _("The vote “%(question)s” is over: nobody voted") % {"question": question}
    first = [isolated(option.text) for option in view.options if option.votes == most]
    names = {"question": question, "options": ", ".join(first), "votes": most, "total": view.total}
    if len(first) > 1:
        return _("The vote “%(question)s” is over, undecided between: %(options)s") % names
    return (
        ngettext(
            "The vote “%(question)s” is over: %(options)s, with %(votes)s of %(total)s vote",
            "The vote “%(question)s” is over: %(options)s, with %(votes)s of %(total)s votes",
            view.total,
        )
        % names
    )


def present_messages(room: Room, messages: Iterable[Message]) -> list[EventView]:
    """Messages from before the room. Who said them opened it."""
    speakers = Speakers(room.pk)
    opened = room.events.filter(kind=Kind.JOINED).order_by("number").first()
    views = []
    for message in messages:
        said = message.role == Message.Role.USER
        speaker = speakers.of(message.author_id, opened.name if opened else "") if said else None
        kind = Kind.SAID if said else Kind.ANSWERING
        views.append(EventView(0, kind, message.created_at, speaker, present(message)))
    return views


def for_reader(views: list[EventView], me: str) -> list[EventView]:
    """The same with the votes of the speaker `me` marked, and with days, by the reader's clock."""
    shown: list[EventView] = []
    for view in views:
        before = shown[-1] if shown else None
        new_day = localdate(view.at) != (localdate(before.at) if before else localdate())
        follows = not new_day and _follows(view, before)
        mine = view.poll.votes.get(me) if view.poll else None
        shown.append(replace(view, mine=mine, new_day=new_day, follows=follows))
    return shown


def _follows(view: EventView, before: EventView | None) -> bool:
    """Whether the same person goes on. The browser's `days.js` decides it alike."""
    if before is None or not view.speaker or not before.speaker:
        return False
    return view.speaker.id == before.speaker.id and view.at - before.at < FOLLOWS


def without_quote(view: EventView, since: int) -> EventView:
    """The same without a quote that somebody who joined at `since` may not read."""
    if view.quote is None or since < view.quote.number:
        return view
    return replace(view, quote=None)


def render(view: EventView) -> str:
    """An event as HTML; nothing where it shows nothing by itself."""
    return render_to_string("rooms/_event.html", {"event": view}) if view.kind != Kind.UNSAID else ""


def render_poll(view: EventView) -> str:
    """The poll of an event as HTML, to be put in its place."""
    return render_to_string("rooms/_poll.html", {"event": view, "poll": view.poll and view.poll.poll})


def render_reactions(view: EventView, message: Message) -> str:
    """The reactions to a message as HTML, to be put in their place."""
    return render_to_string("rooms/_reactions.html", {"event": view, "message": message})


def _quote(room: Room, quoted: Message | None) -> Quote | None:
    """To what a message replies, and from when on one had to be there to read it."""
    if quoted is None:
        return None
    said = read_until(room, quoted)
    answer = quoted.role == Message.Role.ASSISTANT
    text = (excerpts.plain(quoted.text) if answer else " ".join(quoted.text.split()))[:QUOTE_CHARACTERS]
    name = settings.SITE_NAME if answer else quoted.spoken_as
    return Quote(quoted.pk, name, text, said)


def read_until(room: Room, message: Message) -> int:
    """Who joined at this event or later does not read a message."""
    return shown_at(message) or (ALWAYS if room.shows_earlier else 1)


def present_reactions(room: Room, message: Message) -> list[Reactions]:
    """The reactions to a message."""
    return [
        Reactions(mark.emoji, mark.names, [speaker_id(room.pk, one) for one in mark.people])
        for mark in reactions.marks(message)
    ]


def sentence(event: RoomEvent) -> str:
    """What happened, in words."""
    if group := str(event.data.get("group", "")):
        return wording.group_line(group, isolated(event.name) if event.name else "")
    name = {"name": isolated(event.name)}
    match event.kind:
        case Kind.JOINED:
            return _("%(name)s opened this room") % name if event.number == 1 else _("%(name)s joined") % name
        case Kind.LEFT:
            return _("%(name)s left") % name if event.name else _("Somebody left and erased what they said")
        case Kind.REMOVED:
            return _("%(name)s was removed") % name
        case Kind.NAMED if not event.name:
            return _("This room is called “%(title)s” now") % {"title": isolated(str(event.data.get("title", "")))}
        case Kind.NAMED:
            return _("%(name)s named this room “%(title)s”") % {
                **name,
                "title": isolated(str(event.data.get("title", ""))),
            }
        case Kind.HOST:
            return _("%(name)s is the host now") % name
        case Kind.LOCKED:
            return _("%(name)s locked the room: nobody new can join") % name
        case Kind.UNLOCKED:
            return _("%(name)s unlocked the room") % name
        case Kind.HUSHED:
            return _("%(name)s asked the assistant to be silent for an hour, or until an @ calls it") % name
        case Kind.WOKEN:
            return _("%(name)s lets the assistant answer again") % name
        case Kind.ENDING:
            ends_at = parse_datetime(str(event.data.get("ends_at", "")))
            day = date_format(localtime(ends_at), "DATETIME_FORMAT") if ends_at else ""
            return _("This room ends on %(day)s, unless somebody says something") % {"day": day}
        case Kind.UNREACHED:
            return _("%(name)s cannot be reached in their app now, and reads this on coming back") % name
        case Kind.BACK:
            return _("%(name)s can be reached again") % name
        case _:
            return ""
