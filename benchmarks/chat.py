"""What Chaski costs between a crowd and its model: python -m benchmarks.chat

One load process plays all the browsers. They ask the scripted model straight, through Chaski (a real web server, Valkey
and SQLite, over loopback), and through a bare chat that does the least that one can (bare_chat.py), by turns.
`--only "20 spread" "idle memory"` does a part of it.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.answers import Received
from benchmarks.bare_site import BareSite
from benchmarks.compared import PEOPLE, Noted, Three, bare_site, compared, greeted, noted
from benchmarks.environment import folder
from benchmarks.idle import megabytes, socket_kilobytes, started_megabytes
from benchmarks.loads import LOADS, Load, Result, run, warm_up
from benchmarks.reload import reload_seconds
from benchmarks.stage import Stage, stage
from benchmarks.table import Figure, percentile, report

FULL = next(load for load in LOADS if load.spread and load.people == PEOPLE)
IDLE_SOCKETS, IDLE_MEMORY, RELOAD = "idle sockets", "idle memory", "reload"
PARTS = (IDLE_SOCKETS, IDLE_MEMORY, *dict.fromkeys(load.name for load in LOADS), RELOAD)


@dataclass(frozen=True)
class Options:
    """The pieces a second of an answer, how many pages are left alone, and the parts that are done."""

    rate: float
    idle_tabs: int
    only: list[str]


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    options = parsed()
    with stage(rate=options.rate) as scene, bare_site(scene) as bare:
        figures = idle_memory(scene, bare) if IDLE_MEMORY in options.only else []
        figures += asyncio.run(measure(scene, compared(scene, bare), options))
    report("chat", vars(options), figures)


def parsed() -> Options:
    parser = argparse.ArgumentParser(description="Measure chat: straight from the model, bare, and through Chaski.")
    parser.add_argument("--rate", type=float, default=30.0, help="pieces a second")
    parser.add_argument("--idle-tabs", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help="; ".join(PARTS))
    return Options(**vars(parser.parse_args()))


async def measure(scene: Stage, three: Three, options: Options) -> list[Figure]:
    """All figures of chats that run, in the order of the table."""
    await greeted(three.browsers)
    await warm_up([three.chaski, three.bare])
    figures = await idle_sockets(three, options.idle_tabs) if IDLE_SOCKETS in options.only else []
    answers: list[Received] = []
    for load in LOADS:
        if load.name in options.only:
            subjects = [three.chaski, three.bare, *([three.straight] if load.first_word else [])]
            results = await run(load, subjects, options.rate)
            figures += loaded(load, results, await noted(scene))
            answers += results[0].answers
    if RELOAD in options.only:
        figures += reloaded(await reload_seconds(three.browsers, FULL, options.rate))
    return figures + completeness(answers)


def loaded(load: Load, results: Sequence[Result], noted: Noted) -> list[Figure]:
    """The figures of one load, of which its results are: Chaski's, the bare chat's, and straight."""
    chaski, bare, *straight = results
    figures: list[Figure] = []
    if load.first_word:
        figures += first_words(load, chaski, bare, straight[0]) + steps(load, chaski, bare, noted)
    if load.processor:
        figures += processor(load, chaski, bare)
    if load.spread:
        pace = chaski.pace / straight[0].pace
        floor = bare.pace / straight[0].pace
        figures.append(Figure(f"{load.name}: words per second ÷ straight", pace, "", 0.95, True, floor))
    return figures


def first_words(load: Load, chaski: Result, bare: Result, straight: Result) -> list[Figure]:
    """How much later the first word comes than straight from the model."""
    base = percentile(straight.waits, 50)
    ours, floor = ([percentile(result.waits, percent) - base for percent in (50, 99)] for result in (chaski, bare))
    aims = load.first_word or (None, None)
    return [
        Figure(f"{load.name}: first word added, p50", ours[0], "ms", aims[0], floor=floor[0]),
        Figure(f"{load.name}: first word added, p99", ours[1], "ms", aims[1], floor=floor[1]),
        Figure(f"{load.name}: … first word straight, p50", base, "ms"),
    ]


def steps(load: Load, chaski: Result, bare: Result, noted: Noted) -> list[Figure]:
    """Where the time to the first word goes."""
    ours, floor = step_times(chaski, noted), step_times(bare, noted)
    return [
        Figure(f"{load.name}: … until accepted, p50", percentile(accepted(chaski), 50), "ms"),
        *(
            Figure(f"{load.name}: … {step}, p50", percentile(ours[step], 50), "ms", floor=percentile(floor[step], 50))
            for step in ours
        ),
    ]


def step_times(result: Result, noted: Noted) -> dict[str, list[float]]:
    """Milliseconds of each step, of each answer."""
    all_times = [(one.sent, *noted[one.mark], one.first) for one in result.timed]
    return {
        "until the model is asked": [(asked - sent) * 1000 for sent, asked, _, _ in all_times],
        "until its first piece": [(piece - asked) * 1000 for _, asked, piece, _ in all_times],
        "from that to the page": [(first - piece) * 1000 for _, _, piece, first in all_times],
    }


def accepted(result: Result) -> list[float]:
    """Milliseconds until the site said that it has the message."""
    return [(one.accepted - one.sent) * 1000 for one in result.timed]


def processor(load: Load, chaski: Result, bare: Result) -> list[Figure]:
    """Processor time for 1,000 words: of the web server, and of what shares the cores with it."""
    what = f"{load.name}: processor time for 1,000 words"
    ours, floor = (
        {name: used / result.words * 1000 for name, used in result.used.items()} for result in (chaski, bare)
    )
    return [
        Figure(what, ours.pop(""), "s", load.processor, floor=floor[""]),
        *(Figure(f"{load.name}: … of {name}", used, "s", floor=floor.get(name)) for name, used in ours.items()),
    ]


def completeness(answers: list[Received]) -> list[Figure]:
    """What went missing of all answers."""
    return [
        Figure("words in all answers", sum(one.words for one in answers)),
        Figure("words lost", sum(one.lost for one in answers), aim=0),
        Figure("words doubled", sum(one.doubled for one in answers), aim=0),
    ]


def reloaded(seconds: list[float]) -> list[Figure]:
    what = "reload in mid-answer to all written so far"
    return [Figure(f"{what}, p50", percentile(seconds, 50), "s"), Figure(f"{what}, slowest", max(seconds), "s", 1)]


async def idle_sockets(three: Three, count: int) -> list[Figure]:
    ours, floor = [await socket_kilobytes(subject, count) for subject in (three.chaski, three.bare)]
    return [Figure(f"memory for each of {count} idle sockets", ours, "KB", aim=30, floor=floor)]


def idle_memory(scene: Stage, bare: BareSite) -> list[Figure]:
    shared, full, count = started_megabytes(folder / "started", scene.model_url)
    bare_shared, bare_full = megabytes([bare.pid])
    return [
        Figure(f"idle: memory of {count} processes, shared in parts (PSS)", shared, "MB", 300, floor=bare_shared),
        Figure("idle: … in full for each (RSS)", full, "MB", floor=bare_full),
    ]


if __name__ == "__main__":
    main()
