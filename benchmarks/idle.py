"""What a chat holds while nobody speaks: memory for each open page, and of a whole site that has just started."""

import signal
import time
from pathlib import Path

from benchmarks.process import cpu_seconds, descendants, memory_kilobytes, proportional_kilobytes
from benchmarks.subjects import Subject, opened
from tests.servers import eventually
from tests.started import Started

# A site rests when all its processes together use less than this share of a core.
REST_SHARE = 0.05
START_SECONDS = 120


async def socket_kilobytes(subject: Subject, count: int) -> float:
    """What the servers' memory grows by for each of `count` open pages on which nothing happens."""
    print(f"{count} pages are opened and left alone: {subject.name}", flush=True)
    people = [subject.people[i % len(subject.people)] for i in range(count)]
    before = sum(map(memory_kilobytes, subject.servers))
    async with opened(people):
        return (sum(map(memory_kilobytes, subject.servers)) - before) / count


def megabytes(pids: list[int]) -> tuple[float, float]:
    """The memory of processes: shared pages by their part in them (PSS), and in full for each (RSS)."""
    return sum(map(proportional_kilobytes, pids)) / 1024, sum(map(memory_kilobytes, pids)) / 1024


def started_megabytes(folder: Path, model_url: str) -> tuple[float, float, int]:
    """`megabytes` of `manage.py start` and all that it starts, no painter and no model, and how many these are."""
    print("manage.py start, without painter and model", flush=True)
    folder.mkdir()
    started = Started(folder, LLAMA_URL=model_url)
    try:
        eventually(started.is_up, START_SECONDS)
        pids = [started.process.pid, *descendants(started.process.pid)]
        eventually(lambda: at_rest(pids), START_SECONDS)
        return *megabytes(pids), len(pids)
    finally:
        started.process.send_signal(signal.SIGTERM)
        started.ended()


def at_rest(pids: list[int], seconds: float = 2) -> bool:
    """Whether processes do next to nothing for so long."""
    before = sum(map(cpu_seconds, pids))
    time.sleep(seconds)
    return sum(map(cpu_seconds, pids)) - before < REST_SHARE * seconds
