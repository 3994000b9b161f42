"""Going back through the pictures that appeared while typing, and keeping one."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import (
    DRAW_MS,
    are_drawn,
    button,
    cards,
    history,
    imagine,
    looks,
    looks_like,
    pictures_of,
    words,
    write,
)

pytestmark = pytest.mark.usefixtures("painter")

FIRST, SECOND, LAST = "a llama", "a llama in a boat", "a llama in a boat at sea"


async def look_at(hand: Hand, number: int) -> None:
    """Go to a picture of the history, which has three."""
    slider = history(hand.page)
    if hand.way == "keyboard":
        await hand.reach(slider)
        await hand.page.keyboard.press("Home")
        for _ in range(number):
            await hand.page.keyboard.press("ArrowRight")
        return
    box = await slider.bounding_box()
    assert box
    place = {"x": 2 + (box["width"] - 4) * number / 2, "y": box["height"] / 2}
    await (slider.tap(position=place) if hand.way == "touch" else slider.click(position=place))  # type: ignore[arg-type]


async def is_looked_at(page: Page, prompt: str) -> None:
    heard = re.compile(rf"^Preview \d+ of \d+: {re.escape(prompt)}$")
    await expect(history(page)).to_have_attribute("aria-valuetext", heard)


async def test_arrows_home_and_end_go_through_the_history(page: Page) -> None:
    await imagine(page, FIRST)
    first = await looks(page)
    await write(page, SECOND)
    await write(page, LAST)
    await expect(history(page)).to_have_attribute("max", "2")
    await history(page).focus()
    for key, prompt in [("ArrowLeft", SECOND), ("Home", FIRST), ("ArrowRight", SECOND), ("End", LAST), ("Home", FIRST)]:
        await page.keyboard.press(key)
        await is_looked_at(page, prompt)
    await looks_like(page, first)


async def test_who_looks_back_goes_on_from_the_end_by_typing(page: Page) -> None:
    await imagine(page, FIRST, SECOND)
    await history(page).focus()
    await page.keyboard.press("Home")
    await is_looked_at(page, FIRST)
    await write(page, LAST)
    await is_looked_at(page, LAST)


@pytest.mark.parametrize("way", WAYS)
async def test_the_picture_one_looks_at_is_kept_finished_and_grown(open_page: OpenPage, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await imagine(page, FIRST, SECOND, LAST)
    await look_at(hand, 0)
    await is_looked_at(page, FIRST)
    await hand.press(button(page, "Keep"))
    await are_drawn(page, 1)
    await look_at(hand, 1)
    await is_looked_at(page, SECOND)
    await hand.press(button(page, "Finish"))
    await are_drawn(page, 2)
    await hand.press(button(page, "Save as a loop"))
    await are_drawn(page, 3)
    kept, middle, finished, loop = await pictures_of(page)
    assert [(one.made, one.prompt) for one in (kept, middle, finished, loop)] == [
        ("kept", FIRST),
        ("kept", SECOND),
        ("finished", SECOND),
        ("grown", LAST),
    ]
    assert finished.parent_id == middle.id
    await expect(newest(page)).to_have_accessible_name(LAST)


def newest(page: Page) -> Locator:
    return cards(page).first.get_by_role("link").first


async def test_a_loop_is_seen_on_its_page(page: Page) -> None:
    await page.emulate_media(reduced_motion="no-preference")
    await imagine(page, FIRST, SECOND)
    await button(page, "Save as a loop").click()
    await are_drawn(page, 1)
    await newest(page).click()
    await page.wait_for_url("**/p/**")
    video = page.locator("video")
    await expect(video).to_be_visible()
    await expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "true", timeout=DRAW_MS)
    await page.get_by_role("button", name="Play").click()
    await expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    assert await video.evaluate("video => video.paused && video.duration > 0")


# Small pictures of the history are made only when the test says so; the large one is shown as always.
HOLD_SMALL_ONES = """
  const make = window.createImageBitmap.bind(window);
  window.released = new Promise((release) => (window.release = release));
  window.createImageBitmap = async (blob, options) => {
    if (options) await window.released;
    return make(blob, options);
  };
"""


async def test_a_small_picture_that_is_made_after_the_words_are_gone_stays_out_of_the_next_history(page: Page) -> None:
    await page.add_init_script(HOLD_SMALL_ONES)
    await imagine(page, FIRST)
    await words(page).fill("")
    await page.evaluate("window.release()")
    await write(page, SECOND)
    await is_looked_at(page, SECOND)
    await expect(history(page)).to_have_attribute("max", "0")
