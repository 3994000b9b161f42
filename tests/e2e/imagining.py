"""What people do and see where pictures are drawn, in the tests' words."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from urllib.parse import urlsplit

from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Locator, Page, expect

from assistant.database import in_thread
from imagine import keys, status
from imagine.models import Picture
from tests.imagine.drawing import Pad, begin, picture_of
from tests.people import Visitor
from tests.servers import Painter, Valkey
from web.models import Session

DRAW_MS = 30_000
# Two that differ less, as the mean of all colours, are the same but for how they were packed.
ALIKE = 0.5
PIXELS = """canvas => [canvas.width, canvas.height,
  Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)]"""


# The page one types on


def words(page: Page) -> Locator:
    """The field one writes in."""
    return page.get_by_label("What to draw")


def preview_of(page: Page, prompt: str) -> Locator:
    """The live picture of these words; to those who do not see, it has their name."""
    return page.get_by_role("img", name=prompt, exact=True)


def history(page: Page) -> Locator:
    return page.get_by_role("slider", name="Pictures on the way")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def wall(page: Page) -> Locator:
    """Where new pictures come."""
    return page.get_by_role("region", name="Your pictures")


def cards(page: Page) -> Locator:
    return wall(page).get_by_role("article")


async def imagine(page: Page, *prompts: str) -> None:
    """Open the page and write these, each once the one before is seen."""
    await page.goto("/imagine/")
    for prompt in prompts:
        await write(page, prompt)


async def write(page: Page, prompt: str) -> None:
    await words(page).fill(prompt)
    await expect(preview_of(page, prompt)).to_be_visible(timeout=DRAW_MS)


async def looks(page: Page) -> Image.Image:
    """What the large picture shows now."""
    width, height, data = await page.locator("#live-picture").evaluate(PIXELS)
    return Image.frombytes("RGBA", (width, height), bytes(data)).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """How much two pictures differ, as the mean of all colours, 0 to 255."""
    mean: list[float] = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return sum(mean) / len(mean)


async def changed(page: Page, before: Image.Image) -> None:
    """Wait until the large picture is another."""

    async def is_another() -> bool:
        return difference(await looks(page), before) > ALIKE

    await until(is_another)


async def shows(page: Page, prompt: str, visitor: Visitor) -> None:
    """Wait until the page shows what `visitor` would see for these words and the page's seed."""
    await looks_like(page, await asyncio.to_thread(preview_for, visitor, prompt, await seed(page)))


async def looks_like(page: Page, expected: Image.Image) -> None:
    """Wait until the large picture is this one."""

    async def is_it() -> bool:
        return difference(await looks(page), expected) <= ALIKE

    await until(is_it)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what no other expectation can say."""
    async with asyncio.timeout(DRAW_MS / 1_000):
        while True:
            if await true():
                return
            await asyncio.sleep(0.05)


def preview_for(visitor: Visitor, prompt: str, number: int) -> Image.Image:
    """The live picture of these words and this seed, over the socket."""
    begin(visitor)
    with visitor.socket("/ws/imagine/") as socket:
        pad = Pad(socket, number)
        pad.type(prompt)
        return picture_of(pad.frame())


async def seed(page: Page) -> int:
    return int(await page.locator("[name=seed]").input_value())


async def are_drawn(page: Page, count: int) -> None:
    """Wait until so many pictures hang on the wall, all done."""
    await expect(cards(page)).to_have_count(count, timeout=DRAW_MS)
    await expect(wall(page).locator("[data-status=done]")).to_have_count(count, timeout=DRAW_MS)


# Who draws


async def enter_as(page: Page, visitor: Visitor) -> None:
    """Let the browser be that of a visitor, who is somebody from now on."""
    begin(visitor)
    host = urlsplit(visitor.site.url).hostname or ""
    jar = [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in visitor.http.cookies.items()]
    await page.context.add_cookies(jar)  # type: ignore[arg-type]


async def pictures_of(page: Page) -> list[Picture]:
    """All pictures of who looks at the page, oldest first."""
    key = next(cookie["value"] for cookie in await page.context.cookies() if cookie["name"] == "sessionid")
    return await _pictures(key)


@in_thread
def _pictures(session_key: str) -> list[Picture]:
    person = Session.objects.get(session_key=session_key).person_id
    return list(Picture.objects.filter(person=person).order_by("created_at", "seed"))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@contextmanager
def paused(painter: Painter) -> Iterator[None]:
    """The painter stands still, and nobody knows yet."""
    os.killpg(painter.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(painter.pid, signal.SIGCONT)


@contextmanager
def away(painter: Painter, valkey: Valkey) -> Iterator[None]:
    """The painter has not been heard of for a while."""
    with paused(painter):
        valkey.forget(*(keys.painter(role) for role in status.ROLES))
        yield
