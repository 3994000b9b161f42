"""The door that no large or slow request gets through. Django reads a whole body, to disk, before anything else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class RefusedBodyError(Exception):
    """`status` says why."""

    def __init__(self, status: int) -> None:
        self.status = status


class BoundedBodies:
    """`application`, for requests whose body has at most `most` bytes and arrives within `seconds`."""

    def __init__(self, application: Application, most: int, seconds: float) -> None:
        self._application = application
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            first = await self._whole(scope, receive)
        except RefusedBodyError as error:
            await refuse(send, error.status)
            return
        messages = [first]

        async def again() -> dict[str, Any]:
            return messages.pop() if messages else await receive()

        await self._application(scope, again, send)

    async def _whole(self, scope: dict[str, Any], receive: Receive) -> dict[str, Any]:
        """The body as one message, or the message that the client has gone."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and (len(length) > 18 or int(length) > self._most):
            raise RefusedBodyError(413)
        body, more = b"", True
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        return message
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > self._most:
                        raise RefusedBodyError(413)
        except TimeoutError:
            raise RefusedBodyError(408) from None
        return {"type": "http.request", "body": body, "more_body": False}


async def refuse(send: Send, status: int) -> None:
    """A short answer, after which the connection is closed, whatever else the client has to say."""
    text = b"This is more than can be taken at once.\n" if status == 413 else b"This took too long.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
