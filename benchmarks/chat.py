"""What Chaski costs between a crowd and its model: python -m benchmarks.chat --people 100

One load process plays all the browsers. First they ask the scripted model straight, then through Chaski: a real web
server, Valkey and SQLite, over loopback. Answers are begun evenly spread over the time that one takes, so that
all streams run at once but nobody presses Enter in the same millisecond; `--together` adds that worst case.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from benchmarks.answers import Received, crowd, together
from benchmarks.browser import Browser, Tab
from benchmarks.process import cpu_seconds, memory_kilobytes
from benchmarks.stage import Stage, stage
from benchmarks.straight import line
from benchmarks.table import Figure, percentile, report
from benchmarks.words import answer
from tests.fake_llama import pieces

ADDRESSES = "198.18.{}.{}"
TABS_OPENED_AT_ONCE = 20
RELOADS_ONE_IN = 10


@dataclass(frozen=True)
class Load:
    """How many people ask how often, and how long and how fast the answers are."""

    people: int
    rounds: int
    tokens: int
    rate: float
    idle_tabs: int
    together: bool

    @property
    def answer_seconds(self) -> float:
        return len(pieces(answer(self.tokens))) / self.rate

    def limit_seconds(self, rounds: int) -> float:
        """Long enough for a site at a third of the pace."""
        return 60 + 3 * self.answer_seconds * (rounds + 1)


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    load = options()
    with stage(load.tokens, load.rate) as scene:
        browsers = [Browser(scene.site, ADDRESSES.format(i // 250, i % 250 + 1)) for i in range(load.people)]
        figures = asyncio.run(measure(scene, browsers, load))
    report("chat", vars(load), figures)


def options() -> Load:
    parser = argparse.ArgumentParser(description="Measure chat, straight from the model and through Chaski.")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5, help="answers for each; the first and last are not timed")
    parser.add_argument("--tokens", type=int, default=200, help="words in an answer, all of them different")
    parser.add_argument("--rate", type=float, default=30.0, help="pieces a second")
    parser.add_argument("--idle-tabs", type=int, default=500)
    parser.add_argument("--together", action="store_true", help="also let everybody ask in the same instant")
    return Load(**vars(parser.parse_args()))


async def measure(scene: Stage, browsers: list[Browser], load: Load) -> list[Figure]:
    """All figures, in the order of the table."""
    await greeted(browsers)
    memory = await socket_kilobytes(scene, browsers, load.idle_tabs)
    straight = await ask_straight(scene, load, load.rounds, load.answer_seconds)
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(browser.tab()) for browser in browsers]
        used = cpu_seconds(scene.site.pid)
        through = await ask_through(tabs, load, load.rounds, load.answer_seconds)
        used = cpu_seconds(scene.site.pid) - used
        reloads = await reload_in_mid_answer(tabs, load)
        figures = [
            *speed(straight, through),
            Figure("processor time of the web server for 1,000 words", used / words_in(through) * 1e6, "ms"),
            Figure("reload in mid-answer to all written so far, p50", percentile(reloads, 50), "s"),
            Figure("reload in mid-answer to all written so far, slowest", max(reloads), "s", aim=1),
            Figure(f"memory for each of {load.idle_tabs} idle sockets", memory, "KB"),
        ]
        if load.together:
            all_at_once = await ask_straight(scene, load, 1, 0)
            figures += instant(all_at_once, await ask_through(tabs, load, 1, 0))
    return figures


async def greeted(browsers: list[Browser]) -> None:
    """Wait until every greeting is answered."""
    for browser in browsers:
        async with browser.tab() as tab:
            await tab.rest()


async def ask_straight(scene: Stage, load: Load, rounds: int, spread: float) -> list[list[Received]]:
    print(f"{load.people} people ask the model straight, {rounds} times each", flush=True)
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line(scene.model_url, load.tokens)) for _ in range(load.people)]
        return await crowd([one.ask for one in lines], rounds, spread, load.limit_seconds(rounds))


async def ask_through(tabs: list[Tab], load: Load, rounds: int, spread: float) -> list[list[Received]]:
    print(f"{load.people} people ask through Chaski, {rounds} times each", flush=True)
    asks = [partial(tab.ask, load.tokens) for tab in tabs]
    return await crowd(asks, rounds, spread, load.limit_seconds(rounds))


async def reload_in_mid_answer(tabs: list[Tab], load: Load) -> list[float]:
    """Seconds that the reload of every tenth person takes while all the others read on."""
    print("one in ten reloads in mid-answer", flush=True)
    reloads: list[float] = []

    async def one(tab: Tab, number: int) -> Received:
        if number % RELOADS_ONE_IN:
            return await tab.ask(load.tokens)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(tab.ask(load.tokens))
            await asyncio.sleep(load.answer_seconds / 2)
            reloads.append(await tab.reloaded())
        return asking.result()

    asks = [partial(one, tab, number) for number, tab in enumerate(tabs)]
    await crowd(asks, 1, load.answer_seconds, load.limit_seconds(1))
    return reloads


def speed(straight: list[list[Received]], through: list[list[Received]]) -> list[Figure]:
    """First words and pace, with all streams running, and what went missing in all answers."""
    before, after = together(straight), together(through)
    waits, base = [one.wait_ms for one in after], percentile([one.wait_ms for one in before], 50)
    everything = [one for person in through for one in person]
    pace_before, pace_after = pace(before), pace(after)
    return [
        Figure("first token straight, p50", base, "ms"),
        Figure("first token straight, p99", percentile([one.wait_ms for one in before], 99), "ms"),
        Figure("first token through, p50", percentile(waits, 50), "ms"),
        Figure("first token through, p99", percentile(waits, 99), "ms"),
        Figure("first token added, p50", percentile(waits, 50) - base, "ms", aim=15),
        Figure("first token added, p99", percentile(waits, 99) - base, "ms", aim=60),
        Figure("words per second of one stream, straight", pace_before, "/s"),
        Figure("words per second of one stream, through", pace_after, "/s"),
        Figure("words per second, through ÷ straight", pace_after / pace_before, "", aim=0.95, more_is_better=True),
        Figure("words in all answers", words_in(through)),
        Figure("words lost", sum(one.lost for one in everything), "", aim=0),
        Figure("words doubled", sum(one.doubled for one in everything), "", aim=0),
    ]


def instant(straight: list[list[Received]], through: list[list[Received]]) -> list[Figure]:
    """First words when everybody asks in the same instant."""
    before, after = ([one.wait_ms for one in together(answers)] for answers in (straight, through))
    base = percentile(before, 50)
    return [
        Figure("all in one instant: first token straight, p50", base, "ms"),
        Figure("all in one instant: first token added, p50", percentile(after, 50) - base, "ms"),
        Figure("all in one instant: first token added, p99", percentile(after, 99) - base, "ms"),
    ]


def words_in(answers: list[list[Received]]) -> int:
    return sum(one.words for person in answers for one in person)


def pace(answers: list[Received]) -> float:
    """Words per second from sending to the last word, of all answers together."""
    return sum(one.words for one in answers) / sum(one.last - one.sent for one in answers)


async def socket_kilobytes(scene: Stage, browsers: list[Browser], count: int) -> float:
    """What the web server's memory grows by for each of `count` open pages on which nothing happens."""
    print(f"{count} pages are opened and left alone", flush=True)
    async with AsyncExitStack() as stack:
        before = memory_kilobytes(scene.site.pid)
        for first in range(0, count, TABS_OPENED_AT_ONCE):
            owners = [browsers[i % len(browsers)] for i in range(first, min(first + TABS_OPENED_AT_ONCE, count))]
            await asyncio.gather(*(stack.enter_async_context(owner.tab()) for owner in owners))
        return (memory_kilobytes(scene.site.pid) - before) / count


if __name__ == "__main__":
    main()
