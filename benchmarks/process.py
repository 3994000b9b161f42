"""What a process uses, as the system counts it."""

import subprocess
from pathlib import Path


def memory_kilobytes(pid: int) -> float:
    """The memory it has in RAM."""
    statm = Path(f"/proc/{pid}/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * 4
    return float(_ps(pid, "rss"))


def proportional_kilobytes(pid: int) -> float:
    """The same, where a page that n processes share counts a n-th of itself (PSS). Without /proc in full."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return memory_kilobytes(pid)
    return next(float(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))


def descendants(pid: int) -> list[int]:
    """The processes that it started, those that these started, and so on."""
    parents = [tuple(map(int, line.split())) for line in _ps_all("pid=,ppid=")]
    found, parents_left = list[int](), [pid]
    while parents_left:
        children = [child for child, parent in parents if parent in parents_left]
        found += children
        parents_left = children
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time that it has used, in the kernel too. Without /proc in whole seconds or a little finer."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    minutes, seconds = _ps(pid, "time").split(":")[-2:]
    return int(minutes) * 60 + float(seconds)


def _ps(pid: int, column: str) -> str:
    return subprocess.check_output(["ps", "-o", f"{column}=", "-p", str(pid)], text=True)


def _ps_all(columns: str) -> list[str]:
    return subprocess.check_output(["ps", "-A", "-o", columns], text=True).splitlines()
