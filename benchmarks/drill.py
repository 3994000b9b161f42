"""Parts of a running site are broken, and people with pages open are watched: python -m benchmarks.drill [WORD]

One `manage.py start` with all its parts, the small model and the small checkpoint that come along, and three pages in a
real browser: one person reads a long answer, one asks something just after the break, one types what is to be drawn.
WORD picks the faults that have it in their name.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

import benchmarks.environment  # noqa: F401  Django must be ready before the tests' modules are imported
from benchmarks.faults import ON_SQLITE, WITH_A_CLOCK, Fault, restarted, wrong_clock
from benchmarks.update import Balancer, Update, collect_older, older_checkout
from scripts.postgres import running
from tests.conftest import CHROMIUM_FLAGS
from tests.ports import free_port
from tests.servers import eventually, soon
from tests.started import Started

# What is not over by then never ends, as far as a person can tell.
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.1
STORY = "Tell me a very long story about a llama who walks over the mountains to the sea."
SETTINGS = {
    # All three come from one address.
    "LIMIT_GUEST_MESSAGES": "100000/minute",
    "LIMIT_ADDRESS_MESSAGES": "100000/minute",
    "LIMIT_ADDRESS_GUESTS": "100000/minute",
    # Who asks does not wait for who reads.
    "LLAMA_PARALLEL": "4",
}


@dataclass
class Seen:
    """What one person saw after a break, in seconds from it; None: never."""

    sentence: float | None = None
    """The first sentence that says what is the matter."""
    plain: float | None = None
    """It goes on, or has ended with a sentence and a way to go on."""

    def __str__(self) -> str:
        if self.plain is None:
            return f"NEVER ({seconds(self.sentence)})"
        return seconds(self.plain) if self.sentence is None else f"{seconds(self.sentence)} → {seconds(self.plain)}"


@dataclass
class Row:
    """One break: what each of the three saw, and what was lost or doubled afterwards."""

    fault: str
    reads: Seen = field(default_factory=Seen)
    asks: Seen = field(default_factory=Seen)
    draws: Seen = field(default_factory=Seen)
    lost: str = "0"
    doubled: str = "0"


@dataclass
class Three:
    """The pages of the three people."""

    reader: Page
    asker: Page
    drawer: Page


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


# What people do and see


async def begin(three: Three, number: int) -> None:
    """The reader has words of an answer, the asker a conversation, the drawer a preview."""
    await ask(three.reader, STORY)
    await until(three.reader, f"({ANSWER}).length > 80")
    await ask(three.asker, "Hello")
    await idle(three.asker)
    await draw(three.drawer, f"a red house {number}")
    await three.drawer.get_by_role("img", name=f"a red house {number}", exact=True).wait_for(timeout=60_000)


async def ask(page: Page, text: str) -> None:
    await page.goto("/")
    await page.locator("#text").fill(text)
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")


async def idle(page: Page) -> None:
    """Wait until nothing is being answered."""
    await until(page, f"!({BUSY})")


async def until(page: Page, over: str) -> None:
    """Wait until an expression of the page's script is true. Raises AssertionError."""
    seen = await watch(page, time.monotonic(), over)
    assert seen.plain is not None, f"in vain: {over}"


async def draw(page: Page, words: str) -> None:
    if "/imagine/" not in page.url:
        await page.goto("/imagine/")
    await page.get_by_label("What to draw").fill(words)


# What a page says in sentences, apart from its content.
SENTENCES = """[...document.querySelectorAll("#notice, .trouble, .waiting.slow [data-waiting]")]
  .filter((one) => one.checkVisibility()).map((one) => one.textContent.trim()).filter(Boolean).join(" | ")"""
ANSWER = "[...document.querySelectorAll('.message-answer .prose')].at(-1)?.textContent ?? ''"
TROUBLE = "[...document.querySelectorAll('.message .trouble')].some((one) => one.checkVisibility())"
BUSY = "Boolean(document.querySelector('[aria-busy=true]'))"


async def watch(page: Page, since: float, over: str, before: str = "") -> Seen:
    """What happens on a page until `over`, an expression of its script, is true. `before`: what it said already."""
    seen = Seen()
    while (passed := time.monotonic() - since) < PATIENCE_SECONDS:
        try:
            sentence, is_over = await page.evaluate(f"[{SENTENCES}, {over}]")
        except PlaywrightError as error:
            # A page that goes elsewhere, as one does without a socket, is looked at there.
            if "navigation" not in str(error):
                raise
            continue
        if sentence not in ("", before) and seen.sentence is None:
            seen.sentence = passed
            print(f"    {passed:5.1f} s  {sentence}", flush=True)
        if is_over:
            seen.plain = passed
            break
        await asyncio.sleep(LOOK_SECONDS)
    return seen


async def drilled(started: Started, three: Three, fault: Fault, number: int) -> Row:
    """Break it once, and see."""
    print(f"{fault.name}", flush=True)
    await begin(three, number)
    row = Row(fault.name)
    question, words = f"What is {number} plus {number}?", f"a blue house {number}"
    shown = await three.reader.evaluate(ANSWER)
    said = [await page.evaluate(SENTENCES) for page in (three.reader, three.asker, three.drawer)]
    with ExitStack() as stack:
        since = time.monotonic()
        breaking = asyncio.create_task(asyncio.to_thread(stack.enter_context, fault.broken(started)))
        await three.asker.locator("#text").fill(question)
        await three.asker.locator("#text").press("Enter")
        await draw(three.drawer, words)
        # What was on its way when it broke may still come.
        read_on = f"({ANSWER}).length > {len(shown) + 40} || !({BUSY})"
        answered = f"{TROUBLE} || (document.querySelectorAll('.message-answer').length > 1 && ({ANSWER}).length > 0)"
        drawn = f"document.getElementById('live-picture').getAttribute('aria-label') === {words!r}"
        everybody = asyncio.gather(
            watch(three.reader, since, read_on, said[0]),
            watch(three.asker, since, answered, said[1]),
            watch(three.drawer, since, drawn, said[2]),
        )
        await breaking
        await asyncio.sleep(fault.seconds)
    row.reads, row.asks, row.draws = await everybody
    await soon(lambda: is_ready(started), PATIENCE_SECONDS)
    await settle(three, row, shown, question)
    return row


async def settle(three: Three, row: Row, shown: str, question: str) -> None:
    """What is there in the end: of the answer that was read, and of the question that was asked."""
    for page in (three.reader, three.asker):
        await idle(page)
    # What was not taken is sent again by a button, as a person would.
    if await three.asker.locator(".message-user .trouble button").count():
        await three.asker.locator(".message-user .trouble button").first.click()
        await idle(three.asker)
    for page in (three.reader, three.asker):
        await page.reload()
        await idle(page)
    kept = await three.reader.evaluate(ANSWER)
    pairs = zip(squeezed(shown), squeezed(kept), strict=False)
    lost = len(squeezed(shown)) - sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    questions = await three.asker.locator(".message-user .prose").all_text_contents()
    asked = sum(text.strip() == question for text in questions)
    row.lost = f"{lost} characters" if lost else "0"
    if not asked:
        row.lost += ", the question"
    row.doubled = str(max(asked - 1, 0))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


# The whole


@asynccontextmanager
async def pages(browser: Browser, address: str) -> AsyncIterator[Three]:
    contexts = [await browser.new_context(base_url=address, reduced_motion="reduce") for _ in range(3)]
    three = Three(*[await context.new_page() for context in contexts])
    for page in (three.reader, three.asker, three.drawer):
        page.set_default_timeout(60_000)
    yield three
    for context in contexts:
        await context.close()


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaski-drill-") as name:
        yield Path(name)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, where this user may make one."""
    with folder() as data:
        mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(data)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if not mounted:
            print("A disk of its own needs root: a full disk is not tried.", flush=True)
        try:
            yield data
        finally:
            if mounted:
                subprocess.run(["umount", "-l", str(data)], check=False)


def drill(word: str) -> list[Row]:
    """All faults whose name holds `word`."""
    stages = (on_sqlite, on_postgres, with_a_clock, updated)
    return [row for stage in stages for row in stage(word)]


def chosen(word: str, *faults: Fault) -> list[Fault]:
    return [fault for fault in faults if word in fault.name]


def on_sqlite(word: str) -> list[Row]:
    if not (faults := chosen(word, *ON_SQLITE)):
        return []
    with small_disk() as data:
        faults = [fault for fault in faults if data.is_mount() or "disk" not in fault.name]
        with site(data) as started:
            return with_pages(started, address_of(started), faults)


def on_postgres(word: str) -> list[Row]:
    with ExitStack() as stack:
        server = stack.enter_context(running())
        if not (faults := chosen(word, Fault("PostgreSQL restarted", restarted(server)))):
            return []
        server.make_database()
        started = stack.enter_context(site(stack.enter_context(folder()), DATABASE_URL=server.url))
        return with_pages(started, address_of(started), faults)


def with_a_clock(word: str) -> list[Row]:
    if not (faults := chosen(word, *WITH_A_CLOCK)):
        return []
    with folder() as data:
        try:
            settings = wrong_clock(data)
        except ImportError:
            print("A wrong clock is not tried: it needs `.venv/bin/pip install libfaketime`, on Linux.", flush=True)
            return []
        with site(data, **settings) as started:
            return with_pages(started, address_of(started), faults)


def updated(word: str) -> list[Row]:
    with ExitStack() as stack:
        balancer = Balancer(free_port())
        update = Update(balancer)
        if not (faults := chosen(word, update.fault())):
            return []
        address, data = f"http://127.0.0.1:{balancer.port}", stack.enter_context(folder())
        update.folder = stack.enter_context(older_checkout())
        collect_older(update.folder, data)
        started = stack.enter_context(site(data, SITE_URL=address))
        update.start_older(started)
        stack.enter_context(balancer)
        balancer.turn_to(update.port)
        return with_pages(started, address, faults)


@contextmanager
def site(data: Path, **settings: str) -> Iterator[Started]:
    """All parts of the product, and what it said in the end."""
    started = Started(data, shipped=True, **SETTINGS, **settings)
    try:
        eventually(started.is_up, PATIENCE_SECONDS)
        eventually(lambda: is_ready(started), PATIENCE_SECONDS)
        yield started
    finally:
        started.process.send_signal(signal.SIGINT)
        started.process.wait(90)
        print(started.said())


def address_of(started: Started) -> str:
    return f"http://127.0.0.1:{started.port}"


def is_ready(started: Started) -> bool:
    try:
        return httpx.get(f"{address_of(started)}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def with_pages(started: Started, address: str, faults: list[Fault]) -> list[Row]:
    return asyncio.run(watched(started, address, faults))


async def watched(started: Started, address: str, faults: list[Fault]) -> list[Row]:
    """Break one after another, before three people."""
    async with async_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        rows = []
        for number, fault in enumerate(faults):
            async with pages(browser, address) as three:
                try:
                    rows.append(await drilled(started, three, fault, number))
                except (PlaywrightError, AssertionError) as error:
                    print(f"  {fault.name}: {error}", flush=True)
                    rows.append(Row(fault.name, lost="FAILED"))
                print(line(rows[-1]), flush=True)
        await browser.close()
        return rows


def table(rows: list[Row]) -> str:
    """Markdown: for each person `sentence → plain` in seconds, or `plain` alone where no sentence was needed."""
    head = "| what breaks | who reads | who asks | who draws | lost | doubled |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(map(line, rows))


def line(row: Row) -> str:
    return f"| {row.fault} | {row.reads} | {row.asks} | {row.draws} | {row.lost} | {row.doubled} |"


if __name__ == "__main__":
    print(table(drill(sys.argv[1] if len(sys.argv) > 1 else "")))
