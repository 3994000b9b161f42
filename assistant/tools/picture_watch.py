"""How far one picture is, heard at its person's doorbell and looked up now and then."""

import asyncio
import json
from collections.abc import AsyncGenerator
from uuid import UUID

from assistant.database import in_thread
from assistant.events import Waiting
from imagine.errors import TooSlowError
from imagine.models import Picture

PATIENCE_SECONDS = 600
# Who told of the end may have died before: we also look by ourselves.
LOOK_SECONDS = 3

MAKING = (Picture.Status.WAITING, Picture.Status.DRAWING)


class PictureWatch:
    """Give `hear` to the bell, for the channel of the picture's person; then read `steps`."""

    def __init__(self, picture: UUID) -> None:
        self._picture = picture
        self._rung = asyncio.Event()
        self._done, self._of = 0, 0

    def hear(self, data: bytes | None) -> None:
        """What is told about the person's pictures; None when something may have been missed."""
        if data and data.startswith(b"{"):
            word = json.loads(data)
            if word.get("id") == str(self._picture):
                self._done, self._of = word["done"], word["of"]
                self._rung.set()
        elif data is None:
            self._rung.set()

    async def steps(self, patience: float = PATIENCE_SECONDS) -> AsyncGenerator[Waiting, None]:
        """Each new step, until the picture is no longer in the making. Raises TooSlowError after so many seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        told = 0, 0
        while await status(self._picture) in MAKING:
            if asyncio.get_running_loop().time() > deadline:
                raise TooSlowError(f"picture {self._picture} took more than {patience:.0f} s")
            if (self._done, self._of) != told:
                told = self._done, self._of
                yield Waiting("drawing", done=self._done, of=self._of)
            await self._news()

    async def _news(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()


@in_thread
def status(picture: UUID) -> str | None:
    """The picture's status; None when it was deleted."""
    return Picture.objects.filter(id=picture).values_list("status", flat=True).first()
