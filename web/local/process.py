"""One server that runs beside us: start it, see whether it answers, stop it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from web.local import leash
from web.local.errors import ChildError
from web.local.logs import last_line, rotate


@dataclass
class Child:
    """A server of ours, in a session of its own so that Ctrl-C in the terminal reaches only us.

    `name` is what the operator reads, `command` starts with a full path, `environment` is the whole of it,
    `answers` asks the server for a sign of life and may be called often. `secret` is told to it on its
    standard input, where nobody else can read it. `faults` says what its exit codes mean. Warnings of one
    that is `heard` are shown to the operator. `optional` says what is lost without it; where it says
    nothing, the site ends with it.
    It gets `start_seconds` to answer and `stop_seconds` to end.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    answers: Callable[[], bool]
    secret: str = ""
    faults: dict[int, str] = field(default_factory=dict)
    heard: bool = False
    optional: str = ""
    start_seconds: float = 60
    stop_seconds: float = 10
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, without waiting. Call it from the main thread: the leash holds on to that one.

        Raises OSError where the log cannot be written.
        """
        rotate(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.folder,
                start_new_session=True,
            )
        self._tell_secret()

    def check(self) -> None:
        """Raise ChildError, which quotes its last words, when it is no longer there."""
        if self.process is not None and self.process.poll() is not None:
            raise ChildError(f"{self.name} stopped by itself. {self.last_words()}")

    def last_words(self) -> str:
        """Where to read why it ended, and what it said last."""
        words = (self.process and self.faults.get(self.process.returncode)) or last_line(self.log)
        return f"More in {self.log}" + (f": {words}" if words else ".")

    def ask_to_stop(self) -> None:
        """Begin to stop it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stopped(self) -> bool:
        """Whether it has ended, or never began."""
        return self.process is None or self.process.poll() is not None

    def end(self) -> None:
        """Kill it and all that it started, unless it has ended."""
        if self.process is not None and not self.stopped():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def _tell_secret(self) -> None:
        if self.process is None or self.process.stdin is None:
            return
        # It may have died already: check() says so.
        with suppress(BrokenPipeError), self.process.stdin as stdin:
            stdin.write(self.secret.encode())
