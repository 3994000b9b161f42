"""The socket of a conversation page."""

import asyncio
import logging
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from assistant import conversations
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import AssistantError, LogUnavailableError
from assistant.models import Person, Run
from assistant.runs import keys
from web import actions, frames
from web.frames import BadFrameError
from web.identity import address_block, is_active_session
from web.limits import LimitedError
from web.running import current
from web.screen import encode
from web.shown import show

logger = logging.getLogger(__name__)

# Close codes, see docs/protocol.md.
SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4429

OUTBOX_FRAMES = 500
FRAMES_PER_WINDOW = 100
WINDOW_SECONDS = 10
RUNS_WATCHED = 10
# For so long a tab may hear on after its session has ended.
SESSION_SECONDS = 2


class Nowhere(AsyncWebsocketConsumer):
    """Any other address: refused before it opens."""

    async def connect(self) -> None:
        await self.close()


class ChatConsumer(AsyncWebsocketConsumer):
    """One browser tab. Frames go out through a bounded box, so that a slow reader holds up nobody."""

    scope: dict[str, Any]
    over = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Whatever ends the socket, also an error, gives back what it held."""
        async with AsyncExitStack() as self.stack:
            await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        self.person: Person = self.scope["user"]
        if not self.person.is_authenticated:
            await self.accept_and_close(SIGNED_OUT)
            return
        self.name = uuid4().hex
        self.running = current()
        self.address = address_block(self.scope)
        self.conversation: UUID | None = None
        self.watched: dict[UUID, None] = {}  # in the order they were asked for
        self.window_started, self.window_frames = 0.0, 0
        self.known_until = 0.0
        self.outbox: asyncio.Queue[str] = asyncio.Queue(OUTBOX_FRAMES)
        try:
            await self.stack.enter_async_context(self.running.limits.socket(self.person, self.address))
        except LimitedError:
            await self.accept_and_close(TOO_MANY)
            return
        self.stack.push_async_callback(self.leave_conversation)
        self.stack.push_async_callback(self.leave_runs)
        self.sending = asyncio.create_task(self.send_on())
        self.stack.callback(self.sending.cancel)
        await self.accept()

    async def accept_and_close(self, code: int) -> None:
        """Refuse, with a code: a browser does not tell its page why a socket was never accepted."""
        self.over = True
        await self.accept()
        await self.close(code)

    async def leave_runs(self) -> None:
        for run in self.watched:
            await self.running.screens.leave(run, self.put)

    # Out

    def put(self, frame: str) -> None:
        """Send `frame` when the browser takes it; one that takes too little is dropped."""
        try:
            self.outbox.put_nowait(frame)
        except asyncio.QueueFull:
            self.drop(TOO_SLOW)

    def drop(self, code: int) -> None:
        """Close the socket, once, from a place that cannot wait. What it still says is not listened to."""
        if not self.over:
            self.over = True
            self.sending.cancel()
            self.closing = asyncio.create_task(self.close(code))

    async def send_on(self) -> None:
        while True:
            frame = await self.outbox.get()
            if monotonic() > self.known_until and not await self.still_signed_in():
                return self.drop(SIGNED_OUT)
            await self.send(frame)

    async def still_signed_in(self) -> bool:
        """Whether the session still speaks for the person. Noted for a while, for words on their way out."""
        self.known_until = monotonic() + SESSION_SECONDS
        return await in_thread(is_active_session)(self.scope["session"], self.person)

    def say(self, kind: str, **fields: object) -> None:
        self.put(encode({"type": kind, **fields}))

    # In

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.over:
            return
        if self.too_many_frames():
            self.drop(TOO_MANY)
            return
        try:
            frame = frames.parse(text_data or "")
        except BadFrameError as error:
            logger.info("a bad frame from %s: %s", self.person.id, error)
            self.say("problem", code="bad_frame", sentence=str(AssistantError.sentence))
            return
        if not await self.still_signed_in():
            self.drop(SIGNED_OUT)
            return
        await self.act(frame)

    def too_many_frames(self) -> bool:
        now = monotonic()
        if now - self.window_started > WINDOW_SECONDS:
            self.window_started, self.window_frames = now, 0
        self.window_frames += 1
        return self.window_frames > FRAMES_PER_WINDOW

    async def act(self, frame: frames.Frame) -> None:
        """Carry out one frame, in the language of the page."""
        try:
            await self.carry_out(frame)
        except AssistantError as error:
            self.refuse(frame, error)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("Redis is away: %s", error)
            self.refuse(frame, LogUnavailableError())

    async def carry_out(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Open(conversation):
                await self.open(conversation)
            case frames.Watch(run, after):
                await self.watch(run, after)
            case frames.Send(conversation, client_id, text):
                await self.begin(client_id, actions.send(conversation, text, client_id))
            case frames.Edit(message, client_id, text):
                await self.begin(client_id, actions.edit(message, text, client_id))
            case frames.Retry(message, client_id):
                await self.begin(client_id, actions.retry(message))
            case frames.Stop(run):
                await actions.stop(self.running, self.person, run)
            case frames.Ping():
                self.say("pong")

    def refuse(self, frame: frames.Frame, error: AssistantError) -> None:
        """Say no to what was asked."""
        logger.info("refused %s from %s: %s", type(frame).__name__, self.person.id, error.code)
        fields = {"code": error.code, "sentence": str(error.sentence)}
        match frame:
            case frames.Send() | frames.Edit() | frames.Retry():
                self.say("refused", id=str(frame.id), retry=error.retry, **fields)
            case _:
                self.say("problem", **fields)

    async def open(self, conversation_id: UUID) -> None:
        run = await self.find_running(conversation_id)
        await self.leave_conversation()
        self.conversation = conversation_id
        await self.running.runtime.bell.listen(keys.conversation(conversation_id), self.hear)
        self.say("opened", conversation=str(conversation_id), run=str(run) if run else None)

    @in_thread
    def find_running(self, conversation_id: UUID) -> UUID | None:
        conversation = conversations.own_conversation(self.person, conversation_id)
        return conversation.runs.filter(status=Run.Status.RUNNING).values_list("id", flat=True).first()

    async def leave_conversation(self) -> None:
        if self.conversation:
            await self.running.runtime.bell.leave(keys.conversation(self.conversation), self.hear)
            self.conversation = None

    def hear(self, origin: bytes | None) -> None:
        """The conversation changed; what this very tab did it knows already."""
        if origin is None or origin.decode() != self.name:
            self.say("changed", conversation=str(self.conversation))

    async def watch(self, run_id: UUID, after: int) -> None:
        run = await in_thread(conversations.own_run)(self.person, run_id)
        await self.follow(run.id, after)

    async def follow(self, run: UUID, after: int = 0) -> None:
        """Send what came in a run after event `after`, and what comes. Only so many at once: the oldest is left."""
        if run not in self.watched and len(self.watched) >= RUNS_WATCHED:
            oldest = next(iter(self.watched))
            del self.watched[oldest]
            await self.running.screens.leave(oldest, self.put)
        self.watched[run] = None
        await self.running.screens.watch(run, self.put, after)

    async def begin(self, client_id: UUID, ask: actions.Ask) -> None:
        turn = await actions.begin(self.running, self.person, self.address, ask, self.name)
        html = await self.render(turn)
        removed = [str(message) for message in turn.removed]
        self.say("accepted", id=str(client_id), run=str(turn.run.id), html=html, removed=removed)
        await self.follow(turn.run.id)

    @in_thread
    def render(self, turn: Turn) -> str:
        """The turn's messages as HTML."""
        turn.answer.run = turn.run
        shown = [show(turn.question)] if turn.question else []
        shown.append(show(turn.answer))
        return "".join(render_to_string("_message.html", {"shown": item}) for item in shown)
