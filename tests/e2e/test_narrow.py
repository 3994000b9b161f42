"""At 320 pixels the words of the top bar stand beside each other, not on each other."""

from typing import Any

import pytest
from playwright.async_api import Page

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import converse
from tests.e2e.test_account_pages import new_name
from tests.e2e.test_temporary import begin_temporary

# Pairs of what is seen in the top bar that overlap, and what is cut off at an edge of the page or of its own box.
CROWDED = """(() => {
  const parts = [...document.querySelectorAll(".topbar > :not(.topbar-title), .topbar-title a, .topbar-title h1")]
    .filter(one => one.checkVisibility());
  const boxes = parts.map(one => [one.textContent.trim() || one.ariaLabel, one.getBoundingClientRect()]);
  const found = boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth).map(([name]) => name);
  boxes.forEach(([name, box], index) => boxes.slice(index + 1).forEach(([other, next]) => {
    if (box.left < next.right - 0.5 && next.left < box.right - 0.5) found.push(`${name} / ${other}`);
  }));
  return found;
})()"""


@pytest.mark.parametrize("width", [320, 360, 390, 416, 768])
async def test_the_words_of_the_top_bar_do_not_overlap(open_page: OpenPage, width: int) -> None:
    page = await open_page(viewport={"width": width, "height": 568}, has_touch=True, is_mobile=True)
    assert await crowded(page) == {}


async def test_nor_for_somebody_with_an_account(open_page: OpenPage) -> None:
    page = await open_page(viewport={"width": 320, "height": 568})
    await page.goto("/account/signup/")
    await page.get_by_role("main").get_by_label("Name", exact=True).fill(new_name())
    await page.get_by_label("Password").fill("a llama on the hill 42")
    await page.get_by_role("button", name="Create account").click()
    assert await crowded(page) == {}


async def crowded(page: Page) -> dict[str, Any]:
    """The pages on which words of the top bar overlap or are cut off."""
    found: dict[str, Any] = {}
    await converse(page, "A question with a title that is longer than any top bar of a small phone has room for")
    found["conversation"] = await page.evaluate(CROWDED)
    for path in ("/", "/imagine/", "/imagine/gallery/", "/about/", "/you/", "/c/", "/account/login/"):
        await page.goto(path)
        found[path] = await page.evaluate(CROWDED)
    await begin_temporary(page)
    found["temporary"] = await page.evaluate(CROWDED)
    return {name: names for name, names in found.items() if names}
