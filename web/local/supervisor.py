"""Start servers in order, watch them, and stop them in the opposite order, whatever happens."""

import signal
import time
from types import FrameType, TracebackType

from web.local.errors import ChildError
from web.local.logs import Troubles
from web.local.process import Child
from web.local.progress import Terminal
from web.local.revival import Revival

STARTING_SECONDS = 0.05
WATCHING_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """The operator pressed Ctrl-C, or the system asked us to end."""


class Supervisor:
    """Holds the children from start to stop: use it in a `with` statement, on the main thread."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.children: list[Child] = []
        self.revivals: list[Revival] = []
        self.signals = 0

    def __enter__(self) -> "Supervisor":
        self._before = {
            number: signal.signal(number, self._signalled)
            for number in SIGNALS
            # Ignored by nohup, or by a shell in the background: leave it so.
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
        """Start `child`; it is stopped later, even if it never answers. An optional one that dies is started again."""
        self.children.append(child)
        child.start()
        if child.optional:
            self.revivals.append(Revival(child, self.terminal.line))

    def wait_for(self, child: Child) -> None:
        """Wait until `child` answers. Raises StopRequested, and ChildError when one dies or is too slow."""
        began = time.monotonic()
        while not child.answers():
            self._look()
            if time.monotonic() - began > child.start_seconds:
                limit = f"{child.start_seconds:.0f} seconds"
                raise ChildError(f"{child.name} does not answer after {limit}. More in {child.log}.")
            time.sleep(STARTING_SECONDS)
        self._look()

    def watch(self) -> None:
        """Tell of trouble until the operator wants to stop. Raises ChildError when one we need dies."""
        logs = [(child.name, Troubles(child.log)) for child in self.children if child.heard]
        try:
            while True:
                self._look()
                for name, log in logs:
                    for line in log.new():
                        self.terminal.line(f"{name}: {line}")
                time.sleep(WATCHING_SECONDS)
        except StopRequested:
            return

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def _look(self) -> None:
        if self.signals:
            raise StopRequested
        for child in self.children:
            if not child.optional:
                child.check()
        for revival in self.revivals:
            revival.look()

    def _stop_all(self) -> None:
        for child in reversed(self.children):
            child.ask_to_stop()
            self._wait_stopped(child)
        self.children.clear()
        self.revivals.clear()

    def _wait_stopped(self, child: Child) -> None:
        # A second Ctrl-C means: now.
        deadline = time.monotonic() + child.stop_seconds
        while not child.stopped() and time.monotonic() < deadline and self.signals < 2:
            time.sleep(STARTING_SECONDS)
        child.end()
