"""WebSockets, bounded: how many frames of any kind a socket may send, and how many connections an address may have.

The consumer counts messages, see web/sockets/base.py; empty pings, pongs and parts of a message never reach it, and
cost as much. A chunk of them is parsed at once by the library: so it is given slices.
"""

from asyncio.events import TimerHandle
from asyncio.transports import BaseTransport
from time import monotonic

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from web.server.peers import Place

# At most some 700 frames, of six bytes and more.
SLICE = 4 * 1024
FRAMES_PER_WINDOW = 400
WINDOW_SECONDS = 10
# A message comes in so many parts at most; browsers send one, or parts of 128 KB.
PARTS = 256
# Who reads nothing for so long is cut.
UNREAD_SECONDS = 30
TOO_MANY = 4429


class BoundedFrames(WebSocketsSansIOProtocol):
    """One connection of a WebSocket."""

    _place: Place
    _window_started = 0.0
    _window_frames = 0
    _unread_timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._place = Place(self.client[0] if self.client else None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._place.give_back()
        if self._unread_timer:
            self._unread_timer.cancel()
            self._unread_timer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE])

    # Each frame

    def handle_text(self, event: Frame) -> None:
        if self._takes_another():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        if self._takes_another():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= PARTS:
            self._fail("too many parts")
        elif self._takes_another():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if not self._takes_another():
            return
        if self.writable.is_set():
            super().handle_ping()
        else:
            # Earlier answers are unread: this one is not kept for later.
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        if self._takes_another():
            super().handle_pong(event)

    # Who reads too slowly

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread_timer:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _takes_another(self) -> bool:
        """Count one frame. False, and the socket is closed, beyond FRAMES_PER_WINDOW in one window."""
        if self.transport.is_closing():
            return False
        now = monotonic()
        if now - self._window_started > WINDOW_SECONDS:
            self._window_started, self._window_frames = now, 0
        self._window_frames += 1
        if self._window_frames > FRAMES_PER_WINDOW:
            self._fail("too many frames")
            return False
        return True

    def _fail(self, reason: str) -> None:
        """Close at once, with a code; the consumer hears that the browser has gone."""
        if not self.transport.is_closing():
            self.conn.fail(TOO_MANY, reason)
            self.handle_parser_exception()
