"""What a long conversation costs a browser: python -m benchmarks.page

Chromium opens a conversation of 300 messages three times, each time as a browser that knows nothing yet, and loads
all earlier messages. The table has the middle one of the three.
"""

import argparse
import asyncio
import os
from dataclasses import astuple, dataclass
from statistics import median
from uuid import UUID

from playwright.async_api import CDPSession, Page, Request, async_playwright

from benchmarks.browser import Browser
from benchmarks.stage import stage
from benchmarks.table import Figure, report
from benchmarks.talk import fill
from tests.conftest import CHROMIUM_FLAGS
from tests.servers import eventually

OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask", buffered: true });
"""
LONGEST_TASK = "Math.max(0, ...window.longTasks)"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
QUIET = "new Promise((done) => requestIdleCallback(() => setTimeout(done, 100), { timeout: 2000 }))"


@dataclass(frozen=True)
class View:
    """The page at one moment."""

    messages: int
    elements: int
    nodes: int
    heap_mb: float
    longest_task_ms: float


@dataclass(frozen=True)
class Visit:
    """One browser's visit."""

    script_kb: float
    first_paint_ms: float
    first: View
    whole: View


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure a long conversation in Chromium.")
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--visits", type=int, default=3)
    options = parser.parse_args()
    with stage() as scene:
        reader = Browser(scene.site, "198.18.0.1")
        eventually(lambda: 'data-run="' not in reader.visitor.get(f"/c/{reader.conversation}/").text)
        fill(UUID(reader.conversation), options.messages)
        visits = asyncio.run(visit_often(reader, options.visits))
    assert all(visit.whole.messages == options.messages for visit in visits), visits
    report("page", vars(options), figures(visits))


async def visit_often(reader: Browser, times: int) -> list[Visit]:
    async with async_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        chromium = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        visits = []
        for number in range(times):
            print(f"visit {number + 1} of {times}", flush=True)
            async with await chromium.new_context(base_url=reader.site.url) as context:
                for name, value in reader.cookies.items():
                    await context.add_cookies([{"name": name, "value": value, "url": reader.site.url}])
                visits.append(await visit(await context.new_page(), f"/c/{reader.conversation}/"))
        await chromium.close()
        return visits


async def visit(page: Page, address: str) -> Visit:
    """Open the conversation, look, load all earlier messages, look again."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("Performance.enable")
    await page.add_init_script(OBSERVE)
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    await page.goto(address)
    first = await look(page, tools)
    await load_earlier(page)
    script = sum([(await one.sizes())["responseBodySize"] for one in requests if one.resource_type == "script"])
    return Visit(script / 1024, await page.evaluate(FIRST_PAINT), first, await look(page, tools))


async def load_earlier(page: Page) -> None:
    """Press the button until there are no earlier messages."""
    link = page.locator(".earlier a")
    while await link.count():
        before = await page.locator("article").count()
        await link.click()
        await page.wait_for_function("(before) => document.querySelectorAll('article').length > before", arg=before)


async def look(page: Page, tools: CDPSession) -> View:
    """Let the page come to rest, collect garbage, and count."""
    await page.evaluate(QUIET)
    longest = await page.evaluate(LONGEST_TASK)
    await tools.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in (await tools.send("Performance.getMetrics"))["metrics"]}
    return View(
        await page.locator("article").count(),
        await page.evaluate("document.querySelectorAll('*').length"),
        int(metrics["Nodes"]),
        metrics["JSHeapUsedSize"] / 2**20,
        longest,
    )


def figures(visits: list[Visit]) -> list[Figure]:
    """The middle of what the visits measured."""
    first, whole = middle([one.first for one in visits]), middle([one.whole for one in visits])
    return [
        Figure("script, compressed as served, first load", median(visit.script_kb for visit in visits), "KB", aim=30),
        Figure("first contentful paint", median(visit.first_paint_ms for visit in visits), "ms"),
        *_figures("first view", first),
        *_figures("all loaded", whole),
    ]


def middle(views: list[View]) -> View:
    """The median of each of their values."""
    return View(*map(median, zip(*(astuple(view) for view in views), strict=True)))


def _figures(when: str, view: View) -> list[Figure]:
    return [
        Figure(f"{when}: messages", view.messages),
        Figure(f"{when}: DOM nodes (elements)", view.elements, "", aim=8000),
        Figure(f"{when}: nodes with text and comments", view.nodes),
        Figure(f"{when}: JS heap after collection", view.heap_mb, "MB", aim=40),
        Figure(f"{when}: longest task", view.longest_task_ms, "ms", aim=100),
    ]


if __name__ == "__main__":
    main()
