"""A site of somebody else's: real HTTP on loopback, byte by byte as a test wants it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from assistant.fetch.addresses import Address

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FakeSite:
    """`answers` by path, raw, with their heads; `requests` are the heads of all that came, as they came."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    scheme: str = "http"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def address(self, host: str = "127.0.0.1") -> str:
        """As FETCH_ALLOWED names it."""
        return f"{host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.split(" ")[1] for request in self.requests]


@asynccontextmanager
async def fake_site(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeSite]:
    """It runs until the block ends; whatever still reads from it is cut."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            site.requests.append(request)
            answer = site.answers.get(request.split(" ")[1], response(b"", status="404 Not Found"))
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
            await writer.drain()
        writers.discard(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    site = FakeSite(server.sockets[0].getsockname()[1], scheme="https" if tls else "http")
    if tls:
        tls.sni_callback = lambda _socket, name, _context: site.names.append(name)
    yield site
    server.close()
    for writer in tuple(writers):
        writer.transport.abort()
    await server.wait_closed()


def response(body: bytes | str, kind: str = "text/html", status: str = "200 OK", **headers: str) -> bytes:
    """A whole response. Underscores in the names of headers are dashes."""
    data = body.encode() if isinstance(body, str) else body
    fields: Mapping[str, str] = {"Content-Type": kind, "Content-Length": str(len(data)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + data


def redirect(location: str, status: str = "302 Found") -> bytes:
    return response(b"", status=status, Location=location)


class Names:
    """A name server: each host with its answers in turn, the last one again and again. `asked` are all questions."""

    def __init__(self, **hosts: list[list[str]]) -> None:
        self._answers = {host.replace("__", "-").replace("_", "."): list(answers) for host, answers in hosts.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked.append(host)
        answers = self._answers[host.rstrip(".")]
        texts = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ip_address(text) for text in texts]
