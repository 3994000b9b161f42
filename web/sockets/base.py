"""The base of the pages' sockets: for signed-in people, bounded in both directions."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import translation

from assistant.errors import AssistantError, LimitedError, LogUnavailableError
from assistant.models import Person
from imagine.errors import ImagineError
from web.addresses import address_block
from web.http import redis_as_unavailable
from web.process import current_process
from web.sockets import messages
from web.sockets.bells import RoomBells
from web.sockets.messages import BadMessageError, encode
from web.sockets.session import SessionCheck, SignedOutError

logger = logging.getLogger(__name__)

# Close codes, see docs/protocol.md.
TRY_AGAIN = 1011
SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4429

OUTBOX_MESSAGES = 500
MESSAGES_PER_WINDOW = 100
WINDOW_SECONDS = 10


class RejectingConsumer(AsyncWebsocketConsumer):
    """Refuses a socket before it opens: for other origins and addresses."""

    async def connect(self) -> None:
        await self.close()


class PageConsumer(AsyncWebsocketConsumer):
    """The socket of one browser tab. Messages go out through a bounded queue, so that a slow reader delays no other.

    A subclass names the messages it takes in `kinds`, and carries them out in `carry_out`.
    """

    kinds: Mapping[str, type[Any]] = {}
    scope: dict[str, Any]
    is_open = False
    is_closed = False

    async def opened(self) -> None:
        """A hook before the socket is accepted. What it acquires it registers with `self.stack`, to be released."""

    async def carry_out(self, message: Any) -> None:
        """Do what one message asks, in the language of the page. Raises AssistantError, ImagineError, RedisError."""
        raise NotImplementedError

    def refuse(self, message: Any, error: AssistantError | ImagineError) -> None:
        """Answer a message that was not carried out."""
        raise NotImplementedError

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; at its end, also by an error, `self.stack` releases what it acquired."""
        async with AsyncExitStack() as self.stack:
            await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        """Accept the socket of a signed-in person, within the limits of sockets."""
        self.person: Person = self.scope["user"]
        if not self.person.is_authenticated:
            await self.accept_and_close(SIGNED_OUT)
            return
        self.name = uuid4().hex
        self.process = current_process()
        self.runtime = self.process.runtime
        self.address = address_block(self.scope)
        self.language = language_of(self.scope)
        # Holds for this socket alone: for its task, and the tasks and threads that this one starts.
        translation.activate(self.language)
        self.window_started, self.window_messages = 0.0, 0
        self.session = SessionCheck(self.scope["session"], self.person, self.runtime.redis)
        # Thousands of pages lie open in which nothing happens: they hold no queue and no task.
        self.outbox: deque[str | None] = deque()
        self.sending: asyncio.Task[None] | None = None
        self.newest: bytes | None = None
        try:
            await self.stack.enter_async_context(self.runtime.limits.socket(self.person, self.address))
        except LimitedError:
            await self.accept_and_close(TOO_MANY)
            return
        await self.opened()
        self.stack.callback(self.stop_sending)
        await self.accept()
        self.is_open = True
        self.send_soon()

    async def accept_and_close(self, code: int) -> None:
        """Refuse with a code: browsers do not report to the page why a socket was never accepted."""
        self.is_closed = True
        await self.accept()
        await self.close(code)

    async def hear_rooms(self) -> None:
        """Have the page told of rooms that it does not show, once something unread is in them. Raises DatabaseError."""
        bells = RoomBells(self.runtime, self.person, self.show_unread)
        self.stack.push_async_callback(bells.close)
        await bells.open()

    def show_unread(self, room: UUID) -> None:
        """Tell the page that something unread is in a room."""
        self.say("unread", room=str(room))

    # Out

    def say(self, kind: str, /, **fields: object) -> None:
        """Enqueue a message of this kind."""
        self.put(encode(kind, **fields))

    def put(self, message: str) -> None:
        """Enqueue `message`, which is encoded. A browser that reads too slowly is dropped."""
        self.enqueue(message)

    def put_newest(self, data: bytes) -> None:
        """Enqueue `data`, in place of binary data that still waits there."""
        if self.newest is None:
            self.enqueue(None)
        self.newest = data

    def enqueue(self, message: str | None) -> None:
        """Put a message into the outbox; None stands for the newest binary one. A full outbox drops the socket."""
        if len(self.outbox) >= OUTBOX_MESSAGES:
            self.drop(TOO_SLOW)
            return
        self.outbox.append(message)
        self.send_soon()

    def send_soon(self) -> None:
        """Send what is in the outbox, once the socket is open."""
        if self.outbox and self.is_open and not self.is_closed and (self.sending is None or self.sending.done()):
            self.sending = asyncio.create_task(self.send_all())

    def stop_sending(self) -> None:
        """Send nothing more."""
        if self.sending:
            self.sending.cancel()

    def drop(self, code: int) -> None:
        """Close the socket, at most once, without waiting; later messages of the browser are ignored."""
        if not self.is_closed:
            self.is_closed = True
            self.stop_sending()
            self.closing = asyncio.create_task(self.close_open(code))

    async def close_open(self, code: int) -> None:
        """Close the socket, unless the browser has disconnected already."""
        with suppress(OSError):
            await self.close(code)

    async def send_all(self) -> None:
        """Empty the outbox. An error closes the socket: the page reconnects, and resumes."""
        try:
            while self.outbox:
                message = self.outbox.popleft()
                if not self.session.is_fresh and not await self.session.ask():
                    self.drop(SIGNED_OUT)
                    return
                await self.send_next(message)
            return
        except OSError:
            # The browser has disconnected, as `websocket_disconnect` will report.
            self.is_closed = True
            return
        except DatabaseError as error:
            logger.warning("the session of %s cannot be checked: %s", self.person.id, error)
        except Exception:
            # Nothing awaits this task: without this the socket would stay open, and mute.
            logger.exception("messages to %s cannot be sent", self.person.id)
        self.drop(TRY_AGAIN)

    async def send_next(self, message: str | None) -> None:
        """Send one item of the outbox. Raises OSError once the browser has disconnected."""
        if message is not None:
            await self.send(message)
        else:
            newest, self.newest = self.newest, None
            # It may have been withdrawn meanwhile.
            if newest is not None:
                await self.send(bytes_data=newest)

    async def may_act(self, message: Any) -> bool:
        """Whether the session still holds: asked before each action. Raises DatabaseError.

        A subclass may say yes to what `carry_out` asks by `self.session.guarded`.
        """
        return await self.session.ask()

    # In

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Validate and carry out one message of the browser. Binary ones are refused as not JSON."""
        if self.is_closed:
            return
        if self.too_many_messages():
            self.drop(TOO_MANY)
            return
        try:
            message: Any = messages.parse(text_data or "", self.kinds)
        except BadMessageError as error:
            logger.info("a bad message from %s: %s", self.person.id, error)
            self.say("problem", code="bad_frame", sentence=str(AssistantError.sentence))
            return
        try:
            if not await self.may_act(message):
                raise SignedOutError
            await self.act(message)
        except SignedOutError:
            self.drop(SIGNED_OUT)
        except DatabaseError as error:
            logger.warning("a message of %s is not taken: %s", self.person.id, error)
            self.drop(TRY_AGAIN)

    async def act(self, message: Any) -> None:
        """Carry out one message, or send the error. Raises SignedOutError, DatabaseError."""
        try:
            with redis_as_unavailable():
                await self.carry_out(message)
        except LogUnavailableError as error:
            logger.warning("a message of %s is refused: %s", self.person.id, error)
            self.refuse(message, error)
        except (AssistantError, ImagineError) as error:
            # Without its text, which may hold what the person wrote.
            logger.info("refused %s from %s: %s", type(message).__name__, self.person.id, error.code)
            self.refuse(message, error)

    def too_many_messages(self) -> bool:
        """Count one message. True beyond MESSAGES_PER_WINDOW in one window."""
        now = monotonic()
        if now - self.window_started > WINDOW_SECONDS:
            self.window_started, self.window_messages = now, 0
        self.window_messages += 1
        return self.window_messages > MESSAGES_PER_WINDOW


def language_of(scope: Mapping[str, Any]) -> str:
    """The language of the page behind a socket, by its cookie or the browser's preference."""
    request = HttpRequest()
    request.COOKIES = scope.get("cookies", {})
    accepted = [value for name, value in scope["headers"] if name == b"accept-language"]
    request.META["HTTP_ACCEPT_LANGUAGE"] = b",".join(accepted).decode("latin-1")
    return translation.get_language_from_request(request)
