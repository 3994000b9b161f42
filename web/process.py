"""What this web process runs, from the server's start to its end."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from assistant.answering import Answering
from assistant.room_turns import RoomCalls
from assistant.runtime import Runtime

DRAIN_SECONDS = 10


class Part(Protocol):
    """Something that the pages and sockets of one process share, and that ends with it."""

    def __init__(self, runtime: Runtime) -> None: ...

    async def close(self) -> None: ...


P = TypeVar("P", bound=Part)


class WebProcess:
    """The connections, the answers in progress, and the parts that pages and sockets share."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.answering = Answering(runtime)
        self._parts: dict[type[Any], Part] = {}

    def part(self, kind: type[P]) -> P:
        """The one `kind` of this process, made when it is first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind(self.runtime)
        return cast(P, self._parts[kind])

    async def close(self) -> None:
        """Let the answers in progress end, then close the parts."""
        await self.answering.drain(DRAIN_SECONDS)
        for part in self._parts.values():
            await part.close()


_current: WebProcess | None = None


def current_process() -> WebProcess:
    """The running process. Raises RuntimeError before the server's start and after its end."""
    if _current is None:
        raise RuntimeError("the server has not started yet, or has ended")
    return _current


@asynccontextmanager
async def web_process() -> AsyncIterator[None]:
    """Run it; on the way out the answers in progress may end first."""
    global _current
    # Looking for garbage among all that was loaded takes 0.1 to 0.2 s, in which nobody is served.
    gc.freeze()
    async with Runtime() as runtime:
        _current = WebProcess(runtime)
        try:
            async with RoomCalls(_current.answering):
                yield
        finally:
            await _current.close()
            _current = None
