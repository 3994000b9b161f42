"""The runtime of this web process, from the server's start to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings

from assistant.runtime import Runtime
from web.limits import Limits
from web.screen import Screens

DRAIN_SECONDS = 10


class Running:
    """What the pages and sockets of this process share."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.screens = Screens(runtime)
        self.limits = Limits(settings.REDIS_URL)


_current: Running | None = None


def current() -> Running:
    """What runs now; only between the server's start and its end."""
    if _current is None:
        raise RuntimeError("the server has not started yet, or has ended")
    return _current


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Run it; on the way out the answers in progress may end first."""
    global _current
    async with Runtime() as runtime:
        _current = Running(runtime)
        try:
            yield
        finally:
            await runtime.drain(DRAIN_SECONDS)
            await _current.screens.close_all()
            await _current.limits.close()
            _current = None
