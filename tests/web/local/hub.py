"""A hub for models on the loopback address, with real HTTP and scriptable faults."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STORAGE = "/storage/"


@dataclass
class Hub:
    """A hub that sends `content` as every file. As the real one does, it describes a large file and redirects to its
    storage; with `linked` off it sends the file itself, with an ETag.

    Faults: `status` and `error` for every answer, `moved` paths, `cut_after` bytes once each, `ranges` off, `heads`
    off, a `claim` about the size, and `sha256` for another hash than that of the content. `asked` are the downloads
    with their ranges, `tokens` all requests with what they are authorized by.
    """

    url: str = ""
    content: bytes = b"GGUF" + bytes(range(256)) * 2_000
    status: int = 200
    error: str = ""
    moved: dict[str, str] = field(default_factory=dict)
    linked: bool = True
    cut_after: list[int] = field(default_factory=list)
    ranges: bool = True
    heads: bool = True
    claim: int = 0
    sha256: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    tokens: list[tuple[str, str | None]] = field(default_factory=list)
    # Sending waits for it, once so many bytes are sent.
    hold_after: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers until the end of the block."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            if not state.heads:
                self.send_error(405)
            elif not self._refused():
                self._describe()

        def do_GET(self) -> None:
            if self._refused():
                return
            if state.linked and not self.path.startswith(STORAGE):
                self._describe()
                return
            wanted = self.headers["Range"]
            state.asked.append((self.path.removeprefix(STORAGE).removeprefix("/"), wanted))
            if self.headers["If-Range"] not in (None, state.etag()) or not state.ranges:
                wanted = None
            start = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
            if start >= len(state.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(state.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(start, partial=bool(wanted))

        def _refused(self) -> bool:
            state.tokens.append((self.path, self.headers["Authorization"]))
            if state.status == 200 and self.path not in state.moved:
                return False
            self.send_response(307 if self.path in state.moved else state.status)
            if self.path in state.moved:
                self.send_header("Location", state.moved[self.path])
            self.send_header("X-Error-Code", state.error)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True

        def _describe(self) -> None:
            size = str(state.claim or len(state.content))
            if state.linked:
                self.send_response(302)
                # The storage is another host than the hub.
                host = state.url.replace("127.0.0.1", "localhost")
                self.send_header("Location", f"{host}{STORAGE.rstrip('/')}{self.path}")
                self.send_header("X-Linked-Size", size)
                self.send_header("X-Linked-ETag", f'"{state.sha256 or hashlib.sha256(state.content).hexdigest()}"')
                self.send_header("Content-Length", "0")
            else:
                self.send_response(200)
                self.send_header("ETag", state.etag())
                self.send_header("Content-Length", size)
            self.end_headers()

        def _send(self, start: int, partial: bool) -> None:
            rest = state.content[start:]
            self.send_response(206 if partial else 200)
            self.send_header("Content-Length", str(len(rest)))
            if partial:
                end = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.end_headers()
            if state.hold_after:
                self.wfile.write(rest[: state.hold_after])
                state.go_on.wait(60)
                rest = rest[state.hold_after :]
            self.wfile.write(rest[: state.cut_after.pop(0)] if state.cut_after else rest)

        def log_message(self, *_arguments: object) -> None:
            pass

    # A client that went away is no trouble of the hub's.
    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        state.go_on.set()
        server.shutdown()
        thread.join()
