"""The socket of a page, whatever it shows: bounded in both directions, and only for who is signed in."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any
from uuid import uuid4

from channels.generic.websocket import AsyncWebsocketConsumer

from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Person
from web import frames
from web.frames import BadFrameError
from web.identity import address_block, is_active_session
from web.limits import LimitedError
from web.running import current
from web.screen import encode

logger = logging.getLogger(__name__)

# Close codes, see docs/protocol.md.
SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4429

OUTBOX_FRAMES = 500
FRAMES_PER_WINDOW = 100
WINDOW_SECONDS = 10
# For so long a tab may hear on after its session has ended.
SESSION_SECONDS = 2


class Nowhere(AsyncWebsocketConsumer):
    """Any other address: refused before it opens."""

    async def connect(self) -> None:
        await self.close()


class Tab(AsyncWebsocketConsumer):
    """One browser tab. Frames go out through a bounded box, so that a slow reader holds up nobody.

    A subclass says which frames it takes, and does what they ask in `act`.
    """

    kinds: Mapping[str, type[Any]] = {}
    scope: dict[str, Any]
    over = False

    async def opened(self) -> None:
        """The tab is known and about to be open. What it holds from now on is given back by `self.stack`."""

    async def act(self, frame: Any) -> None:
        """Carry out one frame, in the language of the page."""
        raise NotImplementedError

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
        self.window_started, self.window_frames = 0.0, 0
        self.known_until = 0.0
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue(OUTBOX_FRAMES)
        self.newest: bytes | None = None
        try:
            await self.stack.enter_async_context(self.running.limits.socket(self.person, self.address))
        except LimitedError:
            await self.accept_and_close(TOO_MANY)
            return
        await self.opened()
        self.sending = asyncio.create_task(self.send_on())
        self.stack.callback(self.sending.cancel)
        await self.accept()

    async def accept_and_close(self, code: int) -> None:
        """Refuse, with a code: a browser does not tell its page why a socket was never accepted."""
        self.over = True
        await self.accept()
        await self.close(code)

    # Out

    def put(self, frame: str) -> None:
        """Send `frame` when the browser takes it; one that takes too little is dropped."""
        self.put_into_box(frame)

    def put_newest(self, data: bytes) -> None:
        """Send `data` when the browser takes it, unless something newer has come by then."""
        if self.newest is None:
            self.put_into_box(None)
        self.newest = data

    def put_into_box(self, frame: str | None) -> None:
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
            if frame is not None:
                await self.send(frame)
            else:
                newest, self.newest = self.newest, None
                await self.send(bytes_data=newest)

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
            frame: Any = frames.parse(text_data or "", self.kinds)
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
