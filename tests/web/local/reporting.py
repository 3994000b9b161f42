"""Run as python -m by the tests of the fork server: it prints what it was given, and waits where it is told to."""

import json
import os
import random
import sys
import time
from pathlib import Path

from django.conf import settings


def signals() -> list[str]:
    """How this process stands to signals."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("SigIgn", "SigCgt", "SigBlk"))]


def report() -> dict[str, object]:
    opened = {name: Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")}
    return {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "site": settings.SITE_URL,
        "folder": os.getcwd(),
        "input": sys.stdin.read(),
        "files": sorted(name for name, link in opened.items() if link.exists() or link.is_symlink()),
        "parent": os.getppid(),
        "leads": os.getsid(0) == os.getpid() == os.getpgid(0),
        "signals": signals(),
        "umask": os.umask(0),
        "main": __name__,
        "random": random.random(),
    }


if __name__ == "__main__":
    print(json.dumps(report()))
    if "wait" in sys.argv:
        time.sleep(60)
    sys.exit(3)
