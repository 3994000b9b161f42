"""Run a command that dies with its parent, even after SIGKILL: leash.py PARENT COMMAND ARGUMENT...

Linux only (PR_SET_PDEATHSIG, see prctl(2)); elsewhere it just runs the command. It imports nothing of the product, so
that it starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux" and not hold(parent):
        sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def hold(parent: int) -> bool:
    """Have the system kill this process when its parent ends. False where `parent` has ended already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have died before the call.
    return os.getppid() == parent


if __name__ == "__main__":
    main()
