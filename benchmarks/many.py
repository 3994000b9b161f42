"""How many streams one web process carries, and two behind one port: python -m benchmarks.many [--postgres]

More and more people ask through one process, then through two, until the first word comes too late for one in a
hundred. What plays the people, and the model, are processes of this machine too: where the cores are used up they are
what ends a run, so the processor time of all stands beside it.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.answers import crowd
from benchmarks.browser import Browser
from benchmarks.environment import folder
from benchmarks.process import cpu_seconds
from benchmarks.stage import allow_files, scripted
from benchmarks.table import Figure, percentile, report
from scripts.postgres import running
from tests.servers import Server, Site, Valkey
from web.local.ports import free_port
from web.local.process import Child
from web.local.site import web

ADDRESSES = "198.18.{}.{}"
LATE_MS = 100
# The first and last of each person are not timed.
ROUNDS = 6
PROCESSES = (1, 2)


class Webs(Site):
    """Web processes behind one port."""

    def __init__(self, data: Path, environment: dict[str, str], processes: int) -> None:
        super().__init__(data, environment)
        self.servers = [Server(partial(self._one, number, processes)) for number in range(1, processes + 1)]

    def _one(self, number: int, processes: int) -> Child:
        return web("127.0.0.1", self.port, self.folder, self.environment, number, processes)


@dataclass
class Scene:
    """What runs: the web processes, and the servers beside them."""

    site: Webs
    others: list[Server]

    def processor_seconds(self) -> tuple[float, float]:
        """Of the web processes, and of all other processes with this one."""
        beside = sum(cpu_seconds(server.pid) for server in self.others) + cpu_seconds(os.getpid())
        return sum(cpu_seconds(server.pid) for server in self.site.servers), beside


@contextmanager
def scene(processes: int, database: str, tokens: int, rate: float) -> Iterator[Scene]:
    """All of it, started, on a database of its own."""
    data = folder / f"{processes}"
    data.mkdir()
    port = free_port()
    valkey = Valkey(data / "valkey")
    model = Server(lambda: scripted("benchmarks.model", port, {"words": tokens, "rate": rate}))
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": f"http://127.0.0.1:{port}/v1",
        "DATABASE_URL": database or f"sqlite:///{data / 'many.sqlite3'}",
    }
    site = Webs(data, environment, processes)
    for command in (["migrate"], ["collectstatic", "--no-input"]):
        subprocess.run([sys.executable, "manage.py", *command, "-v", "0"], env=os.environ | environment, check=True)
    with ExitStack() as stack:
        for server in (valkey, model, *site.servers):
            stack.callback(server.kill)
            server.start()
        yield Scene(site, [valkey, model])


@dataclass(frozen=True)
class Rung:
    """So many streams at once, and how it went. Processor time is in cores."""

    streams: int
    late_ms: float
    web: float
    beside: float


async def climb(here: Scene, streams: range, options: argparse.Namespace) -> list[Rung]:
    """More and more streams until the first word is late, which the last rung then is."""
    rungs: list[Rung] = []
    browsers: list[Browser] = []
    seconds = options.tokens / options.rate
    now = asyncio.get_running_loop().time
    async with AsyncExitStack() as stack:
        tabs = []
        for count in streams:
            for number in range(len(browsers), count):
                address = ADDRESSES.format(number // 250, number % 250 + 1)
                browsers.append(await asyncio.to_thread(Browser, here.site, address))
                tabs.append(await stack.enter_async_context(browsers[-1].tab()))
                await tabs[-1].rest()
            begun, (web_before, beside_before) = now(), here.processor_seconds()
            answers = await crowd(
                [partial(tab.ask, options.tokens) for tab in tabs], ROUNDS, seconds, 60 + 10 * seconds
            )
            took, (web_after, beside_after) = now() - begun, here.processor_seconds()
            late = percentile([one.wait_ms for each in answers for one in each[1:-1]], 99)
            used = (web_after - web_before) / took, (beside_after - beside_before) / took
            rungs.append(Rung(count, late, *used))
            print(rungs[-1], flush=True)
            if late > options.late:
                break
    return rungs


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure what one web process carries, and two.")
    parser.add_argument("--tokens", type=int, default=100, help="words in an answer")
    parser.add_argument("--rate", type=float, default=30.0, help="pieces a second")
    parser.add_argument("--late", type=float, default=LATE_MS, help="milliseconds after which a first word is late")
    parser.add_argument("--step", type=int, default=10, help="how many more streams each time")
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL in place of SQLite")
    options = parser.parse_args()
    allow_files()
    streams, climbs = range(options.step, options.most + 1, options.step), {}
    for processes in PROCESSES:
        with ExitStack() as stack:
            database = ""
            if options.postgres:
                server = stack.enter_context(running())
                server.make_database()
                database = server.url
            here = stack.enter_context(scene(processes, database, options.tokens, options.rate))
            print(f"{processes} web processes", flush=True)
            climbs[processes] = asyncio.run(climb(here, streams, options))
    report("many-postgres" if options.postgres else "many", vars(options), figures(climbs, options.late))


def figures(climbs: dict[int, list[Rung]], late_ms: float) -> list[Figure]:
    """What each number of processes carries, and at which processor time."""
    carried = {processes: best(rungs, late_ms) for processes, rungs in climbs.items()}
    found = []
    for processes, rung in carried.items():
        found += [
            Figure(f"streams with {processes} of them", rung.streams),
            Figure(f"… first word, p99, with {processes}", rung.late_ms, "ms"),
            Figure(f"… cores used by the web, with {processes}", rung.web, ""),
            Figure(f"… cores used by load, model and Valkey, with {processes}", rung.beside, ""),
            Figure(f"… the same for one stream, with {processes}", rung.web / rung.streams * 1000, "ms/s"),
        ]
    one, two = (carried[processes].streams for processes in PROCESSES)
    return [*found, Figure("streams, two ÷ one", two / one, "", aim=1.7, more_is_better=True)]


def best(rungs: list[Rung], late_ms: float) -> Rung:
    """The last one that was not late; the first where all were."""
    return next((rung for rung in reversed(rungs) if rung.late_ms <= late_ms), rungs[0])


if __name__ == "__main__":
    main()
