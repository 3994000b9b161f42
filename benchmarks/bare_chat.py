"""The least that a chat can be: what comes by a socket goes to the model, and what the model streams goes back.

Nothing is stored, nobody is known. bare_site.py serves it like the product; the product's figures stand beside its own.
"""

import json
from collections.abc import Awaitable, Callable
from functools import cache
from os import environ
from typing import Any

import aiohttp
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter

from web.server.serve import main

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class BareChat(AsyncWebsocketConsumer):
    """One page's socket."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ask the model, and pass its answer on."""
        message = {"role": "user", "content": json.loads(text_data or "")["text"]}
        url = environ["LLAMA_URL"] + "/chat/completions"
        async with model().post(url, json={"messages": [message], "stream": True}) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    await self._pass_on(json.loads(line[6:])["choices"])
        await self.send(json.dumps({"type": "finished"}))

    async def _pass_on(self, choices: list[dict[str, Any]]) -> None:
        piece = choices and choices[0]["delta"].get("content")
        if piece:
            await self.send(json.dumps({"type": "append", "text": piece}))


@cache
def model() -> aiohttp.ClientSession:
    """The connections to the model, kept open."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def health(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Every page says that the server is up."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def lifespan(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Nothing to open, and only connections to close."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await model().close()
    await send({"type": "lifespan.shutdown.complete"})


application = ProtocolTypeRouter({"http": health, "websocket": BareChat.as_asgi(), "lifespan": lifespan})


if __name__ == "__main__":
    main("benchmarks.bare_chat:application")
