"""The socket of a room's page."""

import asyncio
from contextlib import suppress
from uuid import UUID

from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.errors import AssistantError, NotFoundError
from assistant.models import Member
from assistant.rooms import events, talk
from assistant.rooms.talk import Words
from imagine.errors import ImagineError
from web.chat.run_view import RunViews
from web.chat.watched_runs import WatchedRuns
from web.pictures.status import check_account
from web.rooms import actions, attaching, presence
from web.rooms.drawing import Easel, Turn, turn_now
from web.rooms.presenter import speaker_id
from web.rooms.room_view import RoomViews, ShownEvent
from web.sockets import messages
from web.sockets.base import PageConsumer


class RoomConsumer(PageConsumer):
    """A tab that shows a room."""

    kinds = messages.ROOM_MESSAGES

    async def opened(self) -> None:
        self.views = self.process.part(RoomViews)
        self.runs = WatchedRuns(self.process.part(RunViews), self.language, self.put_run)
        self.room: UUID | None = None
        self.member: Member | None = None
        self.speaker = ""
        self.easel: Easel | None = None
        self.leaving: asyncio.Task[None] | None = None
        self.stack.push_async_callback(self.leave_room)
        await self.hear_rooms()

    async def carry_out(self, message: messages.RoomMessage) -> None:
        match message:
            case messages.Enter(room, after):
                await self.enter(room, after)
            case messages.Say():
                await self.say_words(message)
            case messages.Typing():
                member = self.here()
                await presence.announce_typing(self.runtime.redis, self.in_room(), self.speaker, member.name)
            case messages.Drawing(sketch):
                await self.draw(sketch)
            case messages.Drawn():
                if self.easel:
                    await self.easel.give_back()
            case messages.Vote(poll, option):
                await in_thread(actions.vote)(self.person, self.in_room(), poll, option)
            case messages.Read(number):
                await self.read(number)
            case messages.Watch(run, after):
                found = await in_thread(talk.own_run)(self.person, run)
                await self.runs.follow(found.id, after)
            case messages.Stop(run):
                await actions.stop(self.runtime, self.person, run)
            case messages.Ping():
                self.say("pong")
                if self.room and self.member:
                    await presence.come(self.runtime.redis, self.room, self.speaker, self.name)

    def show_unread(self, room: UUID) -> None:
        """The same, but for the room that the page shows."""
        if room != self.room:
            super().show_unread(room)

    def refuse(self, message: messages.RoomMessage, error: AssistantError | ImagineError) -> None:
        fields = {"code": error.code, "sentence": str(error.sentence)}
        if isinstance(message, messages.Say):
            self.say("refused", id=str(message.id), retry=error.retry, **fields)
        else:
            self.say("problem", **fields)

    def here(self) -> Member:
        """The person's membership in the room that the page shows. Raises NotFoundError without one."""
        if self.member is None:
            raise NotFoundError
        return self.member

    def in_room(self) -> UUID:
        """The room that the page shows. Raises NotFoundError without one."""
        return self.here().conversation_id

    async def enter(self, room: UUID, after: int) -> None:
        """Show a room in the place of the one before. Raises NotFoundError."""
        await self.leave_room()
        self.room, self.speaker = room, speaker_id(room, self.person.pk)
        try:
            await self.views.join(room, self.language, self, after)
        except NotFoundError:
            self.room = None
            raise
        await presence.come(self.runtime.redis, room, self.speaker, self.name)
        await presence.announce(self.runtime.redis, room)
        if turn := await turn_now(self.runtime.redis, room):
            self.say("turn", speaker=turn.speaker, name=turn.name)

    async def leave_room(self) -> None:
        """Show no room any more."""
        room, self.room, self.member = self.room, None, None
        easel, self.easel = self.easel, None
        await self.runs.leave_all()
        if easel:
            with suppress(RedisError, OSError, TimeoutError):
                await easel.give_back()
            await easel.close()
        if room is None:
            return
        await self.views.leave(room, self.language, self)
        # Who cannot be taken out of the list leaves it by itself.
        with suppress(RedisError, OSError, TimeoutError):
            await presence.go(self.runtime.redis, room, self.speaker, self.name)
            await presence.announce(self.runtime.redis, room)

    async def say_words(self, message: messages.Say) -> None:
        """Say something, or carry out a command. Raises AssistantError."""
        files, things, pictures = await in_thread(attaching.sort)(self.person, message.attachments)
        words = Words(message.text, message.id, files, message.quoted, message.search, things=things, pictures=pictures)
        answering = self.process.answering
        outcome = await actions.say(answering, self.person, self.address, self.in_room(), words)
        self.say("said", id=str(message.id), number=outcome.number, sentence=outcome.sentence)

    async def draw(self, canvas: UUID) -> None:
        """Let all see what the page draws on a canvas, or tell it whose turn it is. Raises AccountNeededError."""
        room, member = self.in_room(), self.here()
        check_account(self.person)
        if self.easel is None:
            self.easel = Easel(self.runtime, room, Turn(self.speaker, member.name), self.person.pk)
        if other := await self.easel.draw(canvas):
            self.say("turn", speaker=other.speaker, name=other.name)

    @in_thread
    def read(self, number: int) -> None:
        """Keep how far the person has read. Raises NotFoundError."""
        events.read(events.membership(self.person, self.in_room()), number)

    # What the view of the room calls

    def entered(self, member: Member, number: int, *, again: bool) -> None:
        """The room is shown from now on. `again`: too much was missed to be sent one by one."""
        self.member = member
        self.say("entered", room=str(member.conversation_id), number=number, again=again)

    def show(self, event: ShownEvent) -> None:
        """Send an event."""
        if self.member is None or event.number <= self.member.since:
            return
        self.put(event.for_reader(self.member.since))
        if event.votes is not None:
            self.say("voted", poll=event.poll, option=event.votes.get(self.speaker))

    def gone(self) -> None:
        """The person is no member any more, or the room is erased: send nothing more of it."""
        self.member = self.newest = None
        if self.easel:
            self.easel.rest()
        self.say("gone")
        self.leaving = asyncio.create_task(self.leave_room())

    def put_preview(self, data: bytes) -> None:
        """Send what another draws, in place of what still waits. Who draws sees it already."""
        if self.member is not None and not (self.easel and self.easel.has(data)):
            self.put_newest(data)

    def put_run(self, message: str) -> None:
        """Send what comes of an answer, while the person is a member."""
        if self.member is not None:
            self.put(message)
