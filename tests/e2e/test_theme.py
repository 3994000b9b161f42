"""Light, dark, or as the system has it."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.talk import converse
from tests.e2e.test_history import side

LIGHT, DARK = "rgb(251, 250, 247)", "rgb(18, 18, 20)"
META = """[...document.querySelectorAll('meta[name="theme-color"]')]
  .filter(meta => matchMedia(meta.media).matches).map(meta => meta.content)"""


def option(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name)


async def paper(page: Page) -> str:
    colour: str = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour


async def with_the_switch(open_page: OpenPage, way: Way, **options: object) -> tuple[Page, Hand]:
    """The start page, with the side bar in sight."""
    page = await open_page(**screen(way), **options)
    hand = Hand(page, way)
    await page.goto("/")
    if way == "touch":
        await hand.press(page.get_by_role("button", name="Conversations"))
    else:
        await hand.press(page.get_by_role("button", name="Show the side bar"))
    await expect(side(page)).to_be_visible()
    return page, hand


@pytest.mark.parametrize("way", WAYS)
async def test_one_chooses_and_it_stays_over_a_reload(open_page: OpenPage, way: Way) -> None:
    page, hand = await with_the_switch(open_page, way, color_scheme="light")
    await expect(option(page, "System")).to_be_checked()
    await hand.choose(option(page, "Dark"))
    assert await paper(page) == DARK
    assert await page.evaluate(META) == ["#121214"]
    await page.reload()
    assert await paper(page) == DARK
    await expect(page.locator('[name="theme"][value="dark"]')).to_be_checked()


@pytest.mark.parametrize(("scheme", "name", "colour"), [("dark", "Light", LIGHT), ("light", "Dark", DARK)])
async def test_the_choice_wins_over_the_system_until_one_returns_to_it(
    open_page: OpenPage, scheme: str, name: str, colour: str
) -> None:
    page, hand = await with_the_switch(open_page, "mouse", color_scheme=scheme)
    before = await paper(page)
    await hand.choose(option(page, name))
    assert await paper(page) == colour
    await hand.choose(option(page, "System"))
    assert await paper(page) == before
    await page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    assert await paper(page) == colour


async def test_it_is_there_before_the_first_paint_on_every_kind_of_page(open_page: OpenPage) -> None:
    page = await open_page(color_scheme="light")
    await page.goto("/")
    await page.evaluate("localStorage.setItem('theme', 'dark')")
    # Modules run after the page is parsed; without them only what runs early can have set it.
    await page.route("**/*theme*.js", lambda route: route.abort())
    await page.route("**/*sidebar*.js", lambda route: route.abort())
    for path in ("/", "/imagine/", "/about/", "/account/login/", "/nowhere/", "/c/"):
        await page.goto(path)
        assert await paper(page) == DARK, path


async def test_other_tabs_follow(open_page: OpenPage) -> None:
    page, hand = await with_the_switch(open_page, "mouse", color_scheme="light")
    second = await page.context.new_page()
    await second.goto("/about/")
    await hand.choose(option(page, "Dark"))
    await expect(second.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(second.locator('[name="theme"][value="dark"]')).to_be_checked()


@pytest.mark.parametrize("stored", ["purple", "", "<script>"])
async def test_nonsense_in_the_storage_is_the_system(open_page: OpenPage, stored: str) -> None:
    page = await open_page(color_scheme="dark")
    await page.goto("/")
    await page.evaluate("value => localStorage.setItem('theme', value)", stored)
    await page.reload()
    assert await paper(page) == DARK


async def test_without_script_the_system_decides_and_no_switch_is_shown(open_page: OpenPage) -> None:
    page = await open_page(color_scheme="dark", java_script_enabled=False)
    await page.goto("/")
    await expect(page.locator("html")).to_have_css("background-color", DARK)
    await expect(page.locator("[data-theme-switch]")).to_be_hidden()


@pytest.mark.parametrize("name", ["Light", "Dark"])
async def test_axe_finds_no_fault_in_chosen_colours(open_page: OpenPage, name: str) -> None:
    page, hand = await with_the_switch(open_page, "mouse", color_scheme="light")
    await hand.choose(option(page, name))
    assert (await Axe().run(page)).response["violations"] == []
    await converse(page, "Hello")
    assert (await Axe().run(page)).response["violations"] == []


async def test_with_forced_colours_the_top_bar_and_a_pressed_thumb_are_seen(open_page: OpenPage) -> None:
    page = await open_page(forced_colors="active")
    await converse(page, "Hello")
    await expect(page.locator(".topbar")).to_have_css("border-bottom-style", "solid")
    await expect(page.locator(".topbar")).to_have_css("background-image", "none")
    good, bad = (page.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await page.locator("#text").focus()
    await expect(good).to_have_css("outline-style", "solid")
    await expect(bad).to_have_css("outline-style", "none")
