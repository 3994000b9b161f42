"""What the pages that show a room follow: read and rendered once per process and language, however many they are."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import override
from redis.exceptions import RedisError

from assistant.background import end
from assistant.database import in_thread
from assistant.errors import NotFoundError
from assistant.models import Member, Person, Room, RoomEvent
from assistant.names import isolated
from assistant.rooms.events import membership
from assistant.runs import keys
from assistant.runtime import Runtime
from imagine.live import PREVIEW
from web.rooms import drawing, presence
from web.rooms.presenter import (
    Speakers,
    present_event,
    read_until,
    render,
    render_poll,
    render_reactions,
    with_messages,
    without_quote,
)
from web.sockets.messages import encode

logger = logging.getLogger(__name__)

Kind = RoomEvent.Kind
# A room, and the language in which it is shown.
Key = tuple[UUID, str]

BATCH = 100
# So many are kept for pages that were away for a moment.
KEPT = 200
# So many messages may follow on one that a page enters.
MOST_MISSED = 300
AGAIN_SECONDS = 1
# A notice may be lost, with the process that wanted to give it.
LOOK_SECONDS = 5
# However many come and go, who is here is told so often at most.
HERE_PACE_SECONDS = 1
GOING = (Kind.LEFT, Kind.REMOVED)
COMING = (Kind.JOINED, *GOING, Kind.HOST)


class ShownEvent(NamedTuple):
    """An event, encoded. Who joined at `quoted` or later gets it without what it quotes, or without the vote that it is
    about; `votes` are marked by speaker."""

    number: int
    encoded: str
    quoted: int | None = None
    unquoted: str = ""
    poll: str = ""
    votes: dict[str, int] | None = None
    removes: frozenset[int] = frozenset()

    def for_reader(self, since: int) -> str:
        """The message for somebody who joined at `since`."""
        return self.unquoted if self.quoted is not None and since >= self.quoted else self.encoded


class Batch(NamedTuple):
    """What was read: events in order; the people who are members now, where somebody went; None: the room is gone."""

    events: list[ShownEvent] | None
    people: frozenset[UUID] | None = None
    coming: bool = False


class Viewer(Protocol):
    """A page that shows the room. Nothing of it may wait."""

    person: Person

    def entered(self, member: Member, number: int, *, again: bool) -> None: ...
    def show(self, event: ShownEvent) -> None: ...
    def put(self, message: str) -> None: ...
    def put_preview(self, data: bytes) -> None: ...
    def gone(self) -> None: ...
    @property
    def speaker(self) -> str: ...


class RoomView:
    """One room in one language, and the pages that show it."""

    def __init__(self, key: Key, views: "RoomViews") -> None:
        self.key = key
        self.room, self.language = key
        self.viewers: set[Viewer] = set()
        self.expected = 0
        self._runtime = views.runtime
        self._views = views
        self._number = -1  # of the last event read; nothing was yet
        self._kept: deque[ShownEvent] = deque(maxlen=KEPT)
        self._complete = 0  # the number after which all are kept
        self._lock = asyncio.Lock()
        self._rung = asyncio.Event()
        self._here_changed = False
        self._here_due = 0.0
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to follow, if it does not yet."""
        async with self._lock:
            if self._task is None:
                await self._open()

    async def _open(self) -> None:
        await self._runtime.doorbell.subscribe(keys.conversation(self.room), self._ring)
        await self._runtime.doorbell.subscribe(presence.channel(self.room), self._hear)
        await self._runtime.doorbell.subscribe(drawing.channel(self.room), self._see)
        self._task = asyncio.create_task(self._follow_forever())

    async def close(self) -> None:
        """Follow no more."""
        await self._runtime.doorbell.unsubscribe(keys.conversation(self.room), self._ring)
        await self._runtime.doorbell.unsubscribe(presence.channel(self.room), self._hear)
        await self._runtime.doorbell.unsubscribe(drawing.channel(self.room), self._see)
        if self._task:
            await end(self._task)

    async def join(self, viewer: Viewer, after: int) -> None:
        """Show what came after event `after`, and then what comes. Raises NotFoundError, DatabaseError."""
        async with self._lock:
            await self._read()
            # Looked up here: who is removed later is found among the viewers.
            member = await in_thread(membership)(viewer.person, self.room)
            after = max(after, member.since)
            missed = [one for one in self._kept if one.number > after]
            again = after < self._complete and not await self._is_short(after)
            if again:
                missed = []
            elif after < self._complete:
                older = await in_thread(read_batch)(self.room, after, self.language, self._complete)
                missed = [*(older.events or ()), *missed]
            if sum(1 + (one.votes is not None) for one in missed) > MOST_MISSED:
                # More would be in the queue of its socket than that takes.
                again, missed = True, []
            viewer.entered(member, self._number, again=again)
            for event in missed:
                viewer.show(event)
            self.viewers.add(viewer)
        self._ring_here()

    async def _is_short(self, after: int) -> bool:
        """Whether what is missing before what is kept fits into one batch."""
        events = RoomEvent.objects.filter(room=self.room, number__gt=after, number__lte=self._complete)
        return await in_thread(events.count)() <= BATCH

    # What is published

    def _ring(self, _data: bytes | None) -> None:
        self._rung.set()

    def _ring_here(self) -> None:
        self._here_changed = True
        self._rung.set()

    def _hear(self, data: bytes | None) -> None:
        typing = presence.typing(data)
        if typing is None:
            self._ring_here()
            return
        speaker, name = typing
        with override(self.language):
            line = _("%(name)s is writing") % {"name": isolated(name)}
        message = encode("typing", speaker=speaker, sentence=line)
        for viewer in tuple(self.viewers):
            if viewer.speaker != speaker:
                viewer.put(message)

    def _see(self, data: bytes | None) -> None:
        """A turn to draw, or a preview: the newest one counts, and each reader takes it at their pace."""
        if not data:
            return
        if data[0] == PREVIEW:
            for viewer in tuple(self.viewers):
                viewer.put_preview(data)
            return
        turn = drawing.turn_in(data)
        message = encode("turn", speaker=turn and turn.speaker, name=turn.name if turn else "")
        for viewer in tuple(self.viewers):
            viewer.put(message)

    async def _follow_forever(self) -> None:
        while True:
            pause = min(LOOK_SECONDS, self._here_due - monotonic()) if self._here_changed else LOOK_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._rung.wait()
            self._rung.clear()
            try:
                async with self._lock:
                    await self._read()
                if self._here_changed and monotonic() >= self._here_due:
                    self._here_changed = False
                    self._here_due = monotonic() + HERE_PACE_SECONDS
                    await self._show_here()
            except (DatabaseError, RedisError, OSError, TimeoutError) as error:
                logger.warning("room %s cannot be read: %s", self.room, error)
                await asyncio.sleep(AGAIN_SECONDS)
                self._ring_here()
            except Exception:
                # The edge of this task: it must go on for as long as somebody looks.
                logger.exception("room %s was not shown once", self.room)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _read(self) -> None:
        """Read what happened since the last time, and show it. The caller holds the lock."""
        if self._number < 0:
            self._number = self._complete = await in_thread(last_number)(self.room)
            return
        while True:
            batch = await in_thread(read_batch)(self.room, self._number, self.language)
            if batch.events is None:
                self._dismiss(frozenset())
                return
            if batch.people is not None:
                # Before anything of this batch is shown: who was removed reads nothing more.
                self._dismiss(batch.people)
            for event in batch.events:
                self._keep(event)
                for viewer in tuple(self.viewers):
                    viewer.show(event)
            if batch.coming:
                self._ring_here()
            if len(batch.events) < BATCH:
                return

    def _keep(self, event: ShownEvent) -> None:
        if event.removes:
            # What went may be quoted in what is kept: that is read anew.
            self._kept.clear()
            self._complete = event.number - 1
        if len(self._kept) == KEPT:
            self._complete = self._kept[0].number
        self._kept.append(event)
        self._number = event.number

    def _dismiss(self, people: frozenset[UUID]) -> None:
        """Show nothing more to those who are not among these people."""
        for viewer in tuple(self.viewers):
            if viewer.person.pk not in people:
                self.viewers.discard(viewer)
                viewer.gone()

    async def _show_here(self) -> None:
        """Tell all who is here, and how everybody is called."""
        here = await presence.here(self._runtime.redis, self.room)
        names = await in_thread(names_in)(self.room)
        message = encode("here", here=[one for one in here if one in names], names=list(names.values()))
        for viewer in tuple(self.viewers):
            viewer.put(message)


class RoomViews:
    """The views of this process, one for each room and language that somebody shows."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._views: dict[Key, RoomView] = {}

    async def join(self, room: UUID, language: str, viewer: Viewer, after: int) -> None:
        """Show a room to `viewer` from the event after `after` on. Raises NotFoundError, DatabaseError."""
        key = room, language
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = RoomView(key, self)
        # First: another who may not join must not close it meanwhile.
        view.expected += 1
        try:
            await view.open()
            await view.join(viewer, after)
        finally:
            view.expected -= 1
            await self._drop_unused(view)

    async def leave(self, room: UUID, language: str, viewer: Viewer) -> None:
        """Show it no more to `viewer`."""
        if view := self._views.get((room, language)):
            view.viewers.discard(viewer)
            await self._drop_unused(view)

    async def close(self) -> None:
        """Show nothing any more."""
        while self._views:
            _, view = self._views.popitem()
            await view.close()

    async def _drop_unused(self, view: RoomView) -> None:
        if not view.viewers and not view.expected and self._views.get(view.key) is view:
            del self._views[view.key]
            await view.close()


def last_number(room_id: UUID) -> int:
    """The number of the newest event. Raises NotFoundError where there is no such room."""
    number = Room.objects.filter(pk=room_id).values_list("last_number", flat=True).first()
    if number is None:
        raise NotFoundError
    return number


def names_in(room_id: UUID) -> dict[str, str]:
    """How the members are called, by speaker, in the order in which they came."""
    speakers = Speakers(room_id)
    rows = Member.objects.filter(conversation=room_id).order_by("joined_at", "pk")
    return {speakers.of(person, name).id: name for person, name in rows.values_list("person", "name")}


def read_batch(room_id: UUID, after: int, language: str, until: int | None = None) -> Batch:
    """The next events after a number, up to another one, rendered."""
    room = Room.objects.filter(pk=room_id).first()
    if room is None:
        return Batch(None)
    rows = RoomEvent.objects.filter(room=room_id, number__gt=after).order_by("number")
    if until is not None:
        rows = rows.filter(number__lte=until)
    events = list(with_messages(rows)[:BATCH])
    if not events:
        return Batch([])
    speakers = Speakers(room_id)
    with override(language):
        shown = [show(room, event, speakers) for event in events]
    people = None
    if any(event.kind in GOING for event in events):
        people = frozenset(Member.objects.filter(conversation=room_id).values_list("person_id", flat=True))
    return Batch(shown, people, any(event.kind in COMING for event in events))


def show(room: Room, event: RoomEvent, speakers: Speakers) -> ShownEvent:
    """An event as it is sent."""
    view = present_event(room, event, speakers)
    fields: dict[str, object] = {"number": event.number, "kind": event.kind}
    if event.kind in (Kind.EDITED, Kind.REACTED) and event.message:
        # It is about something said before, which not all have read.
        nothing = encode("event", **fields, html="")
        fields["message"] = str(event.message_id)
        if event.kind == Kind.REACTED:
            fields["reactions"] = render_reactions(view, event.message)
        message = encode("event", **fields, html=render(view))
        return ShownEvent(event.number, message, read_until(room, event.message), nothing)
    if view.numbers:
        fields["numbers"] = view.numbers
    if event.kind == Kind.NAMED:
        fields["title"] = event.data.get("title", "")
    if speaker := view.speaker.id if view.speaker else view.by if event.kind == Kind.POLL else "":
        fields["speaker"] = speaker
    if event.kind == Kind.HOST:
        fields["host"] = speakers.of(event.person_id, event.name).id
    quoted, unquoted = None, ""
    if view.quote:
        quoted = view.quote.number
        unquoted = encode("event", **fields, html=render(without_quote(view, quoted)))
    elif view.poll and view.poll.number != event.number:
        quoted, unquoted = view.poll.number, encode("event", **fields, html="")
    if event.kind == Kind.CLOSED:
        fields["poll"] = render_poll(view)
    return ShownEvent(
        event.number,
        encode("event", **fields, html=render(view)),
        quoted,
        unquoted,
        str(view.poll.poll.pk) if view.poll else "",
        view.poll.votes if view.poll else None,
        frozenset(view.numbers),
    )
