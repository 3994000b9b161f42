"""A wish for a picture in the chat's own field: seen while one types it, drawn when it is sent."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import DRAW_MS, PIXELS, preview_of, until, words
from tests.e2e.talk import composer, is_answered, questions
from tests.fake_llama import FakeLlama

pytestmark = pytest.mark.usefixtures("painter")


def preview(page: Page) -> Locator:
    return page.get_by_role("region", name="Live picture")


def picture(page: Page) -> Locator:
    return preview(page).get_by_role("img")


async def another_than(page: Page, before: list[object]) -> None:
    async def is_another() -> bool:
        return bool(await picture(page).evaluate(PIXELS) != before)

    await until(is_another)


@pytest.mark.parametrize("start", ["imagine ", "/imagine "])
async def test_a_wish_shows_a_picture_that_follows_the_words(page: Page, start: str) -> None:
    await page.goto("/")
    await composer(page).press_sequentially(start)
    await expect(preview(page)).to_have_count(0)
    await composer(page).press_sequentially("a llama")
    await expect(picture(page)).to_be_visible(timeout=DRAW_MS)
    before = await picture(page).evaluate(PIXELS)
    await composer(page).press_sequentially(" in a boat at sea")
    await another_than(page, before)
    await expect(composer(page)).to_be_focused()
    await composer(page).fill("never mind")
    await expect(preview(page)).to_be_hidden()


TALK = ["imagined llamas, imagine", "Imagine that you are a llama", "imagine  if so", "imagine a llama, or better not?"]


@pytest.mark.parametrize("text", TALK)
async def test_what_is_answered_in_words_shows_no_picture(page: Page, text: str) -> None:
    await page.goto("/")
    await composer(page).fill(f"{text} ")
    # What draws is loaded when it is first wanted.
    await expect(preview(page)).to_have_count(0)
    await composer(page).fill(f"/imagine {text}")
    await expect(preview(page)).to_be_visible()
    await composer(page).fill(text)
    await expect(preview(page)).to_be_hidden()


@pytest.mark.parametrize("way", WAYS)
async def test_a_wish_that_is_sent_is_drawn_and_leads_to_its_page(
    open_page: OpenPage, fake_llama: FakeLlama, way: Way
) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await page.goto("/")
    await composer(page).press_sequentially("imagine a red llama")
    await expect(picture(page)).to_be_visible(timeout=DRAW_MS)
    await hand.press(page.get_by_role("button", name="Send"))
    await page.wait_for_url("**/c/**")
    await expect(questions(page)).to_have_text("imagine a red llama")
    await is_answered(page)
    await expect(page.get_by_role("img", name="a red llama")).to_be_visible(timeout=DRAW_MS)
    await expect(preview(page)).to_have_count(0)
    await hand.press(page.get_by_role("link", name="Change, animate or share"))
    await page.wait_for_url("**/p/**")
    await expect(page.get_by_role("button", name="Variants")).to_be_visible()
    assert fake_llama.requests == []


async def test_in_a_conversation_too_a_wish_is_seen_and_the_preview_goes_when_it_is_sent(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("imagine a red llama")
    await composer(page).press("Enter")
    await expect(page.get_by_role("img", name="a red llama")).to_be_visible(timeout=DRAW_MS)
    await is_answered(page)
    await composer(page).press_sequentially("imagine a blue llama")
    await expect(picture(page)).to_be_visible(timeout=DRAW_MS)
    await composer(page).press("Enter")
    await expect(preview(page)).to_be_hidden()
    await expect(page.get_by_role("img", name="a blue llama")).to_be_visible(timeout=DRAW_MS)


async def test_the_preview_opens_where_pictures_are_drawn_with_its_words(page: Page) -> None:
    await page.goto("/")
    await composer(page).press_sequentially("imagine a red llama")
    await expect(picture(page)).to_be_visible(timeout=DRAW_MS)
    await preview(page).get_by_role("link", name="Open in Imagine").click()
    await page.wait_for_url("**/imagine/?prompt=*")
    await expect(words(page)).to_have_value("a red llama")
    await expect(preview_of(page, "a red llama")).to_be_visible(timeout=DRAW_MS)
