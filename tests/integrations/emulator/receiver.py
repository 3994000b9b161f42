"""A product of a few lines: takes webhooks over real HTTP and answers as the test says."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import eventually

Json = dict[str, Any]


@dataclass(frozen=True)
class Delivered:
    """One POST: its raw bytes, and what they say."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Json:
        return json.loads(self.raw)  # type: ignore[no-any-return]

    @property
    def items(self) -> list[Json]:
        """What it tells, one by one: items of `messaging`, and of WhatsApp's messages and statuses; other values."""
        found: list[Json] = []
        for entry in self.body["entry"]:
            found += entry.get("messaging", [])
            for change in entry.get("changes", []):
                value = change["value"]
                inner = value.get("messages", []) + value.get("statuses", [])
                found += inner or [value]
        return found

    def signed_with(self, secret: str) -> bool:
        digest = hmac.new(secret.encode(), self.raw, hashlib.sha256).hexdigest()
        return self.headers["X-Hub-Signature-256"] == f"sha256={digest}"


class Receiver:
    """Webhooks that came stand in `got`. `statuses` are answered first, then 200; `handle` may answer instead."""

    def __init__(self, verify_token: str) -> None:
        self.got: list[Delivered] = []
        self.statuses: list[int] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.handle: Callable[[Delivered], int] | None = None
        self.verify_token = verify_token
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(receiver.take(Delivered(dict(self.headers.items()), raw)), b"ok")

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path in receiver.files:
                    mime, data = receiver.files[parts.path]
                    self.answer(200, data, mime)
                    return
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if query.get("hub.verify_token") == receiver.verify_token:
                    self.answer(200, query["hub.challenge"].encode())
                else:
                    self.answer(403, b"no")

            def answer(self, status: int, body: bytes, mime: str = "text/plain") -> None:
                self.send_response(status)
                self.send_header("Content-Type", mime)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/webhooks/meta"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def take(self, delivered: Delivered) -> int:
        self.got.append(delivered)
        if self.statuses:
            return self.statuses.pop(0)
        return self.handle(delivered) if self.handle else 200

    def serve(self, path: str, data: bytes, mime: str) -> str:
        """Offer a file; returns its address."""
        self.files[path] = mime, data
        return f"http://127.0.0.1:{self.port}{path}"

    def clear(self) -> None:
        self.got.clear()
        self.statuses.clear()
        self.handle = None

    @property
    def items(self) -> list[Json]:
        return [item for delivered in list(self.got) for item in delivered.items]

    def wait(self, true: Callable[[Json], object], seconds: float = 20) -> Json:
        """The first item that fits, once it came."""
        eventually(lambda: any(true(item) for item in self.items), seconds)
        return next(item for item in self.items if true(item))

    def delivery_of(self, true: Callable[[Json], object]) -> Delivered:
        """The first delivery with such an item."""
        self.wait(true)
        return next(delivered for delivered in list(self.got) if any(true(item) for item in delivered.items))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
