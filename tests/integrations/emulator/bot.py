"""A bot for the phones, played by a test: a webhook that keeps what it gets, and calls to the Graph API."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Self

from aiohttp import ClientSession, FormData, web

from tests.ports import free_port

Json = dict[str, Any]
TOKENS = {"whatsapp": "token-of-whatsapp", "messenger": "token-of-messenger", "instagram": "token-of-instagram"}
ACCOUNTS = {"whatsapp": "emulated1000", "messenger": "emulated2000", "instagram": "emulated3000"}
OBJECTS = {"whatsapp_business_account": "whatsapp", "page": "messenger", "instagram": "instagram"}
SECONDS = 15


class Bot:
    """Started with `async with`. `graph` is the emulator's address, set once that runs."""

    def __init__(self) -> None:
        self.port = free_port()
        self.webhook = f"http://127.0.0.1:{self.port}/webhooks/meta"
        self.graph = ""
        self.deliveries: list[Json] = []
        self._taken: set[int] = set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/webhooks/meta", self._deliver)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self._session = ClientSession()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _deliver(self, request: web.Request) -> web.Response:
        self.deliveries.append(json.loads(await request.read()))
        return web.Response()

    # What it is told

    def items(self, app: str) -> Iterator[Json]:
        """Every event so far: messages and edits of WhatsApp, `messaging` and `changes` of the others."""
        for delivery in self.deliveries:
            if OBJECTS[delivery["object"]] != app:
                continue
            for entry in delivery["entry"]:
                yield from entry.get("messaging", [])
                for change in entry.get("changes", []):
                    yield from change["value"].get("messages", []) if app == "whatsapp" else [change]

    def statuses(self) -> list[tuple[str, str]]:
        """What became of messages on WhatsApp: their ids and states."""
        return [
            (status["id"], status["status"])
            for delivery in self.deliveries
            for entry in delivery["entry"]
            for change in entry.get("changes", [])
            for status in change["value"].get("statuses", [])
        ]

    async def hears(self, app: str, **wanted: object) -> Json:
        """The next event with these values, echoes left out; each event is given once."""
        async with asyncio.timeout(SECONDS):
            while True:
                for item in self.items(app):
                    fits = all(
                        item.get(name) is not None and value in (..., item[name]) for name, value in wanted.items()
                    )
                    if fits and id(item) not in self._taken and not item.get("message", {}).get("is_echo"):
                        self._taken.add(id(item))
                        return item
                await asyncio.sleep(0.02)

    # What it does

    async def call(self, app: str, path: str, body: Json, status: int = 200) -> Json:
        """A call of the Graph API."""
        headers = {"Authorization": f"Bearer {TOKENS[app]}"}
        async with self._session.post(f"{self.graph}/v25.0/{path}", json=body, headers=headers) as response:
            answer: Json = await response.json()
            assert response.status == status, answer
            return answer

    async def whatsapp(self, to: Json, **body: object) -> str:
        """Answer a message of WhatsApp; the id of the answer."""
        whom = {"recipient": to["from_user_id"]}
        body = {"messaging_product": "whatsapp", **whom, **body}
        answer = await self.call("whatsapp", f"{ACCOUNTS['whatsapp']}/messages", body)
        return str(answer["messages"][0]["id"])

    async def types(self, to: Json) -> None:
        """Mark a message of WhatsApp as read, and show that an answer comes."""
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": to["id"]}
        path = f"{ACCOUNTS['whatsapp']}/messages"
        await self.call("whatsapp", path, {**body, "typing_indicator": {"type": "text"}})

    async def page(self, app: str, to: Json, **message: object) -> str:
        """Answer a message of Messenger or Instagram; the id of the answer."""
        body = {"recipient": {"id": to["sender"]["id"]}, "messaging_type": "RESPONSE", "message": message}
        answer = await self.call(app, f"{ACCOUNTS[app]}/messages", body)
        return str(answer["message_id"])

    async def upload(self, data: bytes, mime: str) -> str:
        """A file for WhatsApp; its id."""
        form = FormData({"messaging_product": "whatsapp", "type": mime})
        form.add_field("file", data, content_type=mime, filename="file")
        headers = {"Authorization": f"Bearer {TOKENS['whatsapp']}"}
        url = f"{self.graph}/v25.0/{ACCOUNTS['whatsapp']}/media"
        async with self._session.post(url, data=form, headers=headers) as response:
            answer = await response.json()
            assert response.status == 200, answer
            return str(answer["id"])

    async def download(self, media_id: str) -> bytes:
        """A file that a person sent on WhatsApp."""
        headers = {"Authorization": f"Bearer {TOKENS['whatsapp']}"}
        async with self._session.get(f"{self.graph}/v25.0/{media_id}", headers=headers) as response:
            url = (await response.json())["url"]
        async with self._session.get(url, headers=headers) as response:
            assert response.status == 200
            return await response.read()
