"""All that a turn asks of others, with set delays: a model that searches once and answers, an engine, and its pages.

`python -m benchmarks.outside --port 8080` serves them from one process and notes when each was asked and had answered:
`/noted` gives it, for each mark (`q0001`, a word of the person's message) a list of names and times. The times are
those of the monotonic clock, which is one for all processes of a machine.
"""

import argparse
import asyncio
import json
import re
import threading
from collections import defaultdict
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

from benchmarks.pages import page
from benchmarks.words import answer
from tests.fake_llama import DONE, Answer, Exchange, FakeLlama, Receive, Send, event, pieces, usage

MARK = re.compile(r"q\d{4}")
# The sites of a turn are not those of the next ones: few pages of one site are fetched at once.
SITES = [f"127.0.1.{number}" for number in range(1, 97)]
# What stands before the result of a tool, see assistant/tools/offers.py.
RESULT = "(This is the result of"


@dataclass(frozen=True)
class Delays:
    """Seconds that each part takes, and the pieces a second of the model."""

    first_token: float = 0.3
    search: float = 0.4
    pages: tuple[float, ...] = (0.2, 0.3, 0.5)
    rate: float = 40.0


class Outside(FakeLlama):
    """The scripted model with an engine and pages beside it. Use it in `with`."""

    def __init__(self, port: int, words: int, page_bytes: int, delays: Delays) -> None:
        super().__init__(port=port, hosts=("127.0.0.1", *SITES))
        self.noted: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._words = words
        self._page_bytes = page_bytes
        self._delays = delays

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"]
        mark = "".join(MARK.findall(path + scope["query_string"].decode())[:1])
        exchange = Exchange({}, send, lambda: None)
        if path == "/noted":
            await exchange.reply(200, self.noted)
        elif path == "/search":
            self._note_time(mark, "search")
            await asyncio.sleep(self._delays.search)
            await exchange.reply(200, self._results(parse_qs(scope["query_string"].decode())["q"][0], mark))
            self._note_time(mark, "found")
        elif path.startswith("/page/"):
            await self._page(exchange, mark, int(path.rpartition("/")[2]))
        else:
            await super().__call__(scope, receive, send)

    def _note_time(self, mark: str, name: str) -> None:
        self.noted[mark].append((name, monotonic()))

    def _results(self, query: str, mark: str) -> object:
        count = len(self._delays.pages)
        first = int(mark[1:]) * count
        results = [
            {
                "title": f"Report {number}",
                "url": f"http://{SITES[(first + number) % len(SITES)]}:{self.port}/page/{mark}/{number}",
                "content": query,
                "engine": "scripted",
            }
            for number in range(count)
        ]
        return {"query": query, "results": results, "unresponsive_engines": []}

    async def _page(self, exchange: Exchange, mark: str, number: int) -> None:
        self._note_time(mark, f"page {number}")
        await asyncio.sleep(self._delays.pages[number])
        await exchange.begin(kind="text/html; charset=utf-8")
        await exchange.write(html(self._page_bytes, number).replace(b"MARK", mark.encode()))
        await exchange.end()
        self._note_time(mark, f"paged {number}")

    def _next(self, body: Any, key: str) -> Answer:
        last = body["messages"][-1]["content"]
        mark = "".join(MARK.findall(json.dumps(body["messages"]))[-1:])
        if not mark:
            return self._says("", "Good morning to you.")
        call = json.dumps({"name": "web_search", "parameters": {"query": f"report {mark}"}})
        return self._says(mark, told(self._words) if RESULT in last else call)

    def _says(self, mark: str, text: str) -> Answer:
        async def play(exchange: Exchange) -> None:
            self._note_time(mark, "model")
            due = monotonic() + self._delays.first_token
            await exchange.begin()
            for number, piece in enumerate(pieces(text)):
                await asyncio.sleep(max(0.0, due - monotonic()))
                due += 1 / self._delays.rate
                if not number:
                    self._note_time(mark, "first token")
                await exchange.write(event({"content": piece}))
            await exchange.write(event({}, "stop") + event(None, usage=usage(1000, 100)) + DONE)
            await exchange.end()
            self._note_time(mark, "last token")

        return play


@cache
def html(size: int, number: int) -> bytes:
    """A page; its marks are set when it is sent."""
    return page(size, f"MARK {number}")


@cache
def told(words: int) -> str:
    """The answer, with a source named after each paragraph."""
    paragraphs = answer(words).split(".\n\n")
    return "".join(f"{text} [{number % 3 + 1}].\n\n" for number, text in enumerate(paragraphs) if text.strip())


def main() -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser(description="A model, an engine and pages for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--words", type=int, required=True)
    parser.add_argument("--page-bytes", type=int, required=True)
    options = parser.parse_args()
    for number in range(len(Delays().pages)):
        html(options.page_bytes, number)
    with Outside(options.port, options.words, options.page_bytes, Delays()), suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
