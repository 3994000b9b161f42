"""All pictures of a person, in several pages; and several tabs."""

import re

import pytest
from playwright.async_api import Page, expect

from assistant.database import in_thread
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import (
    DRAW_MS,
    are_drawn,
    button,
    cards,
    enter_as,
    imagine,
    paused,
    preview_of,
    words,
    write,
)
from tests.easel import drawn, still
from tests.people import Visitor
from tests.servers import Painter
from web.pictures.pages import PAGE_LENGTH

pytestmark = pytest.mark.usefixtures("painter")


@in_thread
def hang(visitor: Visitor, count: int) -> None:
    """So many pictures, numbered from the oldest."""
    for number in range(1, count + 1):
        drawn(visitor.person.id, f"fox {number}")


@pytest.mark.parametrize("way", WAYS)
async def test_more_pictures_than_fit_a_page_come_when_one_asks(open_page: OpenPage, alice: Visitor, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await enter_as(page, alice)
    await hang(alice, PAGE_LENGTH + 2)
    await page.goto("/imagine/")
    await hand.press(page.get_by_role("main").get_by_role("link", name="All pictures"))
    await page.wait_for_url("**/imagine/gallery/")
    pictures = page.get_by_role("main").get_by_role("article")
    await expect(pictures).to_have_count(PAGE_LENGTH)
    await expect(pictures.first.get_by_role("link").first).to_have_accessible_name(f"fox {PAGE_LENGTH + 2}")
    await hand.press(page.get_by_role("link", name="Show more"))
    await expect(pictures).to_have_count(PAGE_LENGTH + 2)
    await expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    # Who reads on with the keyboard goes on where the new ones begin.
    await expect(pictures.nth(PAGE_LENGTH).get_by_role("link", name="fox 2", exact=True)).to_be_focused()
    await hand.press(pictures.last.get_by_role("link", name="fox 1", exact=True))
    await page.wait_for_url("**/p/**")
    await expect(page.get_by_role("img", name="fox 1", exact=True)).to_be_visible()


async def test_an_empty_gallery_invites_to_draw(page: Page) -> None:
    await page.goto("/imagine/gallery/")
    await page.get_by_role("link", name="Draw something").click()
    await page.wait_for_url("**/imagine/")


async def test_a_picture_is_varied_and_taken_along_from_its_card(page: Page, alice: Visitor) -> None:
    await enter_as(page, alice)
    await hang(alice, 1)
    await page.goto("/imagine/")
    await cards(page).hover()
    async with page.expect_download() as download:
        await cards(page).get_by_role("link", name="Download").click()
    assert re.search(r"\.jpe?g$", (await download.value).suggested_filename)
    await button(page, "Four more like this").click()
    await are_drawn(page, 5)


async def test_the_gallery_hears_of_a_picture_in_the_making(page: Page, painter: Painter) -> None:
    await page.goto("/imagine/")
    with paused(painter):
        await words(page).fill("a red llama")
        await words(page).press("Enter")
        await expect(cards(page)).to_have_count(4)
        await page.goto("/imagine/gallery/")
        await expect(page.get_by_text("Waiting")).to_have_count(4)
    await expect(page.get_by_role("main").get_by_role("img", name="a red llama")).to_have_count(4, timeout=DRAW_MS)


# Several tabs


async def test_two_tabs_of_one_person_draw_each_its_own(page: Page) -> None:
    await imagine(page, "a red llama")
    other = await page.context.new_page()
    await imagine(other, "a boat at sea")
    await write(page, "a red llama in the rain")
    await write(other, "a boat at sea by night")
    await expect(preview_of(page, "a red llama in the rain")).to_be_visible()
    await button(other, "Keep").click()
    await are_drawn(other, 1)
    await expect(other.get_by_role("link", name="a boat at sea by night")).to_be_visible()
    # The first tab still has its own history to go on with.
    await write(page, "a red llama in the rain at night")
    await button(page, "Keep").click()
    await are_drawn(page, 1)
    await expect(page.get_by_role("link", name="a red llama in the rain at night")).to_be_visible()


# Without any script


async def test_without_script_one_draws_restyles_shares_and_deletes(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/imagine/")
    await words(page).fill("a red llama")
    await button(page, "Draw").click()
    await page.wait_for_url("**/p/**")
    # The page looks again by itself.
    await expect(page.get_by_role("img", name="a red llama")).to_be_visible(timeout=DRAW_MS)
    await button(page, "Style").click()
    await page.get_by_role("button", name="Ink").click()
    await expect(page.get_by_role("navigation", name="Where it came from")).to_be_visible()
    await expect(button(page, "Share")).to_be_visible(timeout=DRAW_MS)
    await button(page, "Share").click()
    await page.get_by_role("button", name="Make a link").click()
    await button(page, "Share").click()
    link = await page.get_by_label("Whoever has this link").input_value()
    stranger = await open_page(java_script_enabled=False)
    await stranger.goto(link)
    await expect(stranger.get_by_role("img", name="a red llama")).to_be_visible()
    await button(page, "Delete").click()
    await page.locator("[popover][aria-label=Delete]").get_by_role("button", name="Delete").click()
    await page.wait_for_url("**/imagine/gallery/")
    await expect(page.get_by_role("main").get_by_role("article")).to_have_count(1)
    response = await stranger.reload()
    assert response
    assert response.status == 404


async def test_without_script_one_begins_with_a_picture_of_ones_own(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/imagine/")
    file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": still()["picture.jpg"]}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Upload").click()
    await page.wait_for_url("**/p/**")
    await expect(page.get_by_role("img", name="A picture of yours")).to_be_visible(timeout=DRAW_MS)
