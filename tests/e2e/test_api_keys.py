"""Somebody with an account makes a key for a program, copies it, and revokes it."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from assistant import api_keys
from assistant.database import in_thread
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.test_instructions import PASSWORD, at_your_data

known = in_thread(api_keys.known)
still_holds = in_thread(api_keys.still_holds)


async def confirm(page: Page, hand: Hand) -> None:
    """The password is asked for."""
    await page.get_by_label("Password").fill(PASSWORD)
    await hand.press(page.get_by_role("button", name="Go on"))


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_is_made_copied_and_revoked(open_page: OpenPage, way: Way) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"], **screen(way))
    hand = Hand(page, way)
    await at_your_data(page)
    await hand.press(page.get_by_role("link", name="Make a key"))
    await page.get_by_label("Name", exact=True).fill("My script")
    await page.get_by_label("It expires").select_option("after a year")
    await hand.press(page.get_by_role("button", name="Make it"))
    await confirm(page, hand)
    await expect(page.get_by_role("heading", name="Your new key")).to_be_focused()
    field = page.get_by_label("Key", exact=True)
    await expect(field).to_have_value(re.compile(r"chaski_\w{12}_\w{40}"))
    text = await field.input_value()
    await hand.press(page.get_by_role("button", name="Copy"))
    await expect(page.locator("[data-status]")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == text
    key = await known(text)
    await page.goto("/you/keys")
    await expect(page.locator(".api-key")).to_contain_text("My script")
    await expect(page.locator("main")).not_to_contain_text(text)
    await expect(page.locator(".api-key")).to_contain_text("Last used on")
    await hand.press(page.get_by_role("button", name="Revoke “My script”"))
    await expect(page.get_by_text("Revoked.")).to_be_visible()
    await expect(page.get_by_text("None yet.")).to_be_visible()
    assert not await still_holds(key.id)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_with_the_keys(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await at_your_data(page)
    assert (await Axe().run(page)).response["violations"] == []
    await page.goto("/you/keys")
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_label("Name", exact=True).fill("A script with a name that is rather long for a phone")
    await page.get_by_role("button", name="Make it").click()
    await confirm(page, Hand(page, "mouse"))
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_label("Name", exact=True).fill("\u2800")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert")).to_have_text(re.compile("Please give the key a name"))
    assert (await Axe().run(page)).response["violations"] == []


async def test_the_page_fits_a_narrow_phone(open_page: OpenPage) -> None:
    page = await open_page(viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True)
    await at_your_data(page)
    await page.goto("/you/keys")
    await page.get_by_label("Name", exact=True).fill("W" * 60)
    await page.get_by_role("button", name="Make it").click()
    await confirm(page, Hand(page, "touch"))
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_a_key_can_be_read_and_revoked_without_a_script(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await at_your_data(page)
    await page.goto("/you/keys")
    await page.get_by_label("Name", exact=True).fill("My script")
    await page.get_by_role("button", name="Make it").click()
    await confirm(page, Hand(page, "mouse"))
    text = await page.get_by_label("Key", exact=True).input_value()
    assert (await known(text)).name == "My script"
    await page.get_by_role("button", name="Revoke “My script”").click()
    await expect(page.get_by_text("None yet.")).to_be_visible()
