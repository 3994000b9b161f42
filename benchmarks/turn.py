"""What a turn with one search and three pages costs beyond its parts: python -m benchmarks.turn

A real web server, Valkey and SQLite stand between a page's socket and a model, an engine and pages with set delays,
which note when each was asked and had answered (outside.py). So a turn divides into what others take and what Chaski
adds between. A few turns come one after the other, then as many people as `--people` ask over and over. Before that,
what a token costs (tokens.py), and what reading a page costs by its size.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, pairwise
from time import perf_counter

import httpx

import benchmarks.environment  # noqa: F401  Django must be ready before its models are imported
from assistant.pages.extract import read_page
from benchmarks import tokens
from benchmarks.browser import Browser, Frame, Tab
from benchmarks.outside import SITES
from benchmarks.pages import page
from benchmarks.process import cpu_seconds
from benchmarks.stage import Stage, stage, stage_of
from benchmarks.table import Figure, percentile, report
from benchmarks.words import WORD

ADDRESS = "198.18.0.{}"
SITE = {
    "SEARCH_ENGINES": "searxng",
    "SEARXNG_URL": "http://127.0.0.1:{port}",
    "FETCH_ALLOWED": ",".join(f"{site}:{{port}}" for site in SITES),
    "LIMIT_SITE_PAGES": "100000/minute",
}
PAGE_KILOBYTES = (20, 50, 100, 300, 1_000)
PAGES_OF_EACH_SIZE = 11
PAGES = 3
PACED_WORDS, PACED_RATE = 400, 500


@dataclass(frozen=True)
class Load:
    """How many people ask how often, the words of an answer, the bytes of a page."""

    people: int
    rounds: int
    words: int
    page_bytes: int


@dataclass
class Turn:
    """One turn. Times are those of the machine's monotonic clock; `noted` are those of others, by name."""

    sent: float
    ended: float
    shown: list[float]
    lost: int
    noted: dict[str, list[float]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all its pages were read: their readers are bounded, and may be taken."""
        return sum(name.startswith("paged") for name in self.noted) == PAGES

    @property
    def slowest_parts(self) -> float:
        """The seconds of others that follow upon each other: the call, the search, the slowest page, the answer."""
        pages = (self._took(name.replace("paged", "page"), name) for name in self.noted if name.startswith("paged"))
        model = self._took("model", "last token") + self._took("model", "last token", 1)
        return model + self._took("search", "found") + max(pages)

    @property
    def ratio(self) -> float:
        return (self.ended - self.sent) / self.slowest_parts

    @property
    def added(self) -> dict[str, float]:
        """The seconds between what others do, in their order."""
        noted = self.noted
        return {
            "message to model": noted["model"][0] - self.sent,
            "call to engine": noted["search"][0] - noted["last token"][0],
            "results to first page": min(self._times("page ")) - noted["found"][0],
            "last page to model": noted["model"][1] - self._last_page,
            "first token to screen": self.shown[0] - noted["first token"][1],
            "last token to end": self.ended - noted["last token"][1],
        }

    @property
    def first_word_after_pages(self) -> float:
        """Seconds from the last page to the first word on the screen, without those that the model took."""
        return self.shown[0] - self._last_page - self._took("model", "first token", 1)

    @property
    def gaps(self) -> list[float]:
        """Seconds between words on the screen."""
        return [after - before for before, after in pairwise(self.shown)]

    @property
    def pace(self) -> float:
        """How quickly the words were shown, by how quickly the model said them."""
        return self._took("first token", "last token", 1) / (self.shown[-1] - self.shown[0])

    @property
    def _last_page(self) -> float:
        return max(self._times("paged "))

    def _times(self, name: str) -> Iterator[float]:
        return (times[0] for one, times in self.noted.items() if one.startswith(name))

    def _took(self, begin: str, end: str, number: int = 0) -> float:
        return self.noted[end][number] - self.noted[begin][number]


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure a turn that looks things up, and its parts.")
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, one after the other")
    parser.add_argument("--words", type=int, default=100, help="words in an answer, all of them different")
    parser.add_argument("--page-bytes", type=int, default=80_000)
    load = Load(**vars(parser.parse_args()))
    figures = tokens.in_this_process()
    with stage(PACED_WORDS, PACED_RATE) as paced:
        figures += asyncio.run(tokens.over_a_socket(paced.model_url, PACED_WORDS))
    figures += reading()
    options = {"words": load.words, "page-bytes": load.page_bytes}
    with stage_of("benchmarks.outside", options, SITE) as scene:
        browsers = [Browser(scene.site, ADDRESS.format(number + 1)) for number in range(load.people)]
        figures += asyncio.run(measure(scene, browsers, load))
    report("turn", vars(load), figures)


def reading() -> list[Figure]:
    """How long reading a page takes, by its size, in a process that does nothing else."""
    figures = []
    for size in PAGE_KILOBYTES:
        taken = read_often(size * 1000, PAGES_OF_EACH_SIZE)
        figures += [
            Figure(f"a page of {size:,} KB read, p50", percentile(taken, 50), "ms"),
            Figure(f"a page of {size:,} KB read, p95", percentile(taken, 95), "ms"),
        ]
    return figures


def read_often(size: int, times: int) -> list[float]:
    """The milliseconds that each of so many different pages takes; what the first one loads is not counted."""
    taken = []
    for number in range(times + 1):
        body = page(size, f"number {number}")
        begun = perf_counter()
        read_page(body, "http://example.org/", "text/html", "utf-8", was_cut=False)
        taken.append((perf_counter() - begun) * 1000)
    return taken[1:]


async def measure(scene: Stage, browsers: list[Browser], load: Load) -> list[Figure]:
    """A turn after a rest, turns one by one, and turns of all people at once."""
    numbers = count(1)

    async def ask(tab: Tab) -> tuple[str, Turn]:
        mark = f"q{next(numbers):04}"
        tab.heard = []
        received = await tab.ask(load.words, f"What does the latest report {mark} say?")
        ended, _ = tab.heard[-1]
        return mark, Turn(received.sent, ended, shown_at(tab.heard), received.lost + received.doubled)

    async def ask_often(tab: Tab, pause: float) -> list[tuple[str, Turn]]:
        await asyncio.sleep(pause)
        return [await ask(tab) for _ in range(load.rounds)]

    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(browser.tab()) for browser in browsers]
        for tab in tabs:
            await tab.rest()
        print("one turn after a rest, then one after the other", flush=True)
        first = await ask(tabs[0])
        alone = await ask_often(tabs[0], 0)
        apart = (alone[-1][1].ended - alone[-1][1].sent) / len(tabs)
        print(f"{len(tabs)} people ask at once", flush=True)
        used = cpu_seconds(scene.site.pid)
        rounds = await asyncio.gather(*(ask_often(tab, apart * number) for number, tab in enumerate(tabs)))
        used = cpu_seconds(scene.site.pid) - used
    many = [turn for each in rounds for turn in each]
    await note([first, *alone, *many], scene)
    whole = [one for one in many if one[1].is_whole]
    bare = percentile(read_often(load.page_bytes, PAGES_OF_EACH_SIZE), 50)
    return [
        Figure("a turn after a rest ÷ its slowest parts", first[1].ratio, "", aim=1.1),
        *figures_of("a turn", [turn for _, turn in alone], bare),
        *figures_of(f"{len(tabs)} at once", [turn for _, turn in whole], bare),
        Figure(f"{len(tabs)} at once: turns that read fewer pages", len(many) - len(whole), "", aim=0),
        *pace([turn for _, turn in alone], [turn for _, turn in many], len(tabs)),
        Figure(f"{len(tabs)} at once: processor time of the web server for a turn", used / len(many) * 1000, "ms"),
    ]


def shown_at(heard: list[tuple[float, Frame]]) -> list[float]:
    """When words were shown that were not there before."""
    times, most = [], -1
    for at, frame in heard:
        pieces = [frame.get("text", ""), *(html for _, html in frame.get("blocks", ()))]
        newest = max((int(word[1:]) for piece in pieces for word in WORD.findall(piece)), default=-1)
        if newest > most:
            times.append(at)
            most = newest
    return times


async def note(turns: list[tuple[str, Turn]], scene: Stage) -> None:
    """Give each turn the times of others."""
    async with httpx.AsyncClient(trust_env=False) as http:
        noted = (await http.get(scene.model_url.replace("/v1", "/noted"))).json()
    for mark, turn in turns:
        times = defaultdict[str, list[float]](list)
        for name, at in noted[mark]:
            times[name].append(at)
        turn.noted = dict(times)


def figures_of(name: str, turns: list[Turn], bare: float) -> list[Figure]:
    """Medians of a turn and of what is added to it; `bare` are the milliseconds that reading a page takes alone."""
    after = percentile([turn.first_word_after_pages * 1000 for turn in turns], 50)
    alone = name == "a turn"
    figures = [
        Figure(f"{name}: its slowest parts, p50", percentile([turn.slowest_parts for turn in turns], 50), "s"),
        Figure(
            f"{name} ÷ its slowest parts, p50" if alone else f"{name}: a turn ÷ its slowest parts, p50",
            percentile([turn.ratio for turn in turns], 50),
            aim=1.1,
        ),
    ]
    for added in turns[0].added:
        times = [turn.added[added] * 1000 for turn in turns]
        figures.append(Figure(f"{name}: … added, {added}, p50", percentile(times, 50), "ms"))
    return [
        *figures,
        Figure(f"{name}: first word after the last page, without the model's time, p50", after, "ms"),
        Figure(f"{name}: … and without reading that page, p50", after - bare, "ms", aim=50 if alone else None),
    ]


def pace(alone: list[Turn], many: list[Turn], people: int) -> list[Figure]:
    """How evenly words come, of one turn and of many at once."""
    gaps, gaps_of_many = ([gap * 1000 for turn in turns for gap in turn.gaps] for turns in (alone, many))
    return [
        Figure("a turn: between words on the screen, p50", percentile(gaps, 50), "ms"),
        Figure("a turn: between words on the screen, p99", percentile(gaps, 99), "ms"),
        Figure(f"{people} at once: between words on the screen, p50", percentile(gaps_of_many, 50), "ms"),
        Figure(f"{people} at once: between words on the screen, p99", percentile(gaps_of_many, 99), "ms"),
        Figure(
            f"{people} at once: the slowest stream ÷ the model's pace", min(turn.pace for turn in many), "", 0.95, True
        ),
        Figure("words lost or doubled", sum(turn.lost for turn in [*alone, *many]), "", aim=0),
    ]


if __name__ == "__main__":
    main()
