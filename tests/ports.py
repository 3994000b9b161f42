"""Ports for what tests start: below those that the system gives out, in a range of each test process's own."""

import itertools
import os
import socket

FIRST = 20_000
PER_PROCESS = 3_000

_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = itertools.cycle(range(FIRST + _process * PER_PROCESS, FIRST + (_process + 1) * PER_PROCESS))


def free_port() -> int:
    """A port of the loopback address that nobody listens on, and that nobody else will be given soon."""
    return next(number for number in _numbers if _is_free(number))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection that has just ended is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
