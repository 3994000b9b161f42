"""Start children in order, watch and restart them, and stop them in reverse order, also after an error."""

import signal
import time
from itertools import groupby
from types import FrameType, TracebackType

from web.local.errors import ChildError
from web.local.logs import LogWatcher
from web.local.process import Child
from web.local.progress import Terminal
from web.local.restarts import RETRY_SECONDS, RestartPolicy

START_POLL_SECONDS = 0.05
WATCH_POLL_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived."""


class Supervisor:
    """A context manager that owns the children; use it on the main thread, as it handles signals."""

    def __init__(self, terminal: Terminal, delays: tuple[float, ...] = RETRY_SECONDS) -> None:
        self.terminal = terminal
        self.children: list[Child] = []
        self.restarts: list[RestartPolicy] = []
        self.signals = 0
        self._delays = delays
        self._watching = False

    def __enter__(self) -> "Supervisor":
        self._before = {
            number: signal.signal(number, self._signalled)
            for number in SIGNALS
            # Signals ignored by nohup, or by a shell in the background, stay ignored.
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_all()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, child: Child) -> None:
        """Start `child`, and stop it on exit, even if it is never ready.

        It is restarted when it dies, one that is not optional only once all are watched: what cannot start is told at
        once. Raises OSError when its log cannot be written.
        """
        self.children.append(child)
        child.start()
        self.restarts.append(RestartPolicy(child, self.terminal.line, self._delays))

    def wait_for(self, child: Child) -> None:
        """Wait until `child` is ready. Raises StopRequested, and ChildError when a child dies or is too slow."""
        started_at = time.monotonic()
        while not child.is_ready():
            self._poll()
            if time.monotonic() - started_at > child.start_seconds:
                limit = f"{child.start_seconds:.0f} seconds"
                raise ChildError(f"{child.name} does not answer after {limit}. More in {child.log}.")
            time.sleep(START_POLL_SECONDS)
        self._poll()

    def watch(self) -> None:
        """Restart what dies, and print warnings, until a signal arrives. Raises ChildError when a child that is not
        optional dies too often."""
        self._watching = True
        watched = {child.log: child.shares_log or child.name for child in self.children if child.show_warnings}
        logs = [(name, LogWatcher(log)) for log, name in watched.items()]
        try:
            while True:
                self._poll()
                for name, log in logs:
                    for line in log.new_warnings():
                        self.terminal.line(f"{name}: {line}")
                time.sleep(WATCH_POLL_SECONDS)
        except StopRequested:
            return

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def _poll(self) -> None:
        if self.signals:
            raise StopRequested
        for restart in self.restarts:
            if self._watching or restart.child.optional:
                restart.poll()
            else:
                restart.child.check()

    def _stop_all(self) -> None:
        for _log, group in groupby(reversed(self.children), key=lambda child: child.log):
            # The processes of one server end together.
            together = list(group)
            for child in together:
                child.terminate()
            for child in together:
                self._wait_stopped(child)
        self.children.clear()
        self.restarts.clear()

    def _wait_stopped(self, child: Child) -> None:
        # A second Ctrl-C skips the wait.
        deadline = time.monotonic() + child.stop_seconds
        while not child.stopped() and time.monotonic() < deadline and self.signals < 2:
            time.sleep(START_POLL_SECONDS)
        child.kill()
