"""How far one picture is: published progress, and a poll now and then."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from assistant.database import in_thread
from assistant.events import Waiting
from imagine.errors import TooSlowError
from imagine.events import PictureProgress, from_bytes
from imagine.models import Picture

TIMEOUT_SECONDS = 600
# What would publish the end may have died before: so the row is polled as well.
POLL_SECONDS = 3


class PictureWatch:
    """Subscribe `notify` to the channel of the picture's person; then read `steps`."""

    def __init__(self, picture: UUID) -> None:
        self._picture = picture
        self._notified = asyncio.Event()
        self._done, self._of = 0, 0

    def notify(self, data: bytes | None) -> None:
        """What is published about the person's pictures; None when something may have been missed."""
        event = from_bytes(data) if data else None
        if isinstance(event, PictureProgress) and event.id == str(self._picture):
            self._done, self._of = event.done, event.of
            self._notified.set()
        elif data is None:
            self._notified.set()

    async def steps(self, seconds: float = TIMEOUT_SECONDS) -> AsyncGenerator[Waiting, None]:
        """Each new step, until the picture is no longer in the making. Raises TooSlowError after so many seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        reported = 0, 0
        while await status(self._picture) in Picture.MAKING:
            if asyncio.get_running_loop().time() > deadline:
                raise TooSlowError(f"picture {self._picture} took more than {seconds:.0f} s")
            if (self._done, self._of) != reported:
                reported = self._done, self._of
                yield Waiting("drawing", done=self._done, of=self._of)
            await self._next_event()

    async def _next_event(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._notified.wait()
        except TimeoutError:
            return
        self._notified.clear()


@in_thread
def status(picture: UUID) -> str | None:
    """The picture's status; None when it was deleted."""
    return Picture.objects.filter(id=picture).values_list("status", flat=True).first()
