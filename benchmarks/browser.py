"""A browser as far as the server can tell: a guest with a conversation, the page's socket, and what it shows."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

import benchmarks.environment  # noqa: F401  Django must be ready before its models are imported
from benchmarks.answers import Received
from benchmarks.model import GREETING
from benchmarks.words import WORD, lost_and_doubled
from tests.people import Visitor, conversation_id
from tests.servers import Site

Frame = dict[str, Any]
TAG = re.compile(r"<[^>]+>")


@dataclass
class Answer:
    """One answer on the screen. It takes frames as the page does, see docs/protocol.md."""

    number: int = 0
    blocks: dict[int, str] = field(default_factory=dict)
    live_text: str = ""
    """What was shown just before the end."""

    @property
    def text(self) -> str:
        """What a person reads."""
        return "\n".join(text for _, text in sorted(self.blocks.items()))

    def take(self, frame: Frame) -> bool:
        """Show a frame; False when it does not follow what is shown, so that the run must be watched again."""
        match frame:
            case {"type": "text" | "finished" as kind, "number": number} if number >= self.number:
                self.live_text = self.text if kind == "finished" else ""
                self.blocks |= {index: TAG.sub("", html) for index, html in frame["blocks"]}
                self.number = number
            case {"type": "append", "number": number} if number > self.number:
                if frame["previous"] != self.number or frame["block"] not in self.blocks:
                    return False
                self.blocks[frame["block"]] += frame["text"]
                self.number = number
        return True

    def lost_and_doubled(self, words: int) -> tuple[int, int]:
        """Words lacking and too many, of `words`: at the end, and in what was shown until then."""
        lost, doubled = lost_and_doubled(self.text, words)
        live = WORD.findall(self.live_text)
        live_lost, live_doubled = lost_and_doubled(self.live_text, max((int(word[1:]) + 1 for word in live), default=0))
        return lost + live_lost, doubled + live_doubled


class Browser:
    """Somebody at an address of their own, who has greeted the assistant and may open any number of tabs."""

    def __init__(self, site: Site, address: str) -> None:
        self.site = site
        self.visitor = Visitor(site, address)
        begun = self.visitor.post("/", {"text": GREETING, "id": str(uuid4())})
        self.conversation = str(conversation_id(begun.headers["location"]))
        self.cookies = dict(self.visitor.http.cookies)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._headers = {"Cookie": cookies, "X-Forwarded-For": address}

    def load_page(self) -> None:
        """Fetch the conversation's page, as a reload does."""
        self.visitor.get(f"/c/{self.conversation}/").raise_for_status()

    @asynccontextmanager
    async def tab(self) -> AsyncIterator["Tab"]:
        """The conversation's page, its socket open."""
        url = self.site.url.replace("http", "ws") + "/ws/"
        origin: Any = self.site.url
        async with connect(url, additional_headers=self._headers, origin=origin, proxy=None, max_size=None) as socket:
            tab = Tab(self, socket)
            await tab.open()
            yield tab


class Tab:
    """One open page. `answer` is what it shows of the newest answer, `run` its id.

    Where `heard` is a list, each frame is added to it with its time.
    """

    def __init__(self, browser: Browser, socket: ClientConnection) -> None:
        self.browser = browser
        self.answer = Answer()
        self.run = ""
        self.heard: list[tuple[float, Frame]] | None = None
        self._socket = socket

    async def open(self) -> None:
        """Look at the conversation; `run` is then the answer being made, if there is one."""
        await self.say("open", conversation=self.browser.conversation)
        self.run = (await self.hear_until("opened"))["run"] or ""

    async def rest(self) -> None:
        """Wait until no answer is being made."""
        if self.run:
            await self.watch()
            await self.hear_until("finished")

    async def ask(self, words: int, text: str = "Tell me") -> Received:
        """Send the message `text` and show the answer of `words` words to its end."""
        now = asyncio.get_running_loop().time
        sent, first, last = now(), 0.0, 0.0
        self.answer = Answer()
        await self.say("send", conversation=self.browser.conversation, id=str(uuid4()), text=text)
        self.run = (await self.hear_until("accepted"))["run"]
        accepted = now()
        finished = False
        while not finished:
            frame = await self.show()
            finished = frame["type"] == "finished"
            if _has_words(frame) and not (finished and self.answer.live_text == self.answer.text):
                last = now()
                first = first or last
        lost, doubled = self.answer.lost_and_doubled(words)
        return Received(sent, first, last, words - lost, lost, doubled, accepted)

    async def reloaded(self) -> float:
        """Seconds until a fresh page of the same conversation shows all the words that this one shows now."""
        now = asyncio.get_running_loop().time
        started, shown = now(), self.words_shown
        await asyncio.to_thread(self.browser.load_page)
        async with self.browser.tab() as tab:
            tab.run = self.run
            await tab.watch()
            while tab.words_shown < shown:
                await tab.show()
            return now() - started

    @property
    def words_shown(self) -> int:
        return len(WORD.findall(self.answer.text))

    async def show(self) -> Frame:
        """Put the next frame on the screen."""
        frame = await self.hear()
        if frame.get("run") == self.run and not self.answer.take(frame):
            await self.watch()
        return frame

    async def watch(self) -> None:
        await self.say("watch", run=self.run, after=self.answer.number)

    async def say(self, kind: str, **fields: object) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def hear(self) -> Frame:
        """The next frame."""
        frame: Frame = json.loads(await self._socket.recv())
        if self.heard is not None:
            self.heard.append((asyncio.get_running_loop().time(), frame))
        if frame["type"] in ("refused", "problem"):
            raise RuntimeError(f"the site refused: {frame}")
        return frame

    async def hear_until(self, kind: str) -> Frame:
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame


def _has_words(frame: Frame) -> bool:
    """Whether a frame shows words of the answer."""
    pieces = [frame.get("text", ""), *(html for _, html in frame.get("blocks", ()))]
    return any(WORD.search(piece) for piece in pieces)
