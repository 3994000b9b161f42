"""A scripted HTTP server for the services that Chaski asks: each request plays the next answer of its path."""

import json
import select
import socket
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request that came in; the body as JSON where it says so, else its bytes."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Reply:
    """One answer: a str or bytes body goes out as it is, anything else as JSON. `hangs`: until one of both closes.

    `drops`: the request is read, and the connection closed without an answer.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False

    @property
    def data(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class ScriptedHTTP:
    """Use it in `with`. `script(path, …)` puts answers in line; the last one of a path is given again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        # Those whose client hung up before the answer.
        self.left: list[Asked] = []
        self._answers: dict[str, deque[Reply]] = defaultdict(deque)
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            do_POST = do_DELETE = do_GET

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> "ScriptedHTTP":
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def script(self, path: str, *replies: Reply) -> None:
        """The answers of a path, in place of what was there."""
        self._answers[path] = deque(replies)

    def to(self, path: str) -> list[Asked]:
        """What was asked of a path."""
        return [asked for asked in self.asked if asked.path == path]

    def reply_to(self, asked: Asked) -> Reply:
        """The next answer of a path."""
        line = self._answers[asked.path]
        return line.popleft() if len(line) > 1 else line[0] if line else Reply("nothing here", 404)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        is_json = headers.get("content-type", "").startswith("application/json")
        value = (json.loads(body) if is_json else body) if body else None
        asked = Asked(handler.command, parts.path, dict(parse_qsl(parts.query)), headers, value)
        self.asked.append(asked)
        reply = self.reply_to(asked)
        if reply.hangs:
            while not self._closing.wait(0.02):
                if _has_left(handler.connection):
                    self.left.append(asked)
                    break
            return
        if reply.drops:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply.data)))
        handler.end_headers()
        handler.wfile.write(reply.data)


def _has_left(connection: socket.socket) -> bool:
    """Whether the client has closed its side."""
    return bool(select.select([connection], [], [], 0)[0]) and connection.recv(1, socket.MSG_PEEK) == b""
