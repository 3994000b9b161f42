"""What can be done with a picture on its page: by mouse, with a finger, with the keyboard alone."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from assistant.database import in_thread
from imagine.models import Picture
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, screen
from tests.e2e.imagining import DRAW_MS, button, enter_as, opened, pictures_of, seed, words
from tests.easel import drawn
from tests.people import Visitor

pytestmark = pytest.mark.usefixtures("painter")


@pytest.fixture(params=WAYS)
async def hand(open_page: OpenPage, alice: Visitor, request: pytest.FixtureRequest) -> Hand:
    """Somebody before a picture of theirs."""
    page = await open_page(**screen(request.param))
    await at_picture(page, alice)
    return Hand(page, request.param)


async def at_picture(page: Page, visitor: Visitor, prompt: str = "a fox") -> Picture:
    await enter_as(page, visitor)
    picture = await in_thread(lambda: drawn(visitor.person.id, prompt))()
    await page.goto(f"/p/{picture.id}/")
    return picture


def made_from_it(page: Page) -> Locator:
    return page.get_by_role("region", name="Made from it")


async def new_ones(page: Page, count: int) -> list[Picture]:
    """What came of the picture, once all of it is drawn; without the picture itself."""
    await expect(made_from_it(page).locator("[data-status=done]")).to_have_count(count, timeout=DRAW_MS)
    return (await pictures_of(page))[1:]


async def open_panel(hand: Hand, name: str) -> Locator:
    """What a button above the panel opens."""
    await hand.press(hand.page.get_by_role("main").get_by_role("button", name=name, exact=True).first)
    panel = hand.page.locator(f"[popover][aria-label='{name}']")
    await expect(panel).to_be_visible()
    return panel


# More of it


async def test_variants_are_four_new_layouts(hand: Hand) -> None:
    await hand.press(button(hand.page, "Variants"))
    four = await new_ones(hand.page, 4)
    assert {picture.made for picture in four} == {"variant"}
    root, *_ = await pictures_of(hand.page)
    assert len({picture.seed for picture in (root, *four)}) == 5


async def test_another_style(hand: Hand) -> None:
    panel = await open_panel(hand, "Style")
    await hand.press(panel.get_by_role("button", name="Watercolor"))
    [picture] = await new_ones(hand.page, 1)
    assert (picture.made, picture.style, picture.prompt) == ("restyled", "watercolor", "a fox")
    assert picture.seed == (await pictures_of(hand.page))[0].seed
    await expect(panel).to_be_hidden()


async def test_an_edit_by_words(hand: Hand) -> None:
    panel = await open_panel(hand, "Edit")
    await expect(panel.get_by_label("What should be different?")).to_be_focused()
    await hand.page.keyboard.type("at night")
    await hand.press(panel.get_by_role("button", name="Change"))
    [picture] = await new_ones(hand.page, 1)
    assert (picture.made, picture.words, picture.prompt) == ("edited", "at night", "a fox, at night")


async def test_another_shape(hand: Hand) -> None:
    panel = await open_panel(hand, "Shape")
    await hand.press(panel.get_by_role("button", name="Wide"))
    [picture] = await new_ones(hand.page, 1)
    assert picture.shape == "wide"
    assert picture.width > picture.height


async def test_a_loop_moves_as_one_says_and_comes_in_the_forms_of_loops(hand: Hand) -> None:
    panel = await open_panel(hand, "Animate")
    await hand.choose(panel.get_by_role("radio", name="Pulse"))
    await hand.choose(panel.get_by_role("radio", name="1 second"))
    await hand.press(panel.get_by_role("button", name="Make a loop"))
    [loop] = await new_ones(hand.page, 1)
    assert (loop.made, loop.motion, loop.seconds) == ("animated", "pulse", 1)
    await hand.press(made_from_it(hand.page).get_by_role("link", name="a fox").first)
    await hand.page.wait_for_url(f"**/p/{loop.id}/")
    for name, start in {"MP4": b"ftyp", "GIF": b"GIF89a", "WebP": b"WEBPVP8X", "Sticker": b"WEBPVP8X"}.items():
        assert start in (await downloaded(hand, name))[:24], name


async def test_typing_goes_on_from_it_with_its_words_and_seed(hand: Hand) -> None:
    [picture] = await pictures_of(hand.page)
    await hand.press(hand.page.get_by_role("link", name="Go on"))
    await hand.page.wait_for_url("**/imagine/?from=*")
    await expect(words(hand.page)).to_have_value("a fox")
    assert await seed(hand.page) == picture.seed


# Taking it along


async def downloaded(hand: Hand, name: str) -> bytes:
    panel = await open_panel(hand, "Download")
    async with hand.page.expect_download() as download:
        await hand.press(panel.get_by_role("link", name=name))
    data = await asyncio.to_thread(Path(await (await download.value).path()).read_bytes)
    await hand.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    return data


async def test_every_form_of_a_picture_can_be_taken_along(hand: Hand) -> None:
    for name, form in {"PNG": "PNG", "JPEG": "JPEG", "Sticker": "WEBP"}.items():
        assert opened(await downloaded(hand, name)).format == form


async def test_a_link_shows_the_picture_to_strangers_until_it_is_taken_back(hand: Hand, browser: Browser) -> None:
    panel = await open_panel(hand, "Share")
    await hand.press(panel.get_by_role("button", name="Make a link"))
    address = await panel.get_by_label("Whoever has this link").input_value()
    async with await browser.new_context() as strangers:
        stranger = await strangers.new_page()
        await stranger.goto(address)
        await expect(stranger.get_by_role("img", name="a fox")).to_be_visible()
        await expect(stranger.get_by_role("link", name="Make your own")).to_be_visible()
        assert await strangers.cookies() == []
        await hand.press(panel.get_by_role("button", name="Take the link back"))
        await expect(panel.get_by_role("button", name="Make a link")).to_be_visible()
        response = await stranger.reload()
        assert response
        assert response.status == 404


async def test_a_link_without_the_words(hand: Hand, alice: Visitor) -> None:
    panel = await open_panel(hand, "Share")
    switch = panel.get_by_role("checkbox", name="People see the words")
    if hand.way == "keyboard":
        await hand.reach(switch)
        await hand.page.keyboard.press("Space")
    else:
        await hand.press(hand.label(switch))
    await expect(switch).not_to_be_checked()
    await hand.press(panel.get_by_role("button", name="Make a link"))
    await expect(panel.get_by_text("The words stay with you.")).to_be_visible()
    address = await panel.get_by_label("Whoever has this link").input_value()
    assert "a fox" not in alice.get(address).text


async def test_the_link_is_copied(open_page: OpenPage, alice: Visitor) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await at_picture(page, alice)
    panel = await open_panel(Hand(page, "mouse"), "Share")
    await panel.get_by_role("button", name="Make a link").click()
    await panel.get_by_role("button", name="Copy").click()
    await expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == await panel.get_by_role("textbox").input_value()


# And away with it


async def test_deleting_asks_first(hand: Hand) -> None:
    page, address = hand.page, hand.page.url
    panel = await open_panel(hand, "Delete")
    await hand.press(panel.get_by_role("button", name="Keep it"))
    await expect(panel).to_be_hidden()
    panel = await open_panel(hand, "Delete")
    await hand.press(panel.get_by_role("button", name="Delete", exact=True))
    await page.wait_for_url("**/imagine/gallery/")
    assert await pictures_of(page) == []
    response = await page.goto(address)
    assert response
    assert response.status == 404


# Where it came from


@in_thread
def descendant(picture: Picture) -> Picture:
    """A picture that came out of one that came out of this."""
    for made in (Picture.Made.RESTYLED, Picture.Made.VARIANT):
        child = drawn(picture.person_id, "a fox")
        child.parent, child.made = picture, made
        child.save()
        picture = child
    return picture


async def test_one_walks_back_through_all_steps(hand: Hand) -> None:
    page = hand.page
    [root] = await pictures_of(page)
    last = await descendant(root)
    await page.goto(f"/p/{last.id}/")
    trail = page.get_by_role("navigation", name="Where it came from")
    await expect(trail.get_by_role("link")).to_have_count(2)
    await hand.press(trail.get_by_role("link", name="New style"))
    await page.wait_for_url(f"**/p/{last.parent_id}/")
    await hand.press(trail.get_by_role("link", name="Drawn"))
    await page.wait_for_url(f"**/p/{root.id}/")
    await expect(trail).to_have_count(0)
    # And forth again.
    await hand.press(made_from_it(page).get_by_role("link", name="a fox").first)
    await page.wait_for_url(f"**/p/{last.parent_id}/")
