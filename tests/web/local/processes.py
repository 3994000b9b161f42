"""What the system says about processes."""

import subprocess
import sys
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not yet waited for does not."""
    return asked(pid, "stat")[:1] not in ("", "X", "Z")


def command_line(pid: int) -> str:
    """The words the process was started with."""
    return asked(pid, "args")


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that still run."""
    if sys.platform == "linux":
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in said(task).split()]
    rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    return [int(child) for child, parent in map(str.split, rows.stdout.splitlines()) if int(parent) == pid]


def asked(pid: int, what: str) -> str:
    """`stat` or `args` of a process, as ps says it; empty when there is none. Debian may lack ps."""
    if sys.platform != "linux":
        return subprocess.run(["ps", "-o", f"{what}=", "-p", str(pid)], capture_output=True, text=True).stdout
    if what == "args":
        return said(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")
    return said(Path(f"/proc/{pid}/stat")).rpartition(") ")[2]


def said(file: Path) -> str:
    """A file of /proc; empty when its process is gone, even between opening and reading."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
