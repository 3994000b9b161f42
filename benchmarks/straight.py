"""The way to the model server without Chaski between: as little work for each token as can be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.answers import Received, Shown


class Line:
    """One connection, kept open between answers."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = urlsplit(url).netloc
        self._reader, self._writer = reader, writer

    async def ask(self, words: int, text: str = "Tell me") -> Received:
        """One answer of `words` words, read to its end."""
        body = json.dumps({"messages": [{"role": "user", "content": text}], "stream": True}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n\r\n"
        shown = Shown(asyncio.get_running_loop().time)
        self._writer.write(head.encode() + body)
        async for piece in self._pieces():
            shown.add(piece)
        return shown.received(words)

    async def _pieces(self) -> AsyncIterator[str]:
        async for line in self._lines():
            if line.startswith(b"data: {"):
                choices = json.loads(line[6:])["choices"]
                yield (choices[0]["delta"].get("content") or "") if choices else ""

    async def _lines(self) -> AsyncIterator[bytes]:
        """The lines of a response up to the empty chunk that ends it; sizes of chunks look like no event."""
        while (line := await self._reader.readline()) != b"0\r\n":
            if not line:
                raise ConnectionError("the scripted model hung up")
            yield line
        await self._reader.readline()


@dataclass(frozen=True)
class Caller:
    """Somebody who asks the model server at `url` with nothing between."""

    url: str

    def tab(self) -> AbstractAsyncContextManager[Line]:
        """A connection of their own."""
        return line(self.url)


@asynccontextmanager
async def line(url: str) -> AsyncIterator[Line]:
    """A connection to the model server at `url`."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Line(url, reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
