"""A scripted Llama server over real HTTP, for tests and benchmarks.

In a test:

    with FakeLlama() as llama:
        llama.script(says("Hello there."), fails(500), cut_off("Half of"))
        ... LLAMA_URL is llama.url; each request plays the next answer, then llama.default ...

By hand, one steady answer for everybody: python -m tests.fake_llama --port 8080 --tokens 200 --rate 30
"""

import argparse
import asyncio
import json
import re
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn

Json = dict[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MODEL = "fake-llama"
CONTEXT = 8192
PING = b":\n\n"
DONE = b"data: [DONE]\n\n"


class Gate:
    """Holds an answer until the test lets it go on, a piece at a time or for good. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free = 0.0
        self._waiting: deque[Future[None]] = deque()

    def let(self, pieces: float = 1) -> None:
        """Let this many more pieces through."""
        with self._lock:
            self._free += pieces
            while self._free >= 1 and self._waiting:
                waiting = self._waiting.popleft()
                if waiting.set_running_or_notify_cancel():
                    self._free -= 1
                    waiting.set_result(None)

    def open(self) -> None:
        """Hold nothing back any more."""
        self.let(float("inf"))

    async def passed(self) -> None:
        """Wait for leave to send one piece."""
        with self._lock:
            if self._free >= 1:
                self._free -= 1
                return
            waiting: Future[None] = Future()
            self._waiting.append(waiting)
        await asyncio.wrap_future(waiting)


@dataclass(frozen=True)
class Exchange:
    """One request for an answer, and the way back."""

    body: Json
    send: Send
    wrote: Callable[[], None]

    async def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Send the head of the response. In header names _ stands for -."""
        pairs = {"content_type": kind, **headers}
        lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": lines})

    async def write(self, data: bytes) -> None:
        """Send bytes of the body, as they are."""
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        self.wrote()

    async def end(self) -> None:
        """End the response in good order. Without this the connection is cut."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def reply(self, status: int, value: object, **headers: str) -> None:
        """A whole JSON response."""
        await self.begin(status, "application/json", **headers)
        await self.write(json.dumps(value).encode())
        await self.end()


Answer = Callable[[Exchange], Awaitable[None]]


def event(delta: Json | None, reason: str | None = None, **more: object) -> bytes:
    """One event of the stream. A delta of None makes an event without choices."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    value = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": MODEL,
        "choices": choices,
        **more,
    }
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def usage(prompt: int, answer: int) -> Json:
    """Token counts as servers send them."""
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def pieces(text: str, chunk: str = "word") -> list[str]:
    """The text cut by "word", "char", or not at all ("all"). Joined they are the text again."""
    if chunk == "all":
        return [text]
    return list(text) if chunk == "char" else re.findall(r"\s*\S+|\s+$", text)


def says(
    text: str,
    pace: float = 0.0,
    chunk: str = "word",
    gate: Gate | None = None,
    reason: str = "stop",
    wait: float = 0.0,
) -> Answer:
    """A good answer: `wait` seconds of thinking, then a piece every `pace` seconds, each held by `gate`."""
    told = [event({"content": piece}) for piece in pieces(text, chunk)]
    opening = event({"role": "assistant", "content": None})

    async def play(exchange: Exchange) -> None:
        asked = sum(len(str(message["content"]).split()) for message in exchange.body["messages"])
        await exchange.begin()
        await exchange.write(opening)
        loop = asyncio.get_running_loop()
        due = loop.time() + wait
        for word in told:
            if gate:
                await gate.passed()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            due += pace
            await exchange.write(word)
        await exchange.write(event({}, reason) + event(None, usage=usage(asked, len(told))) + DONE)
        await exchange.end()

    return play


def thinks(thought: str, text: str, field: str = "reasoning_content", gate: Gate | None = None) -> Answer:
    """A good answer that is thought about first, the thought in a field of its own; each word is held by `gate`."""
    told = [event({"content": None, field: piece}) for piece in pieces(thought)] + words(text)

    async def play(exchange: Exchange) -> None:
        await exchange.begin()
        for word in told:
            if gate:
                await gate.passed()
            await exchange.write(word)
        await exchange.write(event({}, "stop") + event(None, usage=usage(5, len(told))) + DONE)
        await exchange.end()

    return play


def fails(status: int, body: object = None, **headers: str) -> Answer:
    """An HTTP error. A str body goes out as HTML, anything else as JSON."""
    value = {"error": {"message": "scripted", "type": "scripted", "code": status}} if body is None else body

    async def play(exchange: Exchange) -> None:
        if isinstance(value, str):
            await exchange.begin(status, "text/html", **headers)
            await exchange.write(value.encode())
            await exchange.end()
        else:
            await exchange.reply(status, value, **headers)

    return play


def error_in_stream(after_text: str, body: object = None) -> Answer:
    """Some words, then an error event inside the stream, and no [DONE]."""
    value = {"error": {"message": "scripted", "type": "server_error", "code": 500}} if body is None else body
    return sends(*words(after_text), b"data: " + json.dumps(value).encode() + b"\n\n")


def cut_off(after_text: str) -> Answer:
    """Some words, then the connection drops."""

    async def play(exchange: Exchange) -> None:
        await exchange.begin()
        for word in words(after_text):
            await exchange.write(word)

    return play


def stalls(after_text: str, ping: float = 0.05) -> Answer:
    """Some words, then nothing but pings, until the client goes away."""

    async def play(exchange: Exchange) -> None:
        await exchange.begin()
        for word in words(after_text):
            await exchange.write(word)
        while True:
            await exchange.write(PING)
            await asyncio.sleep(ping)

    return play


def silent(ping: float = 0.05) -> Answer:
    """The head of a response, then nothing but pings, until the client goes away."""
    return stalls("", ping)


def hangs() -> Answer:
    """Nothing at all, not even a status, until the client goes away."""

    async def play(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    return play


def nonsense(raw: bytes, kind: str = "text/event-stream") -> Answer:
    """These bytes as the body of a good response."""
    return sends(raw, kind=kind)


def sends(*parts: bytes, kind: str = "text/event-stream") -> Answer:
    """A response made of these bytes, written one part at a time."""

    async def play(exchange: Exchange) -> None:
        await exchange.begin(kind=kind)
        for part in parts:
            await exchange.write(part)
            await asyncio.sleep(0)
        await exchange.end()

    return play


def counts_words() -> Answer:
    """llama.cpp's and vLLM's answer to `/tokenize`, by a tokenizer to which each word is a token."""

    async def play(exchange: Exchange) -> None:
        body, tokens = exchange.body, list[int]()
        content = body.get("content", body.get("prompt"))
        for part in content if isinstance(content, list) else [content]:
            tokens += [part] if isinstance(part, int) else [7] * len(part.split())
        await exchange.reply(200, {"tokens": tokens, "count": len(tokens), "max_model_len": CONTEXT})

    return play


def loading(times: int = 1) -> list[Answer]:
    """A server that is still loading its model, for so many requests."""
    body = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
    return [fails(503, body)] * times


def words(text: str) -> list[bytes]:
    """The events of these words, without an end."""
    return [event({"content": piece}) for piece in pieces(text)]


@dataclass
class Counts:
    """What happened so far: requests for an answer, answers being played, pieces written (pings too), and
    answers that the client did not wait for."""

    requests: int = 0
    open: int = 0
    written: int = 0
    closed_by_client: int = 0


@dataclass
class FakeLlama:
    """The server. `pages` holds what its other addresses answer: (status, JSON) by path.

    `requests` are the bodies of all requests for an answer, `keys` their Authorization headers; `tokenized` are those
    that `tokenizer` answers, which is missing unless a test sets it. With a `key`, others are refused. `hosts` are the
    addresses of this machine at which it listens. Use it as a context manager, or call `start` and `stop`; a second
    `start` takes the same port again.
    """

    key: str = ""
    port: int = 0
    hosts: tuple[str, ...] = ("127.0.0.1",)
    default: Answer = field(default_factory=lambda: says("Hello from the llama."))
    requests: list[Json] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    tokenizer: Answer | None = None
    tokenized: list[Json] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        slots = {"default_generation_settings": {"n_ctx": CONTEXT}, "total_slots": 4}
        self.pages: dict[str, tuple[int, object]] = {
            "/v1/models": (200, {"object": "list", "data": [{"id": MODEL, "owned_by": "llamacpp"}]}),
            "/props": (200, slots),
            "/health": (200, {"status": "ok"}),
        }
        self._usual = self.default
        self._queue: deque[Answer] = deque()
        self._matched: list[tuple[str, Answer]] = []
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """What LLAMA_URL should be."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def open_streams(self) -> int:
        """Answers that are being played now."""
        return self.counts.open

    def script(self, *answers: Answer | list[Answer]) -> None:
        """Play these next, one for each request that no `on` takes."""
        for answer in answers:
            self._queue.extend(answer if isinstance(answer, list) else [answer])

    def on(self, part: str, answer: Answer) -> None:
        """Play `answer` for every request whose last user text holds `part`; the newest such rule wins."""
        self._matched.insert(0, (part, answer))

    def reset(self) -> None:
        """Forget all scripts and all that was recorded, for the next test."""
        self.default = self._usual
        self._queue.clear()
        self._matched.clear()
        self.requests.clear()
        self.keys.clear()
        self.tokenizer = None
        self.tokenized.clear()
        self.counts.requests = self.counts.written = self.counts.closed_by_client = 0

    def wait_for(self, happened: Callable[[Counts], bool], seconds: float = 5.0) -> None:
        """Wait until `happened(counts)` is true, in a test that is not async. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: happened(self.counts), seconds):
                raise TimeoutError(f"it did not happen within {seconds} s: {self.counts}")

    async def until(self, happened: Callable[[Counts], bool], seconds: float = 5.0) -> None:
        """`wait_for` in an async test: `await llama.until(lambda counts: counts.closed_by_client == 1)`."""
        await asyncio.to_thread(self.wait_for, happened, seconds)

    def start(self) -> None:
        """Listen on a free loopback port, or on the same one as before."""
        listeners = []
        for host in self.hosts:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, self.port))
            self.port = listener.getsockname()[1]
            listeners.append(listener)
        self._server = Server(self, listeners)
        self._server.start()

    def stop(self) -> None:
        """Cut every connection and listen no more, as if the server had been killed."""
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> "FakeLlama":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        exchange = Exchange(body, send, lambda: self._note(written=1))
        if scope["path"] == "/tokenize" and self.tokenizer:
            self.tokenized.append(body)
            await self._play(self.tokenizer(exchange), receive)
            return None
        if scope["path"] != "/v1/chat/completions":
            status, value = self.pages.get(scope["path"], (404, {"error": "not found"}))
            return await exchange.reply(status, value)
        key = dict(scope["headers"]).get(b"authorization", b"").decode()
        self.keys.append(key)
        self.requests.append(body)
        answer = self._next(body, key)
        self._note(requests=1, open=1)
        closed = False
        try:
            closed = await self._play(answer(exchange), receive)
        finally:
            self._note(open=-1, closed_by_client=int(closed))

    def _next(self, body: Json, key: str) -> Answer:
        if self.key and key != f"Bearer {self.key}":
            return fails(401, {"error": {"message": "wrong key", "type": "authentication_error"}})
        asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
        matched = [answer for part, answer in self._matched if asked and part in asked[-1]]
        if matched:
            return matched[0]
        return self._queue.popleft() if self._queue else self.default

    async def _play(self, playing: Awaitable[None], receive: Receive) -> bool:
        """Play the answer until its end, or until the client goes away. Returns whether it went away."""
        task = asyncio.ensure_future(playing)
        gone = asyncio.ensure_future(_disconnect(receive))
        self._tasks.add(task)
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            return not task.done()
        finally:
            self._tasks.discard(task)
            gone.cancel()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _note(self, **changes: int) -> None:
        with self._changed:
            for name, change in changes.items():
                setattr(self.counts, name, getattr(self.counts, name) + change)
            self._changed.notify_all()

    def cut_all(self) -> None:
        """End every answer where it is; only in the server's own thread."""
        for task in self._tasks:
            task.cancel()


class Server(uvicorn.Server):
    """uvicorn in a thread of this process."""

    def __init__(self, llama: FakeLlama, listeners: list[socket.socket]) -> None:
        super().__init__(
            uvicorn.Config(
                llama,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self._llama = llama
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(listeners,), name="fake-llama", daemon=True)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._ready.set()

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the scripted server did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._close)
        self._thread.join(10)

    def _close(self) -> None:
        for server in self.servers:
            server.close()
        self._llama.cut_all()
        self.should_exit = True


async def _body(receive: Receive) -> Json:
    """The JSON of a request; {} when it has none."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return json.loads(body) if body else {}


async def _disconnect(receive: Receive) -> None:
    """Return when the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def main() -> None:
    """Serve one steady answer for everybody, for benchmarks."""
    parser = argparse.ArgumentParser(description="A scripted Llama server with one steady answer.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--tokens", type=int, default=200, help="pieces in the answer")
    parser.add_argument("--rate", type=float, default=30.0, help="pieces a second; 0 is as fast as it goes")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before the first piece")
    options = parser.parse_args()
    text = " ".join(f"w{number}" for number in range(options.tokens))
    pace = 1 / options.rate if options.rate else 0.0
    with FakeLlama(port=options.port, default=says(text, pace=pace, wait=options.wait)) as llama:
        print(f"Scripted Llama at {llama.url}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
