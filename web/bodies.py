"""Limits on the size, time and memory of request bodies. Django reads a whole body, to disk, before anything else."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from web.addresses import address_block

# What the bodies from one address take together, and so many times as much all of them; how long one that finds no room
# waits.
SHARE_BYTES, SHARES = 64_000_000, 4
ROOM_SECONDS = 10
# A body has more time as it arrives: a phone on a bad line sends so many bytes a second.
SLOWEST = 50_000

TEXTS = {
    408: b"This took too long.\n",
    413: b"This is more than can be taken at once.\n",
    503: b"Many people send files right now. Please try again in a minute.\n",
}

# Programs that call these addresses read errors as JSON.
API = "/v1/"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class RefusedBodyError(Exception):
    """The body is too large or too slow. `status` is the answer's; `most` the bound that it exceeds."""

    def __init__(self, status: int, most: int = 0) -> None:
        self.status = status
        self.most = most


class Memory:
    """What bodies take of it: `share` bytes for one address, SHARES times as much for all. Who sends slowly holds only
    what has arrived, so others need not wait for them."""

    def __init__(self, share: int) -> None:
        self._share, self._most = share, share * SHARES
        self._taken: Counter[str] = Counter()
        self._change = asyncio.Event()

    async def take(self, address: str, size: int) -> None:
        """Take so many bytes; waits until there are as many. Raises RefusedBodyError after ROOM_SECONDS."""
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                while self._taken.total() + size > self._most or self._taken[address] + size > self._share:
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            raise RefusedBodyError(503) from None
        self._taken[address] += size

    def give_back(self, address: str, size: int) -> None:
        """Let others have so many bytes."""
        self._taken[address] -= size
        if not self._taken[address]:
            del self._taken[address]
        self._change.set()


class BoundedBodies:
    """`application`, for requests whose body has at most `most` bytes and arrives within `seconds`, or a large one no
    slower than SLOWEST. `larger` has patterns of the paths that take more, and how much."""

    def __init__(self, application: Application, most: int, seconds: float, larger: Mapping[str, int]) -> None:
        self._application = application
        self._most = most
        self._seconds = seconds
        self._larger = {re.compile(path): bound for path, bound in larger.items()}
        self._memory = Memory(max(SHARE_BYTES, most, *larger.values()))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body = Body(self._memory, address_block(scope))
        try:
            first = await self._read(scope, receive, body)
            messages = [first]

            async def replay() -> dict[str, Any]:
                return messages.pop() if messages else await receive()

            await self._application(scope, replay, send)
        except RefusedBodyError as error:
            await refuse(send, error.status, most=error.most, for_program=scope["path"].startswith(API))
        finally:
            body.give_back()

    def _bound(self, scope: dict[str, Any]) -> int:
        """How many bytes the body may have. A larger bound is for bodies that announce that they need it."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and len(length) < 18 and int(length) <= self._most:
            return self._most
        if not length and b"transfer-encoding" not in dict(scope["headers"]):
            return self._most
        return next((most for path, most in self._larger.items() if path.fullmatch(scope["path"])), self._most)

    async def _read(self, scope: dict[str, Any], receive: Receive, body: "Body") -> dict[str, Any]:
        """The body as one message, or the message that the client has disconnected. Raises RefusedBodyError."""
        most = self._bound(scope)
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and (len(length) > 18 or int(length) > most):
            raise RefusedBodyError(413, most)
        started = asyncio.get_running_loop().time()
        more = True
        try:
            async with asyncio.timeout(self._seconds) as limit:
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        return message
                    await body.add(message.get("body", b""), most)
                    limit.reschedule(started + self._seconds + body.size / SLOWEST)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise RefusedBodyError(408) from None
        return {"type": "http.request", "body": body.whole(), "more_body": False}


class Body:
    """What has arrived of one body."""

    def __init__(self, memory: Memory, address: str) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._memory, self._address = memory, address

    async def add(self, piece: bytes, most: int) -> None:
        """Take a piece. Raises RefusedBodyError beyond `most` bytes, or where there is no room for it."""
        if self.size + len(piece) > most:
            raise RefusedBodyError(413, most)
        await self._memory.take(self._address, len(piece))
        self.size += len(piece)
        self._pieces.append(piece)

    def whole(self) -> bytes:
        """All of it, once: it is the caller's then, and counts until it is given back."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

    def give_back(self) -> None:
        """Give back what it takes."""
        self._memory.give_back(self._address, self.size)


async def refuse(send: Send, status: int, *, most: int = 0, for_program: bool = False) -> None:
    """A short answer, after which the connection is closed: the rest of the body is not read. `most` is the bound."""
    text, kind = TEXTS[status], b"text/plain; charset=utf-8"
    if most:
        text = text.replace(b".\n", f": {most / 1_000_000:.3g} MB at most.\n".encode())
    if for_program:
        error = {"message": text.decode().strip(), "type": "invalid_request_error", "param": None, "code": None}
        text, kind = json.dumps({"error": error}).encode(), b"application/json"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(text)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
