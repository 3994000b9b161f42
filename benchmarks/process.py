"""What a process uses, as the system counts it."""

import subprocess
from pathlib import Path


def memory_kilobytes(pid: int) -> float:
    """The memory it has in RAM."""
    statm = Path(f"/proc/{pid}/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * 4
    return float(_ps(pid, "rss"))


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
