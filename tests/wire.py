"""A cable between two parts, such as a browser and the site, for tests that pull it."""

import asyncio
from contextlib import suppress
from types import TracebackType


class Wire:
    """Passes bytes on to `port` of this machine, until it is cut; `at` is its own port. Use it in `async with`."""

    def __init__(self, port: int, at: int = 0) -> None:
        self._to = port
        self._at = at
        self._plugged = True
        self._back = asyncio.Event()
        self._back.set()
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._at)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """End every connection at once, and let no new one through."""
        self._plugged = False
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let new connections through again."""
        self._plugged = True

    def hold(self) -> None:
        """Carry nothing back any more; what is sent still arrives."""
        self._back.clear()

    def let_go(self) -> None:
        """Carry back what was held, and all that follows."""
        self._back.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._plugged:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer, self._back))
        self._open -= {writer, far_writer}


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event | None = None
) -> None:
    """Pass on all that comes, while it is `flowing`."""
    with suppress(OSError):
        while data := await reader.read(65536):
            if flowing:
                await flowing.wait()
            writer.write(data)
            await writer.drain()
    writer.close()
