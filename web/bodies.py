"""Limits on the size and the time of request bodies. Django reads a whole body, to disk, before anything else."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

# How many large bodies are in memory at once, and how long a request waits for its turn.
LARGE_AT_ONCE = 16
TURN_SECONDS = 10

TEXTS = {
    408: b"This took too long.\n",
    413: b"This is more than can be taken at once.\n",
    503: b"Many people send files right now. Please try again in a minute.\n",
}

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class RefusedBodyError(Exception):
    """The body is too large or too slow. `status` is the answer's."""

    def __init__(self, status: int) -> None:
        self.status = status


class BoundedBodies:
    """`application`, for requests whose body has at most `most` bytes and arrives within `seconds`.

    `larger` has patterns of the paths that take more, and how much; only a few of such bodies are read at once.
    """

    def __init__(self, application: Application, most: int, seconds: float, larger: Mapping[str, int]) -> None:
        self._application = application
        self._most = most
        self._seconds = seconds
        self._larger = {re.compile(path): bound for path, bound in larger.items()}
        self._turns = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        most = self._bound(scope)
        if most <= self._most:
            await self._call_bounded(scope, receive, send, self._most)
            return
        try:
            await asyncio.wait_for(self._turns.acquire(), TURN_SECONDS)
        except TimeoutError:
            await refuse(send, 503)
            return
        try:
            await self._call_bounded(scope, receive, send, most)
        finally:
            self._turns.release()

    def _bound(self, scope: dict[str, Any]) -> int:
        """How many bytes the body may have. A larger bound is for bodies that announce that they need it."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and len(length) < 18 and int(length) <= self._most:
            return self._most
        if not length and b"transfer-encoding" not in dict(scope["headers"]):
            return self._most
        return next((most for path, most in self._larger.items() if path.fullmatch(scope["path"])), self._most)

    async def _call_bounded(self, scope: dict[str, Any], receive: Receive, send: Send, most: int) -> None:
        try:
            first = await self._read_body(scope, receive, most)
        except RefusedBodyError as error:
            await refuse(send, error.status)
            return
        messages = [first]

        async def replay() -> dict[str, Any]:
            return messages.pop() if messages else await receive()

        await self._application(scope, replay, send)

    async def _read_body(self, scope: dict[str, Any], receive: Receive, most: int) -> dict[str, Any]:
        """The body as one message, or the message that the client has disconnected. Raises RefusedBodyError."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and (len(length) > 18 or int(length) > most):
            raise RefusedBodyError(413)
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        return message
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > most:
                        raise RefusedBodyError(413)
        except TimeoutError:
            raise RefusedBodyError(408) from None
        return {"type": "http.request", "body": bytes(body), "more_body": False}


async def refuse(send: Send, status: int) -> None:
    """A short answer, after which the connection is closed: the rest of the body is not read."""
    text = TEXTS[status]
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
