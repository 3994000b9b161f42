"""A picture changes while somebody types, in a real browser, drawn by a real process."""

import itertools
import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import (
    ALIKE,
    DRAW_MS,
    button,
    changed,
    difference,
    history,
    imagine,
    looks,
    preview_of,
    seed,
    shows,
    until,
    words,
    write,
)
from tests.e2e.talk import composer
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor

pytestmark = pytest.mark.usefixtures("painter")

# Typing


async def test_the_first_picture_appears_while_one_is_still_typing(page: Page) -> None:
    await page.goto("/imagine/")
    await expect(words(page)).to_be_focused()
    picture = page.locator("#live-picture")
    await expect(picture).to_be_hidden()
    typed = ""
    for letter in itertools.islice(itertools.cycle("a red llama on a green hill, "), 400):
        # As fast as people type at most, however slow the machine draws.
        await page.keyboard.press("Space" if letter == " " else letter, delay=30)
        typed += letter
        if await picture.is_visible():
            break
    assert len(typed) < 400
    prompt = await picture.get_attribute("aria-label") or "none"
    assert typed.startswith(prompt)
    await expect(words(page)).to_be_focused()


async def test_the_picture_follows_the_words_and_ends_with_the_last(page: Page, alice: Visitor) -> None:
    await page.goto("/imagine/")
    seen = []
    for piece in ("a red llama", " in a boat", " at sea, at dawn"):
        await words(page).press_sequentially(piece)
        prompt = await words(page).input_value()
        await expect(preview_of(page, prompt)).to_be_visible(timeout=DRAW_MS)
        await shows(page, prompt, alice)
        seen.append(await looks(page))
    for one, other in itertools.combinations(seen, 2):
        assert difference(one, other) > ALIKE


async def test_typing_fast_ends_with_the_last_words_too(page: Page, alice: Visitor) -> None:
    await page.goto("/imagine/")
    prompt = "a llama on a hill, at dawn, in the snow, with a hat"
    await words(page).press_sequentially(prompt)
    await expect(preview_of(page, prompt)).to_be_visible(timeout=DRAW_MS)
    await shows(page, prompt, alice)


async def test_a_picture_from_other_words_begins_a_new_history(page: Page) -> None:
    await imagine(page, "a red llama", "a blue llama")
    await expect(history(page)).to_have_attribute("max", "1")
    first = await seed(page)
    await words(page).fill("")
    assert await seed(page) != first
    await write(page, "a boat")
    await expect(history(page)).to_have_attribute("max", "0")


async def is_wide(page: Page) -> bool:
    picture = await looks(page)
    return picture.width > picture.height


@pytest.mark.parametrize("way", WAYS)
async def test_style_shape_and_seed_change_the_picture(open_page: OpenPage, alice: Visitor, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await imagine(page, "a llama")
    before = await looks(page)
    await hand.choose(page.get_by_role("radio", name="Watercolor"))
    await changed(page, before)
    before = await looks(page)
    first = await seed(page)
    await hand.press(button(page, "Another picture of the same words"))
    await changed(page, before)
    assert await seed(page) != first
    await hand.choose(page.get_by_role("radio", name="Wide"))
    await until(lambda: is_wide(page))
    # A kept layout outlives the words.
    kept = await seed(page)
    await hand.press(button(page, "Keep this layout for the next pictures"))
    await words(page).fill("")
    assert await seed(page) == kept


async def test_what_is_too_long_to_be_drawn_is_told_until_it_is_shorter(page: Page) -> None:
    long = "snow, a lake, and a hat, " * 10
    long += "a llama on a hill, at dawn, in the snow, with a hat and a scarf, beside a lake and a very small blue boat"
    await imagine(page, long)
    told = page.get_by_text(re.compile("^Not drawn, as it is too long: "))
    await expect(told).to_have_text(re.compile("blue boat$"))
    await write(page, "a llama")
    await expect(told).to_have_count(0)
    await page.goto("/")
    await composer(page).fill(f"imagine {long}")
    await expect(told).to_have_text(re.compile("blue boat$"), timeout=DRAW_MS)


async def test_a_prompt_in_another_language_shows_what_was_drawn(
    page: Page, alice: Visitor, fake_llama: FakeLlama
) -> None:
    fake_llama.on("ein roter Fuchs", says("a red fox"))
    await imagine(page, "ein roter Fuchs")
    await expect(page.get_by_text("Drawn: a red fox.", exact=True)).to_be_visible()
    await shows(page, "a red fox", alice)
    await expect(history(page)).to_have_attribute("max", "0")
    await expect(words(page)).to_have_value("ein roter Fuchs")
    await write(page, "a llama")
    await expect(page.get_by_text("Drawn: a red fox.", exact=True)).to_have_count(0)


async def test_what_is_left_out_changes_the_picture(page: Page) -> None:
    await imagine(page, "a llama")
    before = await looks(page)
    await page.get_by_label("Leave out").fill("a hat")
    await changed(page, before)
    await expect(words(page)).to_have_value("a llama")


async def test_a_prompt_that_is_not_drawn_shows_a_calm_line_and_keeps_the_picture(page: Page, alice: Visitor) -> None:
    await imagine(page, "a llama")
    await words(page).fill("a naked child ")
    await expect(page.get_by_text("That is something I do not draw.")).to_be_visible()
    await expect(preview_of(page, "a llama")).to_be_visible()
    await shows(page, "a llama", alice)
    await write(page, "a llama with a hat")
    await expect(page.get_by_text("That is something I do not draw.")).to_have_count(0)
