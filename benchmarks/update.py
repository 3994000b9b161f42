"""A rolling update: an older web server beside today's, on one database and one Redis, behind one address."""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.faults import Fault, environment_of, process_of
from tests.ports import free_port
from tests.started import CHECKOUT, Started

NEWEST_MIGRATION = ["git", "log", "-1", "--diff-filter=A", "--format=%H", "--", "*/migrations/0*.py"]
CHUNK = 65536
START_SECONDS = 60


class Balancer:
    """Forwards connections to a port that may change. Use it as a context manager; it runs in a thread."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.upstream = 0
        self._lines: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Balancer":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", self.port), self._loop).result()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def turn_to(self, port: int) -> None:
        """Forward what connects from now on to another port, and cut what is connected."""
        self.upstream = port
        for line in list(self._lines):
            self._loop.call_soon_threadsafe(line.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        self._lines |= {writer, forth}
        try:
            await asyncio.gather(_pass(reader, forth), _pass(back, writer))
        finally:
            self._lines -= {writer, forth}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@dataclass
class Update:
    """An older web server, of the code in `folder`, beside a start of today's; `balancer` leads to either."""

    balancer: Balancer
    folder: Path = CHECKOUT
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start_older(self, started: Started) -> None:
        """Start it with today's environment, as if it had been there before."""
        environment = environment_of(process_of(started, "model server"))
        words = f"""
import os, sys
from pathlib import Path
from web.local.site import web
print(*web("127.0.0.1", {self.port}, Path({str(started.data)!r}), dict(os.environ)).command, sep="\\0")"""
        asked = subprocess.run(
            [sys.executable, "-c", words], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        # It was started before today's names of static files were known.
        names = started.data / "static" / "staticfiles.json"
        today = names.read_text()
        names.write_text((started.data / "older.json").read_text())
        with (started.data / "older.log").open("wb") as log:
            command = asked.stdout.strip().split("\0")
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._shows_a_page():
            assert time.monotonic() < deadline, (started.data / "older.log").read_text()[-2000:]
            time.sleep(0.1)
        names.write_text(today)

    def fault(self) -> Fault:
        """Today's takes over: the address leads there, and the older one is asked to stop."""

        @contextmanager
        def updated(started: Started) -> Iterator[None]:
            self.balancer.turn_to(started.port)
            assert self.process
            self.process.terminate()
            yield
            self.process.wait(60)

        return Fault("rolling update of the web server", updated)

    def _shows_a_page(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/", timeout=10).status_code == 200
        return False


@contextmanager
def older_checkout() -> Iterator[Path]:
    """The product as it was before its newest migration: its code meets tables that it does not know."""
    git = {"cwd": CHECKOUT, "check": True, "capture_output": True, "text": True}
    newest = subprocess.run(NEWEST_MIGRATION, **git).stdout.strip()  # type: ignore[call-overload]
    with tempfile.TemporaryDirectory(prefix="chaski-older-") as name:
        subprocess.run(["git", "worktree", "add", "--detach", f"{name}/older", f"{newest}~1"], **git)  # type: ignore[call-overload]
        try:
            yield Path(name) / "older"
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", f"{name}/older"], **git)  # type: ignore[call-overload]


def collect_older(folder: Path, data: Path) -> None:
    """Collect the older version's static files, before today's are collected beside them."""
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=folder, env=os.environ | {"DATA_DIR": str(data)}, check=True)
    (data / "older.json").write_text((data / "static" / "staticfiles.json").read_text())
