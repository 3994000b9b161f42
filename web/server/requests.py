"""HTTP, bounded: what a head may hold, how long it may take, and how many connections an address may have.

Uvicorn bounds none of it: a line that never ends, headers or trailers without end fill the memory, and who connects and
says nothing has a place for ever. Bodies are bounded by web/bodies.py.
"""

from asyncio.events import TimerHandle
from asyncio.transports import BaseTransport
from collections.abc import Callable
from functools import partial

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from web.server.connections import BoundedConnection

ADDRESS_BYTES = 8 * 1024
HEAD_BYTES = 64 * 1024
HEADERS = 100
HEAD_SECONDS = 10
# Where the process was held up for longer than that, what has arrived is read first.
GRACE_SECONDS = 0.5
# So many requests may wait on one connection for the one before them.
PIPELINED = 8

TEXTS = {
    400: b"This could not be read.\n",
    408: b"This took too long.\n",
    414: b"This address is too long.\n",
    429: b"There are too many connections from your network. Please try again in a minute.\n",
    431: b"This is more than can be taken at once.\n",
}


class RefusedHeadError(Exception):
    """The request is not read any further."""


class BoundedRequests(BoundedConnection, HttpToolsProtocol):
    """One connection of HTTP."""

    # The request that is answered; `cycle` is the newest, which may still wait.
    _answered: RequestResponseCycle | None = None
    _in_head = True
    # Bytes of the head, and of anything since the parser last said what it had read.
    _head_bytes = _unsaid_bytes = 0
    _refusal = 400
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        if not self.place.is_free:
            self._refuse(429)
            return
        # Browsers connect ahead of need: who says nothing gets no answer.
        self._wait_for_head(transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head_timer()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._unsaid_bytes += len(data)
        super().data_received(data)
        if self._unsaid_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(414 if self._in_head and not self.headers else 431)

    def handle_websocket_upgrade(self) -> None:
        # The socket takes a place of its own.
        self.place.give_back()
        self._end_head_timer()
        super().handle_websocket_upgrade()

    # What the parser says. An exception ends its work; uvicorn then answers with send_400_response.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes, self._unsaid_bytes = True, 0, 0
        if len(self.pipeline) >= PIPELINED:
            self._stop(400)
        self._end_head_timer()
        self._wait_for_head(partial(self._refuse, 408))

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > ADDRESS_BYTES:
            self._stop(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unsaid_bytes = 0
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES or len(self.headers) >= HEADERS:
            self._stop(431)
        # What comes after the body is no header: it could claim to be of a proxy.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._unsaid_bytes = False, 0
        self._end_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unsaid_bytes = 0
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    # Refusals

    def send_400_response(self, msg: str) -> None:
        """Uvicorn's answer to what cannot be parsed, and to what was stopped here."""
        self._refuse(self._refusal)

    def _stop(self, status: int) -> None:
        self._refusal = status
        raise RefusedHeadError

    def _refuse(self, status: int) -> None:
        """Answer with a sentence, unless an answer is being written, and close."""
        self._end_head_timer()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            text = TEXTS[status]
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(text) + text)
        self._give_up()
        self.transport.close()

    def _give_up(self) -> None:
        """Tell what is being answered that nobody hears it."""
        if self._answered and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _wait_for_head(self, late: Callable[[], None]) -> None:
        """Call `late` where the head has not ended in its time."""

        def look_again() -> None:
            self._head_timer = self.loop.call_later(GRACE_SECONDS, late)

        self._head_timer = self.loop.call_later(HEAD_SECONDS, look_again)

    def _end_head_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None
