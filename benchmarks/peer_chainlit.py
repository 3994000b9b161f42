"""Chainlit as a server of its own, from an environment of its own, and the people who open it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from benchmarks.answers import Received, Shown
from benchmarks.socket_io import SocketIO, socket_io
from benchmarks.stage import answers
from tests.servers import Server
from web.local.ports import free_port
from web.local.process import Child

APP = Path(__file__).parent / "peer_chainlit_app.py"


class Chainlit(Server):
    """The server of the environment at `home`."""

    name = "Chainlit"

    def __init__(self, home: Path, folder: Path, model_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._folder = folder
        self._environment = {**os.environ, "LLAMA_URL": model_url, "CHAINLIT_APP_ROOT": str(folder)}
        super().__init__(self._server)

    def people(self, count: int) -> list["Visitor"]:
        """Nobody signs in."""
        return [Visitor(self.url) for _ in range(count)]

    def _server(self) -> Child:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Modules beside the file would hide others of the same name.
        app = shutil.copy(APP, self._folder)
        options = ("--headless", "--host", "127.0.0.1", "--port", str(self.port))
        return Child(
            name=self.name,
            command=[str(self._home / "bin" / "chainlit"), "run", app, *options],
            environment=self._environment,
            folder=self._folder,
            log=self._folder / "chainlit.log",
            is_ready=lambda: answers(self.url),
        )


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser."""

    url: str

    @asynccontextmanager
    async def tab(self) -> AsyncIterator["ChainlitTab"]:
        """An open page, which is a chat of its own."""
        auth = {"sessionId": str(uuid4()), "clientType": "webapp", "userEnv": "{}", "chatProfile": "", "threadId": ""}
        async with socket_io(self.url, auth) as connection:
            await connection.emit("connection_successful")
            yield ChainlitTab(connection)


class ChainlitTab:
    """A page that adds what comes to what it shows."""

    def __init__(self, connection: SocketIO) -> None:
        self._connection = connection

    async def ask(self, words: int, text: str) -> Received:
        """Send the message `text` and show the answer of `words` words to its end."""
        message = {
            "id": str(uuid4()),
            "threadId": "",
            "name": "User",
            "type": "user_message",
            "output": text,
            "createdAt": datetime.now(UTC).isoformat(),
        }
        shown = Shown(asyncio.get_running_loop().time)
        await self._connection.emit("client_message", {"message": message, "fileReferences": []})
        event, value = "", None
        while event != "task_start":
            event, value = await self._connection.event()
        while event != "task_end":
            event, value = await self._connection.event()
            if event == "stream_start":
                shown.add(value["output"])
            elif event == "stream_token":
                shown.add(value["token"])
        return shown.received(words)
