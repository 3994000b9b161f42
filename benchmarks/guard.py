"""What a guard model costs: python -m benchmarks.guard

One person asks over and over, by turns of a site without a guard and one with it. The scripted guard takes a set time
for each verdict; what it takes as seen from here, asked straight, is its own time. Then three pages at a time, as a
search finds them, are screened by Prompt Guard, whose scripted server takes the same time for each request.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Mapping
from time import perf_counter

import httpx

import benchmarks.environment  # noqa: F401  Django must be ready before its models are imported
from assistant.guard.classifier import Classifier
from assistant.guard.prompt_guard import PromptGuard
from assistant.llama.options import LlamaOptions
from benchmarks.answers import Received
from benchmarks.browser import Browser
from benchmarks.stage import stage_of
from benchmarks.table import Figure, percentile, report
from tests.fake_classifier import FakeClassifier
from tests.fake_guard import judges
from tests.fake_llama import FakeLlama

WORDS, RATE = 400, 500
# How much longer than without a guard the first word may take, beside the guard's own time.
MOST = 1.2
# As much of a page as is quoted.
PROSE = "A caravan of two hundred llamas crossed the Andes today. " * 53
QUESTION = {"messages": [{"role": "user", "content": "Tell me"}]}


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure what a guard model costs.")
    parser.add_argument("--asks", type=int, default=30, help="questions in each round")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each site")
    parser.add_argument("--verdict", type=float, default=0.05, help="seconds that the guard takes for a verdict")
    options = parser.parse_args()
    without, guarded = list[Received](), list[Received]()
    with FakeLlama(default=judges(seconds=options.verdict)) as guard:
        environment = {"LLAMA_GUARD_URL": guard.url, "LLAMA_GUARD_MODEL": "llama-guard3"}
        for _ in range(options.rounds):
            without += asked({}, options.asks)
            guarded += asked(environment, options.asks)
        verdict = straight(guard.url, options.asks)
    screened = asyncio.run(screenings(options.verdict, options.asks))
    report("guard", vars(options), [*figures(without, guarded, verdict), *screening_figures(*screened)])


def asked(environment: Mapping[str, str], times: int) -> list[Received]:
    """The answers to so many questions on a site; those before the first few are not counted."""
    with stage_of("benchmarks.model", {"words": WORDS, "rate": RATE}, environment) as scene:
        browser = Browser(scene.site, "198.18.0.1")
        return asyncio.run(ask_often(browser, times))


async def ask_often(browser: Browser, times: int) -> list[Received]:
    async with browser.tab() as tab:
        await tab.rest()
        for _ in range(3):
            await tab.ask(WORDS)
        return [await tab.ask(WORDS) for _ in range(times)]


def straight(url: str, times: int) -> list[float]:
    """The milliseconds that verdicts take without Chaski between."""
    taken = []
    with httpx.Client(trust_env=False) as http:
        for _ in range(times):
            begun = perf_counter()
            http.post(f"{url}/chat/completions", json=QUESTION).raise_for_status()
            taken.append((perf_counter() - begun) * 1000)
    return taken


async def screenings(seconds: float, times: int) -> tuple[list[float], list[float], list[float]]:
    """The milliseconds that one request to the classifier takes, three new pages screened, and the same pages again."""
    straight, new, again = list[float](), list[float](), list[float]()
    with FakeClassifier() as server:
        classifier = Classifier(LlamaOptions(server.url), 0.9)
        guard = PromptGuard(classifier, 0.9, open_when_away=True)
        await classifier.probabilities(["Hello."])
        server.seconds = seconds
        for number in range(times):
            pages = [f"{number}-{page} " + PROSE for page in range(3)]
            straight.append(await taken(classifier.probabilities([f"Hello {number}."])))
            new.append(await taken(guard.screen("page", pages)))
            again.append(await taken(guard.screen("page", pages)))
        await classifier.close()
    return straight, new, again


async def taken(work: Awaitable[object]) -> float:
    """Milliseconds."""
    begun = perf_counter()
    await work
    return (perf_counter() - begun) * 1000


def screening_figures(straight: list[float], new: list[float], again: list[float]) -> list[Figure]:
    """What Prompt Guard adds to the pages of a search."""
    own, first, later = (percentile(each, 50) for each in (straight, new, again))
    return [
        Figure("Prompt Guard's own time for one request, p50", own, "ms"),
        Figure("added to three pages of a search, p50", first, "ms", aim=round(1.2 * own, 1)),
        Figure("added to the same pages again, p50", later, "ms"),
    ]


def figures(without: list[Received], guarded: list[Received], verdict: list[float]) -> list[Figure]:
    """The first word and the end, with a guard and without."""
    own = percentile(verdict, 50)
    first = [percentile([(one.first - one.sent) * 1000 for one in each], 50) for each in (without, guarded)]
    last = [percentile([(one.last - one.sent) * 1000 for one in each], 50) for each in (without, guarded)]
    return [
        Figure("the guard's own time for one verdict, p50", own, "ms"),
        Figure("first word without a guard, p50", first[0], "ms"),
        Figure("first word with a guard, p50", first[1], "ms", aim=round(MOST * first[0] + own, 1)),
        Figure("first word with a guard ÷ without", first[1] / first[0]),
        Figure("first word with a guard, less its own time, ÷ without", (first[1] - own) / first[0], aim=MOST),
        Figure("last word without a guard, p50", last[0], "ms"),
        Figure("last word with a guard, p50", last[1], "ms"),
        Figure("words lost or doubled", sum(one.lost + one.doubled for one in guarded), aim=0),
    ]


if __name__ == "__main__":
    main()
