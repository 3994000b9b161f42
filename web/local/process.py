"""A child process: start it, probe its readiness, stop it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from web.local import forks, leash
from web.local.errors import ChildError
from web.local.fork_server import Program
from web.local.forks import Forked
from web.local.logs import last_line, rotate


@dataclass
class Child:
    """An embedded server, in a session of its own so that Ctrl-C in the terminal reaches only its parent.

    `name` is for the operator, `command` starts with a full path, `environment` is complete. `is_ready` is the
    readiness probe and may be called often. `secret` goes to its standard input, which no other process can read.
    `exit_codes` explains exit codes. `shares_log` names the server whose processes all write to its log, so that none
    rotates it. `show_warnings`: warnings in its log are shown to the operator. `optional` says what is lost without it;
    where it is empty, the site does not start without it, and stops when it dies too often. `forked`: its command is
    python -m, it has no secret, and the fork server starts it where there is one.
    The timeouts are `start_seconds` until it is ready and `stop_seconds` until it has ended.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    is_ready: Callable[[], bool]
    secret: str = ""
    exit_codes: dict[int, str] = field(default_factory=dict)
    shares_log: str = ""
    show_warnings: bool = False
    optional: str = ""
    forked: bool = False
    start_seconds: float = 60
    stop_seconds: float = 10
    process: subprocess.Popen[bytes] | Forked | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, without waiting. Call this from the main thread, as the leash is bound to the calling thread.

        Raises OSError when the log cannot be written.
        """
        if self.shares_log:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        else:
            rotate(self.log)
        with self.log.open("ab") as log:
            self.process = self._fork(log.fileno()) or self._execute(log.fileno())

    def check(self) -> None:
        """Raise ChildError, which quotes the end of its log, when it has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise ChildError(f"{self.name} stopped by itself. {self.exit_report()}")

    def exit_report(self) -> str:
        """The path of its log, and the meaning of its exit code or its last line. Raises OSError."""
        words = (self.process and self.exit_codes.get(self.process.returncode or 0)) or last_line(self.log)
        return f"More in {self.log}" + (f": {words}" if words else ".")

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stopped(self) -> bool:
        """Whether it has ended or was never started."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """Send SIGKILL to its process group, unless it has ended, and wait."""
        if self.process is not None and not self.stopped():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def _fork(self, log: int) -> Forked | None:
        if not (self.forked and forks.current):
            return None
        return forks.current.start(Program(self.command, self.environment, str(self.folder)), log)

    def _execute(self, log: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *self.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        # It may have died already: `check` reports that.
        if process.stdin:
            with suppress(BrokenPipeError), process.stdin as stdin:
                stdin.write(self.secret.encode())
        return process
