"""Real servers for the tests of `manage.py start`: little programs as children, and a hub on the loopback address."""

import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from web.local.process import Child
from web.local.progress import Terminal


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def terminal() -> Terminal:
    """What the operator would read stands in `terminal.out.getvalue()`."""
    return Terminal(io.StringIO())


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Child]:
    """Makes a child out of a few lines of Python; it answers once it has made the file `ready`."""

    def make(code: str, name: str = "The program", **options: object) -> Child:
        return Child(
            name=name,
            command=[sys.executable, "-c", f"import os, pathlib, signal, sys, time\n{code}"],
            environment=dict(os.environ),
            folder=tmp_path,
            log=tmp_path / "log" / f"{name}.log",
            answers=(tmp_path / "ready").exists,
            **options,  # type: ignore[arg-type]
        )

    return make


@dataclass
class Hub:
    """A hub with one file. Faults: `status` for every answer, `cut_after` bytes once, `ranges` off."""

    url: str = ""
    content: bytes = b"GGUF" + bytes(range(256)) * 2_000
    status: int = 200
    cut_after: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append((self.path, wanted))
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(re.findall(r"\d+", wanted)[0]) if wanted and state.ranges else 0
            if start >= len(state.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(state.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(start, partial=bool(wanted) and state.ranges)

        def _send(self, start: int, partial: bool) -> None:
            rest = state.content[start:]
            self.send_response(206 if partial else 200)
            self.send_header("Content-Length", str(len(rest)))
            if partial:
                end = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.end_headers()
            self.wfile.write(rest[: state.cut_after.pop(0)] if state.cut_after else rest)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        server.shutdown()
        thread.join()
