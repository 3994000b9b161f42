"""A client of Socket.IO over a WebSocket: as much of its protocol as pages that read an answer need.

https://socket.io/docs/v4/socket-io-protocol/ and https://socket.io/docs/v4/engine-io-protocol/
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PING, PONG = "2", "3"
CONNECT, EVENT = "40", "42"


class SocketIO:
    """One connection; `sid` is what the server calls it. Reading answers its pings."""

    def __init__(self, socket: ClientConnection) -> None:
        self.sid = ""
        self._socket = socket

    async def open(self, auth: dict[str, Any]) -> None:
        """Say who we are."""
        await self._packet("0")
        await self._socket.send(CONNECT + json.dumps(auth))
        self.sid = json.loads(await self._packet(CONNECT))["sid"]

    async def emit(self, event: str, *values: object) -> None:
        """Send an event."""
        await self._socket.send(EVENT + json.dumps([event, *values]))

    async def event(self) -> tuple[str, Any]:
        """The next event, and its first value."""
        name, *values = json.loads(await self._packet(EVENT))
        return name, values[0] if values else None

    async def _packet(self, kind: str) -> str:
        """What the next packet of that kind holds. Others are passed over."""
        while True:
            packet = str(await self._socket.recv())
            if packet == PING:
                await self._socket.send(PONG)
            elif packet.startswith(kind):
                return packet[len(kind) :]


@asynccontextmanager
async def socket_io(site: str, auth: dict[str, Any]) -> AsyncIterator[SocketIO]:
    """A connection to the Socket.IO of `site`, which both peers have at the same path."""
    url = site.replace("http", "ws") + "/ws/socket.io/?EIO=4&transport=websocket"
    async with connect(url, proxy=None, max_size=None) as socket:
        connection = SocketIO(socket)
        await connection.open(auth)
        yield connection
