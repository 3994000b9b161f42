"""The way to the model server without Chaski between: as little work for each token as can be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from benchmarks.answers import Received
from benchmarks.words import WORD, lost_and_doubled


class Line:
    """One connection, kept open between answers."""

    def __init__(self, url: str, words: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._words = words
        self._reader, self._writer = reader, writer
        body = json.dumps({"messages": [{"role": "user", "content": "Tell me"}], "stream": True}).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    async def ask(self) -> Received:
        """One answer, read to its end."""
        now = asyncio.get_running_loop().time
        sent = now()
        self._writer.write(self._request)
        text, first, last = "", 0.0, 0.0
        async for piece in self._pieces():
            text += piece
            if WORD.search(piece):
                last = now()
                first = first or last
        lost, doubled = lost_and_doubled(text, self._words)
        return Received(sent, first, last, self._words - lost, lost, doubled)

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


@asynccontextmanager
async def line(url: str, words: int) -> AsyncIterator[Line]:
    """A connection to the model server at `url`, which answers in `words` words."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Line(url, words, reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
