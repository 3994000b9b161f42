"""The bare chat as a server of its own, with the product's uvicorn and options, and the people who open it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.answers import Received, Shown
from tests.servers import Server
from web.local.ports import free_port
from web.local.process import Child
from web.local.site import web

PRODUCT, BARE = "web.server.serve", "benchmarks.bare_chat"


class BareSite(Server):
    """The server, always at the same address."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._environment = environment
        super().__init__(self._server)

    def _server(self) -> Child:
        child = web("127.0.0.1", self.port, self._folder, self._environment)
        return replace(child, command=[BARE if word == PRODUCT else word for word in child.command])


@dataclass(frozen=True)
class BareBrowser:
    """Somebody at an address of their own."""

    site: BareSite
    address: str

    @asynccontextmanager
    async def tab(self) -> AsyncIterator["BareTab"]:
        """An open page."""
        url, headers = f"ws://127.0.0.1:{self.site.port}/", {"X-Forwarded-For": self.address}
        async with connect(url, additional_headers=headers, proxy=None, max_size=None) as socket:
            yield BareTab(socket)


class BareTab:
    """A page that adds what comes to what it shows."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def ask(self, words: int, text: str) -> Received:
        """Send the message `text` and show the answer of `words` words to its end."""
        shown = Shown(asyncio.get_running_loop().time)
        await self._socket.send(json.dumps({"text": text}))
        while (frame := json.loads(await self._socket.recv()))["type"] != "finished":
            shown.add(frame["text"])
        return shown.received(words)
