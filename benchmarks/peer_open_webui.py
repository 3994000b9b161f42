"""Open WebUI as a server of its own, from an environment of its own, and the people who have an account there."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.answers import Received, Shown
from benchmarks.socket_io import SocketIO, socket_io
from benchmarks.stage import answers
from tests.fake_llama import MODEL
from tests.servers import Server
from web.local.ports import free_port
from web.local.process import Child

# It does nothing but chat: no titles, follow-ups and tags by the model, no embeddings, no look for updates.
SETTINGS = {
    "WEBUI_SECRET_KEY": "of the benchmark",
    "OPENAI_API_KEY": "none",
    "ENABLE_OLLAMA_API": "False",
    "ENABLE_TITLE_GENERATION": "False",
    "ENABLE_FOLLOW_UP_GENERATION": "False",
    "ENABLE_TAGS_GENERATION": "False",
    "RAG_EMBEDDING_ENGINE": "openai",
    "DEFAULT_USER_ROLE": "user",
    "BYPASS_MODEL_ACCESS_CONTROL": "True",
    "OFFLINE_MODE": "True",
    "HF_HUB_OFFLINE": "1",
    "ENABLE_VERSION_UPDATE_CHECK": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "True",
    "GLOBAL_LOG_LEVEL": "WARNING",
}


class OpenWebUI(Server):
    """The server of the environment at `home`."""

    name = "Open WebUI"

    def __init__(self, home: Path, folder: Path, model_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._folder = folder
        ours = {"OPENAI_API_BASE_URL": model_url, "DATA_DIR": str(folder / "data")}
        self._environment = {**os.environ, **SETTINGS, **ours}
        # Ours, which it would take for its own.
        self._environment.pop("DATABASE_URL", None)
        super().__init__(self._server)

    def people(self, count: int) -> list["Member"]:
        """So many people, to each of whom the first one, who runs the site, gives an account."""
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as http:
            operator = token(http, "/api/v1/auths/signup", "Operator", {})
            http.headers["Authorization"] = f"Bearer {operator}"
            add = "/api/v1/auths/add"
            return [Member(self.url, token(http, add, f"Person{number}", {"role": "user"})) for number in range(count)]

    def _server(self) -> Child:
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        options = ("--host", "127.0.0.1", "--port", str(self.port))
        return Child(
            name=self.name,
            command=[str(self._home / "bin" / "open-webui"), "serve", *options],
            environment=self._environment,
            folder=self._folder,
            log=self._folder / "open-webui.log",
            is_ready=lambda: answers(f"{self.url}/health"),
        )


def token(http: httpx.Client, path: str, name: str, more: dict[str, str]) -> str:
    """A new account, and what its browser shows to be let in."""
    fields = {"name": name, "email": f"{name.lower()}@example.org", "password": str(uuid4()), **more}
    response = http.post(path, json=fields)
    response.raise_for_status()
    return str(response.json()["token"])


@dataclass(frozen=True)
class Member:
    """Somebody with an account."""

    url: str
    token: str

    @asynccontextmanager
    async def tab(self) -> AsyncIterator["OpenWebUITab"]:
        """An open page, which begins a chat of its own."""
        headers = {"Authorization": f"Bearer {self.token}"}
        client = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=600, trust_env=False)
        async with client as http, socket_io(self.url, {"token": self.token}) as connection:
            await connection.emit("user-join", {"auth": {"token": self.token}})
            yield OpenWebUITab(http, connection)


class OpenWebUITab:
    """A page that posts what is said, and adds what the socket brings to what it shows."""

    def __init__(self, http: httpx.AsyncClient, connection: SocketIO) -> None:
        self._http = http
        self._connection = connection
        self._chat = ""
        self._newest: str | None = None

    async def ask(self, words: int, text: str) -> Received:
        """Send the message `text` and show the answer of `words` words to its end."""
        answer = str(uuid4())
        body = self._body(text, answer)
        shown = Shown(asyncio.get_running_loop().time)
        posting = asyncio.create_task(self._http.post("/api/chat/completions", json=body))
        while not (data := await self._next(answer)).get("done"):
            if data.get("type") == "response.output_text.delta":
                shown.add(data["delta"])
        response = await posting
        response.raise_for_status()
        self._chat, self._newest = response.json()["chat_id"], answer
        return shown.received(words)

    async def _next(self, answer: str) -> dict[str, Any]:
        """What the next event says of an answer."""
        while True:
            name, value = await self._connection.event()
            if name == "events" and value.get("message_id") == answer:
                data: dict[str, Any] = value["data"].get("data") or {}
                return data

    def _body(self, text: str, answer: str) -> dict[str, Any]:
        message = {
            "id": str(uuid4()),
            "parentId": self._newest,
            "childrenIds": [],
            "role": "user",
            "content": text,
            "models": [MODEL],
        }
        return {
            "stream": True,
            "model": MODEL,
            "messages": [{"role": "user", "content": text}],
            "session_id": self._connection.sid,
            "chat_id": self._chat,
            "id": answer,
            "parent_id": self._newest,
            "user_message": message,
            "background_tasks": {},
        }
