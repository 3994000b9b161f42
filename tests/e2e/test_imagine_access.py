"""Everybody can use the pages of pictures: any screen, any colours, less motion, a screen reader, a finger."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from assistant.database import in_thread
from imagine import shares
from imagine.models import Picture
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import screen
from tests.e2e.imagining import (
    DRAW_MS,
    are_drawn,
    button,
    enter_as,
    imagine,
    words,
    write,
)
from tests.e2e.talk import composer
from tests.e2e.test_access import FOCUS_SEEN, SMALL
from tests.easel import drawn
from tests.people import Visitor

pytestmark = pytest.mark.usefixtures("painter")

WIDE = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
LONG = "a llama with a very long description, Donaudampfschifffahrtsgesellschaftskapitänskajüte " * 3
PANELS = ("Style", "Edit", "Shape", "Animate", "Download", "Share", "Delete")


@in_thread
def prepare(visitor: Visitor) -> tuple[Picture, str]:
    """Pictures of all kinds on the wall; gives one that has a parent, and the path of a link to it."""
    root = drawn(visitor.person.id, "a fox")
    child = drawn(visitor.person.id, LONG)
    child.parent, child.made = root, Picture.Made.RESTYLED
    child.save()
    for status in (Picture.Status.STOPPED, Picture.Status.FAILED):
        Picture.objects.create(person_id=visitor.person.id, made="drawn", prompt=LONG, status=status, problem="stopped")
    return child, f"/s/{shares.make(visitor.person.id, child.id, True).token}/"


async def every_page(page: Page, visitor: Visitor) -> AsyncIterator[str]:
    """Visits all pages of pictures; gives the name of each while it is open."""
    await page.goto("/imagine/gallery/")
    yield "an empty gallery"
    await enter_as(page, visitor)
    picture, link = await prepare(visitor)
    await imagine(page, "a llama", "a llama in a boat")
    await button(page, "Ideas").click()
    await expect(page.get_by_role("group", name="Ideas")).to_be_visible()
    yield "imagine"
    await words(page).fill("a naked child ")
    await expect(page.get_by_text("That is something I do not draw.")).to_be_visible()
    yield "a refusal"
    await page.goto("/imagine/gallery/")
    yield "gallery"
    for path, name in {f"/p/{picture.id}/": "picture", link: "shared", f"{link}report": "report"}.items():
        await page.goto(path)
        yield name
    await page.goto(f"/p/{picture.parent_id}/")
    for name in PANELS:
        await page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
        await expect(page.locator(f"[popover][aria-label='{name}']")).to_be_visible()
        yield f"panel: {name}"
        await page.keyboard.press("Escape")
    await page.goto("/")
    await composer(page).fill("imagine a red llama")
    await expect(page.get_by_role("region", name="Live picture").get_by_role("img")).to_be_visible(timeout=DRAW_MS)
    yield "preview"


SCREENS: dict[str, dict[str, Any]] = {"desk": {"viewport": {"width": 1280, "height": 800}}, "phone": screen("touch")}
NARROW: dict[str, tuple[int, ...]] = {"desk": (1280,), "phone": (390, 320)}


@pytest.mark.parametrize(("scheme", "kind"), [("light", "phone"), ("dark", "desk")])
async def test_no_page_has_a_fault_or_is_wider_than_its_screen_or_too_small_for_a_finger(
    open_page: OpenPage, alice: Visitor, scheme: str, kind: str
) -> None:
    page = await open_page(color_scheme=scheme, **SCREENS[kind])
    found: dict[str, list[str]] = {}
    async for name in every_page(page, alice):
        faults = [*await axe_faults(page), *await too_wide(page, *NARROW[kind])]
        if kind == "phone":
            faults += await page.evaluate(SMALL)
        if faults:
            found[name] = faults
    assert found == {}


async def axe_faults(page: Page) -> list[str]:
    faults = (await Axe().run(page)).response["violations"]
    return [f"{fault['help']}: {node['html'][:160]}" for fault in faults for node in fault["nodes"]]


async def too_wide(page: Page, *widths: int) -> list[str]:
    """By how much, in windows of these widths; the first is left as it was found."""
    size = page.viewport_size
    assert size
    found = []
    for width in widths:
        if page.viewport_size != {**size, "width": width}:
            await page.set_viewport_size({"width": width, "height": size["height"]})
        if (over := await page.evaluate(WIDE)) > 0:
            found.append(f"{over} pixels wider than {width}")
    if page.viewport_size != size:
        await page.set_viewport_size(size)
    return found


# Less motion


# Counts the fades from one live picture to the next.
COUNT_FADES = """
window.fades = 0;
const { animate } = Element.prototype;
HTMLCanvasElement.prototype.animate = function (...how) {
  window.fades += 1;
  return animate.apply(this, how);
};
"""


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
async def test_pictures_fade_and_loops_play_only_for_those_who_do_not_mind(
    open_page: OpenPage, motion: str, moves: bool
) -> None:
    page = await open_page(reduced_motion=motion)
    await page.add_init_script(COUNT_FADES)
    await imagine(page, "a llama", "a llama in a boat")
    await button(page, "Save as a loop").click()
    await are_drawn(page, 1)
    assert bool(await page.evaluate("window.fades")) is moves
    await page.get_by_role("link", name="a llama in a boat").first.click()
    await page.wait_for_url("**/p/**")
    play = page.get_by_role("button", name="Play")
    await expect(play).to_have_attribute("aria-pressed", "true" if moves else "false")
    assert await page.locator("video").evaluate("video => video.paused") is not moves
    await play.click()
    await expect(play).to_have_attribute("aria-pressed", "false" if moves else "true")


# Keyboard, screen readers


async def test_the_keyboard_is_seen_wherever_it_is(open_page: OpenPage, alice: Visitor) -> None:
    page = await open_page()
    await enter_as(page, alice)
    picture, _ = await prepare(alice)
    await imagine(page, "a llama")
    for path in ("", f"/p/{picture.id}/"):
        if path:
            await page.goto(path)
        await page.get_by_role("link", name="Skip to the content").focus()
        for _ in range(40):
            await page.keyboard.press("Tab")
            seen = await page.evaluate(FOCUS_SEEN) or await page.evaluate(LABEL_SEEN)
            assert seen, await page.evaluate("document.activeElement.outerHTML")


LABEL_SEEN = """(() => {
  const label = document.activeElement.closest("label"), style = label && getComputedStyle(label);
  return document.activeElement === document.body || style?.outlineStyle === "solid";
})()"""


async def test_a_screen_reader_hears_that_pictures_are_drawn_and_ready(page: Page) -> None:
    await imagine(page, "a llama")
    await button(page, "Keep").click()
    await expect(page.locator("#status")).to_have_text("Picture ready", timeout=DRAW_MS)
    # The live picture has the name of its words, and is not read out with each letter.
    await expect(page.locator(":is([aria-live], [role=status], [role=log], [role=alert]) canvas")).to_have_count(0)
    await write(page, "a llama in a boat")
    await expect(page.locator("#status")).to_have_text("Picture ready")
    # Once the keys rest, it is said what is seen.
    await expect(page.locator("#status")).to_have_text("A picture of: a llama in a boat")
