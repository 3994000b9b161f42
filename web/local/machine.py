"""What this machine has: its memory and the free space of its disk."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

# The limit of a container, where there is one. https://docs.kernel.org/admin-guide/cgroup-v2.html
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


# What a web process may take where much goes on, and how many a PostgreSQL with its usual 100 connections has room for.
WEB_BYTES = 10**9
MOST_WEBS = 4
# Elsewhere SO_REUSEPORT is there too, but all connections go to one socket.
CAN_SHARE_PORTS = sys.platform == "linux"


@dataclass(frozen=True)
class Machine:
    """Bytes of memory in all, 0 where that is not known, and bytes that are free on the disk."""

    memory: int
    disk: int


def this_machine(folder: Path) -> Machine:
    """This one, with the disk that `folder` is or will be on."""
    while not folder.exists():
        folder = folder.parent
    return Machine(memory(), shutil.disk_usage(folder).free)


def memory(limits: tuple[Path, ...] = LIMITS) -> int:
    """The memory that this process may use: the machine's, or that of its container. 0 where it is not known."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0
    for limit in limits:
        try:
            # "max" where there is none.
            found = min(found, int(limit.read_text()))
        except (OSError, ValueError):
            continue
    return max(found, 0)


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def web_processes() -> int:
    """How many web processes this machine has room for: one for each core, within its memory."""
    return max(1, min(cores(), MOST_WEBS, memory() // WEB_BYTES)) if CAN_SHARE_PORTS else 1
