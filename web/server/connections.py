"""What every connection has: a place among those of its address, and an end where nobody reads what is sent.

A proxy of the operator's is not counted: it stands for many people, and bounds them itself.
"""

import asyncio
from asyncio.events import TimerHandle
from asyncio.transports import BaseTransport, Transport
from collections import Counter
from typing import cast

from django.conf import settings

from assistant.addresses import wider
from web.addresses import block, is_trusted, parse

_open: Counter[str] = Counter()


class Place:
    """The place of one connection; `is_free` says whether its address had one left. It is given back once."""

    def __init__(self, address: str | None) -> None:
        """`address` is of who connected; None where there is none (a Unix socket)."""
        known = parse(address or "")
        counted = [] if known is None or is_trusted(known) else wider(block(known))
        most = settings.LIMIT_ADDRESS_CONNECTIONS
        self.is_free = all(_open[key] < most * times for key, times in counted)
        self._keys = [key for key, _times in counted] if self.is_free else []
        _open.update(self._keys)

    def give_back(self) -> None:
        """Let another connection have it."""
        for key in self._keys:
            _open[key] -= 1
            if not _open[key]:
                del _open[key]
        self._keys = []


class BoundedConnection(asyncio.Protocol):
    """A base before one of uvicorn's protocols. Who reads nothing for `unread_seconds` is cut."""

    unread_seconds = 60.0
    client: tuple[str, int] | None
    loop: asyncio.AbstractEventLoop
    place: Place
    _unread_timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport = cast(Transport, transport)
        self.place = Place(self.client[0] if self.client else None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.place.give_back()
        self._end_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_unread_timer()

    def _end_unread_timer(self) -> None:
        if self._unread_timer:
            self._unread_timer.cancel()
            self._unread_timer = None
