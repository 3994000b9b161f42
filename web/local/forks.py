"""The starter's end of the fork server, Linux only: it asks for processes, and adopts them."""

import atexit
import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from web.local import fork_server
from web.local.fork_server import Program

logger = logging.getLogger(__name__)

PR_SET_CHILD_SUBREAPER = 36
FOLDER = Path(__file__).parent.parent.parent
# Until the site is loaded, on a busy machine.
ANSWER_SECONDS = 30


class Forked:
    """A child of ours that the fork server made, with what `Child` uses of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._waited(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait until it has ended."""
        return self._waited(0)

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _waited(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


class ForkServer:
    """One fork server and, where that dies, the next."""

    def __init__(self) -> None:
        self._process: Forked | subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._environment: dict[str, str] | None = None
        self._lock = Lock()

    def fork(self) -> None:
        """Fork it from this process, which loads the libraries for that and must have one thread."""
        fork_server.load(fork_server.LIBRARIES)
        ours, its = socket.socketpair(type=socket.SOCK_SEQPACKET)
        starter = os.getpid()
        pid = os.fork()
        if not pid:
            os.setsid()
            ours.close()
            fork_server.serve(its, starter)
        self._follow(Forked(pid), ours, its)

    def start(self, program: Program, log: int) -> Forked | None:
        """Start `program`; its output goes to the file `log`. None where that fails."""
        with self._lock:
            if self._environment not in (None, program.environment):
                self._end()
            for _ in range(2):
                try:
                    self._environment = program.environment.copy()
                    return ask(self._channel or self._spawn(), program, log)
                except OSError as error:
                    logger.warning("The fork server is replaced: %s", error)
                    self._end()
        return None

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._channel and self._process:
            self._channel.close()
            # Its processes go on: they are ours.
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._channel = self._process = None

    def _spawn(self) -> socket.socket:
        ours, its = socket.socketpair(type=socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "web.local.fork_server", str(its.fileno()), str(os.getpid())]
        passed = [its.fileno()]
        process = subprocess.Popen(command, cwd=FOLDER, pass_fds=passed, start_new_session=True)  # noqa: S603
        return self._follow(process, ours, its)

    def _follow(
        self, process: Forked | subprocess.Popen[bytes], ours: socket.socket, its: socket.socket
    ) -> socket.socket:
        its.close()
        ours.settimeout(ANSWER_SECONDS)
        self._process, self._channel = process, ours
        return ours


# That of this process; None where children are executed only.
current: ForkServer | None = None


def begin() -> None:
    """Have this process a fork server, on Linux. Call this before anything of ours, and threads."""
    global current
    if sys.platform == "linux":
        server = ForkServer()
        server.fork()
        atexit.register(server.close)
        current = server


def ask(channel: socket.socket, program: Program, log: int) -> Forked:
    """Have the fork server start `program`, and adopt it. Raises OSError."""
    # A file has no limit as messages have.
    with os.fdopen(os.memfd_create("program"), "w+") as request:
        json.dump(asdict(program), request)
        request.seek(0)
        with adopting():
            socket.send_fds(channel, [b"1"], [request.fileno(), log])
            pid = int(channel.recv(20) or 0)
    if not pid:
        raise ConnectionResetError("it has ended, or nothing can be adopted")
    return Forked(pid)


@contextmanager
def adopting() -> Iterator[None]:
    """Meanwhile this process becomes the parent of those below it whose parent ends; not for longer, as it waits for no
    others than its own."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0)
