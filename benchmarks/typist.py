"""Somebody who types what is to be drawn, with the page's socket and its pace: see live.js and throttle.js."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection, connect

import benchmarks.environment  # noqa: F401  Django must be ready before its models are imported
from tests.people import Visitor, live_frame
from tests.servers import Site

KEYS_PER_SECOND = 8
# A person's rhythm: each pause is between so much and so much of the mean one.
RHYTHM = (0.6, 1.4)
CHARACTERS = 40
WORDS = (
    *("a red llama under the old bridge", "two paper boats on a quiet river", "the last lamp in a winter village"),
    *("a small robot that waters its roses", "green hills with sheep and far thunder", "an owl reads by candle light"),
)


def sentence(number: int) -> str:
    """CHARACTERS characters, different ones for each number."""
    text = f"{WORDS[number % len(WORDS)]} no {number:03}, at dawn"
    return text[: CHARACTERS - 1].ljust(CHARACTERS, "s")


class Pace:
    """throttle.js: `send` is called with the newest words, when it is time to."""

    SHORTEST, SLOW, REST = 0.12, 2, 0.6

    def __init__(self, send: Callable[[str, bool], None]) -> None:
        self.seconds = 0.0
        self._send = send
        self._newest = ""
        self._free = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def push(self, words: str) -> None:
        loop = asyncio.get_running_loop()
        self._newest = words
        if self.seconds > self.SLOW:
            self.drop()
            self._timer = loop.call_later(self.REST, self._go)
        elif loop.time() >= self._free:
            self._go()
        elif self._timer is None:
            self._timer = loop.call_at(self._free, self._go)

    def flush(self) -> None:
        """Send what waits, now and in a hurry."""
        if self._timer is not None:
            self._go(hurry=True)

    def drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _go(self, hurry: bool = False) -> None:
        self.drop()
        self._free = max(self._free, asyncio.get_running_loop().time() - self.SHORTEST) + self.SHORTEST
        self._send(self._newest, hurry)


@dataclass
class Typing:
    """One drawing on a page. Times are seconds since 1970; `came` says when the frame of each number was shown."""

    sketch: UUID = field(default_factory=uuid4)
    keys: list[float] = field(default_factory=list)
    sent: dict[int, float] = field(default_factory=dict)
    came: dict[int, float] = field(default_factory=dict)
    # Set as soon as the frame of the newest number is there.
    up_to_date: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> int:
        """The number of the last words."""
        return max(self.sent)

    @property
    def wait(self) -> float:
        """From the last keystroke to its frame."""
        return self.came[self.last] - self.keys[-1]


class Page:
    """An open page. `typing` is what is on it now."""

    def __init__(self, person: UUID, socket: ClientConnection) -> None:
        self.person = person
        self.typing = Typing()
        self._socket = socket
        self._number = 0
        self._words = ""
        self._pace = Pace(self._send)
        self._out: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    async def type(self, text: str, rhythm: random.Random, enter: bool = False) -> Typing:
        """Type `text` onto the empty page, and press Enter if so; its frames come later."""
        self._pace.drop()
        self.typing, self._words = Typing(), ""
        for length in range(1, len(text) + 1):
            self.typing.keys.append(time.time())
            self._draw(text[:length].strip())
            if length < len(text):
                await asyncio.sleep(rhythm.uniform(*RHYTHM) / KEYS_PER_SECOND)
        if enter:
            self._pace.flush()
        return self.typing

    async def rest(self, typing: Typing) -> None:
        """Wait until the last words of `typing` are on the page."""
        await asyncio.sleep(Pace.SHORTEST + self._pace.seconds)
        await typing.up_to_date.wait()

    async def leave(self) -> None:
        """Look away."""
        await self._socket.send(json.dumps({"type": "leave"}))

    def _draw(self, words: str) -> None:
        if words == self._words:
            self._pace.drop()
        else:
            self._pace.push(words)

    def _send(self, words: str, hurry: bool) -> None:
        self._number += 1
        self._words = words
        self.typing.sent[self._number] = time.time()
        self.typing.up_to_date.clear()
        wish = {"prompt": words, "style": "", "shape": "square", "seed": 7, "hurry": hurry}
        self._out.put_nowait({"type": "draw", "sketch": str(self.typing.sketch), "number": self._number, **wish})

    async def send_on(self) -> None:
        while True:
            await self._socket.send(json.dumps(await self._out.get()))

    async def take_on(self) -> None:
        async for data in self._socket:
            self._take(live_frame(data) if isinstance(data, bytes) else json.loads(data))

    def _take(self, frame: dict[str, Any]) -> None:
        match frame:
            case {"type": "studio", "seconds": seconds}:
                self._pace.seconds = seconds
            case {"type": "live", "sketch": sketch, "number": number} if sketch == str(self.typing.sketch):
                if number > max(self.typing.came, default=0):
                    self.typing.came[number] = time.time()
                if number == self._number:
                    self.typing.up_to_date.set()
            case {"type": "refused" | "problem"}:
                raise RuntimeError(f"the site refused: {frame}")


@asynccontextmanager
async def page(site: Site, address: str) -> AsyncIterator[Page]:
    """The page for drawing, open for a new guest at that address."""
    with Visitor(site, address) as visitor:
        await asyncio.to_thread(visitor.post, "/imagine/begin")
        person = await asyncio.to_thread(lambda: visitor.person.id)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items())
    headers = {"Cookie": cookies, "X-Forwarded-For": address}
    url, origin = site.url.replace("http", "ws") + "/ws/imagine/", site.url
    async with connect(url, additional_headers=headers, origin=origin, proxy=None, max_size=None) as socket:  # type: ignore[arg-type]
        opened = Page(person, socket)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(opened.send_on()), group.create_task(opened.take_on())]
            yield opened
            for task in tasks:
                task.cancel()
