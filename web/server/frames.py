"""WebSockets, bounded: how many frames of any kind a socket may send, and how many connections an address may have.

The consumer counts messages, see web/sockets/base.py; empty pings, pongs and parts of a message never reach it, and
cost as much. A chunk of them is parsed at once by the library: so it is given slices.
"""

from time import monotonic

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from web.server.connections import BoundedConnection

# At most some 700 frames, of six bytes and more.
SLICE = 4 * 1024
FRAMES_PER_WINDOW = 400
WINDOW_SECONDS = 10
# A message comes in so many parts at most; browsers send one, or parts of 128 KB.
PARTS = 256
TOO_MANY = 4429
# A connection that is closed while more comes in is reset, and the browser never reads why: for so long, and so many
# bytes, what comes is thrown away first.
LINGER_SECONDS, LINGER_BYTES = 1, 1_000_000


class BoundedFrames(BoundedConnection, WebSocketsSansIOProtocol):
    """One connection of a WebSocket."""

    unread_seconds = 30
    _failed = False
    _thrown_away = 0
    _window_started = 0.0
    _window_frames = 0

    def data_received(self, data: bytes) -> None:
        if self._failed:
            self._throw_away(data)
        for start in range(0, len(data), SLICE):
            if self._failed or self.transport.is_closing():
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

    def _takes_another(self) -> bool:
        """Count one frame. False, and the socket is closed, beyond FRAMES_PER_WINDOW in one window."""
        if self._failed or self.transport.is_closing():
            return False
        now = monotonic()
        if now - self._window_started > WINDOW_SECONDS:
            self._window_started, self._window_frames = now, 0
        self._window_frames += 1
        if self._window_frames > FRAMES_PER_WINDOW:
            self._fail("too many frames")
            return False
        return True

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.transport.abort()

    def _fail(self, reason: str) -> None:
        """Send a close frame, and read no more; the consumer hears that the browser has gone."""
        if self._failed or self.transport.is_closing():
            return
        self._failed = self.close_sent = self.disconnected = True
        self.conn.fail(TOO_MANY, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_MANY, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
