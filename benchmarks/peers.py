"""Chaski beside other chats, and a bare one: python -m benchmarks.peers --chainlit ~/chainlit --open-webui ~/open-webui

Each has the same scripted model, and pages that read its answers by the socket that its own page uses. How they are
installed, and what can be compared, stands in peers.md. `--only "20 spread"` does a part.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.compared import Three, bare_site, compared, greeted
from benchmarks.environment import folder
from benchmarks.idle import megabytes, socket_kilobytes, started_megabytes
from benchmarks.loads import LOADS, Load, Result, run, warm_up
from benchmarks.peer_chainlit import Chainlit
from benchmarks.peer_open_webui import OpenWebUI
from benchmarks.process import descendants
from benchmarks.stage import Stage, stage
from benchmarks.subjects import Subject
from benchmarks.table import Figure, lined_up, number, percentile, report

CHASKI = "Chaski"
NAMES = tuple(dict.fromkeys(load.name for load in LOADS))
# More than that are too many for some of them on a small machine.
USUAL = tuple(dict.fromkeys(load.name for load in LOADS if load.people <= 20))


@dataclass(frozen=True)
class Row:
    """One thing measured of each chat, in their order."""

    what: str
    unit: str
    values: Sequence[float]


@dataclass(frozen=True)
class Options:
    """Where the peers are installed, and what is measured."""

    chainlit: Path | None
    open_webui: Path | None
    rate: float
    idle_tabs: int
    rounds: int
    only: list[str]

    @property
    def loads(self) -> list[Load]:
        """A round of a long load and a few of a short one are enough to see who is far apart."""
        return [
            replace(load, rounds=1 if load.spread else min(load.rounds, self.rounds))
            for load in LOADS
            if load.name in self.only
        ]


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    options = parsed()
    people = max(load.people for load in options.loads)
    with stage(rate=options.rate) as scene, bare_site(scene) as bare, peers(scene, options, people) as others:
        three = compared(scene, bare, people)
        # Chaski needs its Valkey; the others need nothing beside them.
        chaski = replace(three.chaski, servers=[scene.site.pid, scene.valkey.pid])
        chats = [three.bare, chaski, *others]
        rows = [memory(scene, chats), *asyncio.run(measure(three, chats, options))]
    names = [chat.name for chat in chats]
    figures = [
        Figure(f"{row.what}: {name}", value, row.unit)
        for row in rows
        for name, value in zip(names, row.values, strict=True)
    ]
    known = {"rate": options.rate, "idle_tabs": options.idle_tabs, "rounds": options.rounds, "only": options.only}
    report("peers", known, figures, side_by_side(names, rows))


def side_by_side(names: Sequence[str], rows: Sequence[Row]) -> str:
    """A table with a column for each chat."""
    cells = [[f"{number(value)} {row.unit}".rstrip() for value in row.values] for row in rows]
    return lined_up([["what", *names], *([row.what, *values] for row, values in zip(rows, cells, strict=True))])


def parsed() -> Options:
    parser = argparse.ArgumentParser(description="Measure other chats beside Chaski.")
    parser.add_argument("--chainlit", type=Path, help="the virtual environment in which it is installed")
    parser.add_argument("--open-webui", type=Path, help="likewise")
    parser.add_argument("--rate", type=float, default=30.0, help="pieces a second")
    parser.add_argument("--idle-tabs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10, help="of loads that are not spread")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(USUAL), metavar="LOAD", help="; ".join(NAMES))
    return Options(**vars(parser.parse_args()))


@contextmanager
def peers(scene: Stage, options: Options, count: int) -> Iterator[list[Subject]]:
    """Those that are installed, each with so many people."""
    with ExitStack() as stack:
        servers: list[Chainlit | OpenWebUI] = []
        if options.chainlit:
            servers.append(Chainlit(options.chainlit.absolute(), folder / "chainlit", scene.model_url))
        if options.open_webui:
            servers.append(OpenWebUI(options.open_webui.absolute(), folder / "open-webui", scene.model_url))
        found = []
        for server in servers:
            print(f"{server.name} starts", flush=True)
            stack.callback(server.kill)
            server.start()
            found.append(Subject(server.name, server.people(count), [server.pid, *descendants(server.pid)]))
        yield found


def memory(scene: Stage, chats: Sequence[Subject]) -> Row:
    """What all processes of each hold before anybody asks; of Chaski all that `manage.py start` starts."""
    ours, _, _ = started_megabytes(folder / "started", scene.model_url)
    values = [ours if chat.name == CHASKI else megabytes(list(chat.servers))[0] for chat in chats]
    return Row("idle: memory of all processes, shared in parts (PSS)", "MB", values)


async def measure(three: Three, chats: Sequence[Subject], options: Options) -> list[Row]:
    """All that is measured of chats that run."""
    await greeted(three.browsers)
    await warm_up(chats)
    sockets = [await socket_kilobytes(chat, options.idle_tabs) for chat in chats]
    rows = [Row(f"memory for each of {options.idle_tabs} idle sockets", "KB", sockets)]
    for load in options.loads:
        asked = [*chats, *([three.straight] if load.first_word else [])]
        results = await run(load, asked, options.rate)
        rows += loaded(load, results[: len(chats)], results[-1])
    return rows


def loaded(load: Load, results: Sequence[Result], straight: Result) -> list[Row]:
    """What is measured of one load."""
    rows = []
    if load.first_word:
        base = percentile(straight.waits, 50)
        for percent in (50, 99):
            added = [percentile(result.waits, percent) - base for result in results]
            rows.append(Row(f"{load.name}: first word added, p{percent}", "ms", added))
    if load.processor:
        used = [result.used[""] / result.words * 1000 for result in results]
        rows.append(Row(f"{load.name}: processor time for 1,000 words", "s", used))
    if load.spread:
        paces = [result.pace / straight.pace for result in results]
        rows.append(Row(f"{load.name}: words per second ÷ straight", "", paces))
    wrong = [sum(one.lost + one.doubled for one in result.answers) for result in results]
    return [*rows, Row(f"{load.name}, {load.words} words: words lost or doubled", "", wrong)]


if __name__ == "__main__":
    main()
