"""What a token costs between the wire and the page's events: in this process, and over a socket from another."""

import gc
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import process_time

from assistant import engine
from assistant.engine import History, Means
from assistant.llama.call_reader import CallReader
from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage
from assistant.llama.options import LlamaOptions
from assistant.llama.stream import AnswerDecoder
from assistant.tools.toolbox import ALIASES, TOOLS
from benchmarks.straight import line
from benchmarks.table import Figure
from benchmarks.words import answer
from tests.fake_llama import event, pieces

KINDS = {
    "prose": "The quick brown fox jumps over the lazy dog, and then it sleeps for a while in the sun. " * 200,
    "Markdown": answer(3000),
    "code": "```js\nconst a = {b: [1, {x: y}], f: (z) => `${z}`};\n```\nCall f({a: 1}) and [a](http://x).\n\n" * 200,
    "JSON": '{"a": [1, {"b": "c"}]} and so on. ' * 500,
}
TIMES = 5


def in_this_process() -> list[Figure]:
    """Processor time for each token, of one event for each."""
    figures = []
    for kind, text in KINDS.items():
        told = pieces(text)
        events = [event({"content": piece}) for piece in told]
        works = partial(parse, events), partial(decode, events), partial(read, told)
        bare, decoder, reader = (quickest(work) / len(told) * 1e6 for work in works)
        figures += [
            Figure(f"a token of {kind}: its JSON parsed, and no more", bare, "µs"),
            Figure(f"a token of {kind}: added by the decoder of the stream", decoder - bare, "µs"),
            Figure(f"a token of {kind}: added by the reader of calls", reader, "µs"),
            Figure(f"a token of {kind}: added by both", decoder - bare + reader, "µs", aim=20),
        ]
    return figures


def parse(events: list[bytes]) -> None:
    for one in events:
        json.loads(one[6:])["choices"][0]["delta"]["content"]


def decode(events: list[bytes]) -> None:
    decoder = AnswerDecoder("model")
    for one in events:
        decoder.feed(one)


def read(told: list[str]) -> None:
    reader = CallReader([tool.name for tool in TOOLS], ALIASES)
    for piece in told:
        reader.feed(piece)


def quickest(work: Callable[[], None]) -> float:
    """The least processor time of some tries: what else the machine does only adds."""
    taken = []
    gc.disable()
    for _ in range(TIMES):
        begun = process_time()
        work()
        taken.append(process_time() - begun)
    gc.enable()
    return min(taken)


async def over_a_socket(url: str, words: int) -> list[Figure]:
    """Processor time of this process for each token of the answers at `url`, which come one by one."""
    tokens = len(pieces(answer(words)))
    async with line(url) as straight, connected(url) as client:
        asked = {
            "by a bare reader": partial(straight.ask, words),
            "by the client": partial(ask_client, client),
            "by the engine, with tools": partial(ask_engine, client),
        }
        # Each once, so that connections are open and all is loaded; then in turns, as the machine has other work.
        taken: dict[str, list[float]] = {name: [] for name in asked}
        for number in range(TIMES + 1):
            for name, ask in asked.items():
                begun = process_time()
                await ask()
                if number:
                    taken[name].append((process_time() - begun) / tokens * 1e6)
    bare = min(taken["by a bare reader"])
    figures = [Figure(f"a token over a socket, read {name}", min(times), "µs") for name, times in taken.items()]
    return [*figures, Figure("a token over a socket, client ÷ bare", min(taken["by the client"]) / bare)]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[LlamaClient]:
    client = LlamaClient(LlamaOptions(url=url))
    try:
        yield client
    finally:
        await client.close()


async def ask_client(client: LlamaClient) -> None:
    async for part in client.stream([ChatMessage("user", "Tell me")]):
        assert part


async def ask_engine(client: LlamaClient) -> None:
    history = History([ChatMessage("user", "What do you know of llamas in the Andes?")])
    async for one in engine.answer(Means(client, {}, TOOLS, ALIASES), "Chaski", history, None):
        assert one
