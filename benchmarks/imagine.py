"""What it costs to draw while people type, beside bare calls of the pipeline: python -m benchmarks.imagine

Two checkpoints with random weights stand for a quick device and a slow one. The bare calls run in a process of their
own with as many threads, before and after, while nobody types. Then the crowds, and how loops are written.
"""

import argparse
import asyncio
import os
import random
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median
from time import perf_counter

import benchmarks.encoding
from benchmarks.bare import Bare
from benchmarks.checkpoint import SIDE, Kind, build
from benchmarks.encoding import scene
from benchmarks.environment import folder
from benchmarks.studio import Studio, studio
from benchmarks.table import Figure, percentile, report
from benchmarks.typist import CHARACTERS, KEYS_PER_SECOND, Page, Typing, page, sentence
from imagine import history, safety
from imagine.status import HEARTBEAT_SECONDS

QUICK = Kind("quick", (32, 64), 1, 2)
SLOW = Kind("slow", (64, 128), 2, 4)
BARE_CALLS = 15
PIXEL_CHECKS = 20
ENTERED_ONE_IN = 2
ADDRESSES = "198.18.{}.{}"
LIMIT_SECONDS = 120
# So long somebody in a crowd waits for the last words.
LAST_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """How many typings with each checkpoint, how many people type at once, and for how long."""

    typings: int
    people: list[int]
    seconds: int
    rounds: int


@dataclass(frozen=True)
class Stages:
    """Where the time from the last keystroke to its frame went, in seconds."""

    held: float
    to_slot: float
    behind: float
    drawn: float
    to_page: float


@dataclass(frozen=True)
class Crowd:
    """What people who typed at once saw: the frames of each while they typed, and waits in seconds."""

    shown: list[int]
    longest: float
    last: float


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    load = options()
    figures = [*drawn_with(QUICK, load, []), *drawn_with(SLOW, load, load.people), *checks()]
    if load.rounds:
        figures += benchmarks.encoding.figures(load.rounds)
    report("imagine", vars(load), figures)


def options() -> Load:
    parser = argparse.ArgumentParser(description="Measure pictures that change while people type.")
    parser.add_argument("--typings", type=int, default=16, help=f"of {CHARACTERS} characters, with each checkpoint")
    parser.add_argument("--people", type=int, nargs="*", default=[1, 4, 16], help="how many type at once")
    parser.add_argument("--seconds", type=int, default=30, help="for how long they do")
    parser.add_argument("--rounds", type=int, default=3, help="of writing loops; 0 leaves that out")
    return Load(**vars(parser.parse_args()))


def drawn_with(kind: Kind, load: Load, people: list[int]) -> list[Figure]:
    """All figures of one checkpoint."""
    checkpoint = build(kind, folder / kind.name)
    with studio(checkpoint) as scene, Bare(checkpoint, dict(os.environ)) as bare:
        figures = asyncio.run(typed(scene, bare, kind, load.typings))
        for count in people:
            figures += asyncio.run(crowded(scene, bare, kind, count, load.seconds))
    return figures


# One person


async def typed(scene: Studio, bare: Bare, kind: Kind, times: int) -> list[Figure]:
    """One person types sentences, and waits for the last frame of each; then fewer that end with Enter."""
    print(f"{kind.name}: one person types {times} sentences", flush=True)
    bare.call(BARE_CALLS)
    async with asyncio.timeout(LIMIT_SECONDS + 20 * times), page(scene.site, ADDRESSES.format(0, 1)) as opened:
        before = await counted(scene)
        typings, stages = [], []
        for number in range(times):
            typings.append(await one(opened, number))
            # At once, as the film keeps only the last frames of a person.
            stages.append(await asyncio.to_thread(split, scene, opened, typings[-1]))
        after = await counted(scene)
        entered = [await one(opened, number, enter=True) for number in range(times // ENTERED_ONE_IN)]
    bare.call(BARE_CALLS)
    begun, shown = after - before, sum(len(typing.came) for typing in typings)
    base = median(bare.seconds)
    waits, entered_waits = [typing.wait for typing in typings], [typing.wait for typing in entered]
    firsts = [min(typing.came.values()) - typing.keys[0] for typing in typings]
    name = kind.name
    return [
        Figure(f"{name}: one bare call, p50", base * 1000, "ms"),
        Figure(f"{name}: first keystroke to the first frame ÷ bare, p50", median(firsts) / base),
        Figure(f"{name}: last keystroke to its frame, p50", median(waits) * 1000, "ms"),
        Figure(f"{name}: last keystroke to its frame ÷ bare, p50", median(waits) / base, aim=1.2),
        Figure(f"{name}: last keystroke to its frame ÷ bare, p90", percentile(waits, 90) / base),
        Figure(f"{name}: the same with Enter at once ÷ bare, p50", median(entered_waits) / base),
        *shares(name, stages),
        Figure(f"{name}: frames shown for {CHARACTERS} characters, mean", shown / times),
        Figure(f"{name}: begun but never shown ÷ begun", 1 - shown / begun, aim=0.2),
    ]


async def one(opened: Page, number: int, enter: bool = False) -> Typing:
    """One sentence and its last frame; then the page looks away, and the painter rests a little."""
    typing = await opened.type(sentence(number), random.Random(number), enter)
    await opened.rest(typing)
    await opened.leave()
    await asyncio.sleep(random.Random(number).uniform(0.3, 0.6))
    return typing


async def counted(scene: Studio) -> int:
    """How many frames were begun until now: once the process that draws has said so."""
    await asyncio.sleep(HEARTBEAT_SECONDS + 1)
    return (await asyncio.to_thread(scene.notice)).begun


def split(scene: Studio, opened: Page, typing: Typing) -> Stages:
    """The last frame's way, by the notes that the slot and the film keep."""
    film = scene.film(opened.person, typing.sketch)
    done, sketch = film[-1]
    assert sketch.number == typing.last
    free = max([at for at, _ in film[:-1]], default=0.0)
    began = max(sketch.at, free)
    sent, came = typing.sent[typing.last], typing.came[typing.last]
    return Stages(sent - typing.keys[-1], sketch.at - sent, began - sketch.at, done - began, came - done)


def shares(name: str, stages: list[Stages]) -> list[Figure]:
    """The mean of each stage."""
    words = {
        "held back by the page's pace": "held",
        "from the page to the slot": "to_slot",
        "behind the frame in progress": "behind",
        "drawn, checked and written": "drawn",
        "to the page": "to_page",
    }
    return [
        Figure(f"{name}: … {what}, mean", mean(getattr(one, field) for one in stages) * 1000, "ms")
        for what, field in words.items()
    ]


# Many people


async def crowded(scene: Studio, bare: Bare, kind: Kind, people: int, seconds: int) -> list[Figure]:
    """So many type at once, without a rest."""
    print(f"{kind.name}: {people} type at once for {seconds} seconds", flush=True)
    bare.call(BARE_CALLS)
    async with asyncio.timeout(LIMIT_SECONDS + 2 * seconds), AsyncExitStack() as stack:
        pages = [
            await stack.enter_async_context(page(scene.site, ADDRESSES.format(people, number + 1)))
            for number in range(people)
        ]
        text = "".join(sentence(number) for number in range(KEYS_PER_SECOND * seconds // CHARACTERS))
        typings = await asyncio.gather(*(kept_up(opened, text, number) for number, opened in enumerate(pages)))
    bare.call(BARE_CALLS)
    crowd, base = seen(typings), median(bare.seconds[-2 * BARE_CALLS :])
    rate = sum(crowd.shown) / (min(typing.keys[-1] for typing in typings) - min(typing.keys[0] for typing in typings))
    name = f"{kind.name}, {people} at once"
    fairness = [Figure(f"{name}: least served ÷ mean", min(crowd.shown) / mean(crowd.shown), "", 0.5, True)]
    return [
        Figure(f"{name}: frames shown a second, all together", rate, "/s"),
        Figure(f"{name}: frames shown a second ÷ bare calls a second", rate * base),
        *(fairness if people > 1 else []),
        Figure(f"{name}: longest time without a new frame", crowd.longest, "s"),
        Figure(f"{name}: last keystroke to its frame, slowest", crowd.last, "s"),
        Figure(f"{name}: last words never shown", sum(typing.last not in typing.came for typing in typings), "", 0),
    ]


async def kept_up(opened: Page, text: str, number: int) -> Typing:
    """Somebody who begins a moment after the one before."""
    await asyncio.sleep(number / KEYS_PER_SECOND / 16)
    typing = await opened.type(text, random.Random(number))
    with suppress(TimeoutError):
        await asyncio.wait_for(opened.rest(typing), LAST_SECONDS)
    return typing


def seen(typings: list[Typing]) -> Crowd:
    """What they saw while all of them typed, and after."""
    end = min(typing.keys[-1] for typing in typings)
    shown = [sum(at <= end for at in typing.came.values()) for typing in typings]
    longest = max(longest_gap(typing) for typing in typings)
    waits = [typing.wait if typing.last in typing.came else LAST_SECONDS for typing in typings]
    return Crowd(shown, longest, max(waits))


def longest_gap(typing: Typing) -> float:
    moments = [typing.keys[0], *sorted(typing.came.values())]
    return max(after - before for before, after in pairwise(moments))


# Around each frame


def checks() -> list[Figure]:
    """What is done to every live frame besides drawing it."""
    image = scene()[0].resize((SIDE, SIDE))
    return [
        Figure("looking at a frame's pixels, p50", timed(lambda: safety.check_pixels(image)), "ms"),
        Figure("writing a frame as JPEG, p50", timed(lambda: history.to_jpeg(image)), "ms"),
    ]


def timed(work: Callable[[], object]) -> float:
    """The median of PIXEL_CHECKS calls, in ms."""
    times = []
    for _ in range(PIXEL_CHECKS):
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    return median(times) * 1000


if __name__ == "__main__":
    main()
