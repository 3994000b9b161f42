"""Menus, panels and dialogs have a name, say that they are open, and give the focus back; with the keyboard alone."""

from typing import Any

import pytest
from playwright.async_api import Error, FilePayload, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import until
from tests.e2e.talk import composer, converse
from tests.e2e.test_imagine_access import PANELS
from tests.e2e.test_picture_page import at_picture
from tests.people import Visitor

# What opens them, what is opened, and the role and name of that.
MENUS = {
    "of a conversation": ("#side [data-rename]", "#conversation-menu", "Rename or delete: Lamps"),
    "of the page": ("[popovertarget=page-menu]", "#page-menu", "Save or print"),
    "of an answer": ("[data-ways]", "#answer-menu", "Answer in another way"),
}
IS_IN = "one => one.contains(document.activeElement)"


async def seen(page: Page, selector: str) -> dict[str, Any]:
    """What the browser tells screen readers of an element: its role, its name and its states."""
    session = await page.context.new_cdp_session(page)
    root = await session.send("DOM.getDocument")
    found = await session.send("DOM.querySelector", {"nodeId": root["root"]["nodeId"], "selector": selector})
    tree = await session.send("Accessibility.getPartialAXTree", {"nodeId": found["nodeId"], "fetchRelatives": False})
    await session.detach()
    node = tree["nodes"][0]
    states = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
    return {"role": node["role"]["value"], "name": node.get("name", {}).get("value", ""), **states}


async def is_expanded(page: Page, selector: str, yes: bool) -> None:
    async def is_told() -> bool:
        try:
            return (await seen(page, selector)).get("expanded") is yes
        except Error:
            # It was replaced between two questions.
            return False

    await until(is_told)


async def open_by_key(page: Page, opener: str, opened: str) -> None:
    """Press Enter on what opens it; it says that it does."""
    await is_expanded(page, opener, False)
    await page.locator(opener).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(opened)).to_be_visible()
    await is_expanded(page, opener, True)


async def close_by_key(page: Page, opener: str, opened: str) -> None:
    """Press Escape; the focus is where it was."""
    await page.keyboard.press("Escape")
    await expect(page.locator(opened)).to_be_hidden()
    await expect(page.locator(opener)).to_be_focused()
    await is_expanded(page, opener, False)


@pytest.mark.parametrize("which", MENUS)
async def test_a_menu_is_one_for_screen_readers_and_keys(page: Page, which: str) -> None:
    opener, menu, name = MENUS[which]
    await converse(page, "Lamps")
    assert (await seen(page, opener))["hasPopup"] == "menu"
    await open_by_key(page, opener, menu)
    told = await seen(page, menu)
    assert (told["role"], told["name"]) == ("menu", name)
    items = page.locator(menu).get_by_role("menuitem")
    assert await items.count() == await page.locator(menu).locator("a, button").count()
    await expect(items.first).to_be_focused()
    for key, item in [("ArrowUp", items.last), ("ArrowDown", items.first), ("End", items.last), ("Home", items.first)]:
        await page.keyboard.press(key)
        await expect(item).to_be_focused()
    await close_by_key(page, opener, menu)
    await open_by_key(page, opener, menu)
    await page.keyboard.press("Tab")
    await expect(page.locator(menu)).to_be_hidden()
    await expect(page.locator(opener)).not_to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(opener)).to_be_focused()


async def test_the_panel_to_share_a_conversation_is_a_dialog(page: Page) -> None:
    await converse(page, "Lamps")
    assert (await seen(page, "[data-share-open]"))["hasPopup"] == "dialog"
    await open_by_key(page, "[data-share-open]", "#share-panel")
    told = await seen(page, "#share-panel")
    assert (told["role"], told["name"]) == ("dialog", "Share this conversation")
    assert await page.locator("#share-panel").evaluate(IS_IN)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-share-address]")).to_be_focused()
    await close_by_key(page, "[data-share-open]", "#share-panel")


@pytest.mark.usefixtures("painter")
async def test_the_panels_of_a_picture_have_names_and_give_the_focus_back(open_page: OpenPage, alice: Visitor) -> None:
    page = await open_page()
    await at_picture(page, alice)
    for name in PANELS:
        panel = f"[popover][aria-label='{name}']"
        opener = f".picture-actions [popovertarget={await page.locator(panel).get_attribute('id')}]"
        await open_by_key(page, opener, panel)
        told = await seen(page, panel)
        assert told["role"] in ("form", "group")
        assert told["name"] == name
        if not await page.locator(panel).evaluate(IS_IN):
            await page.keyboard.press("Tab")
        assert await page.locator(panel).evaluate(IS_IN), name
        await close_by_key(page, opener, panel)


@pytest.mark.usefixtures("painter")
async def test_after_a_link_to_a_picture_the_focus_is_where_one_goes_on(open_page: OpenPage, alice: Visitor) -> None:
    page = await open_page()
    await at_picture(page, alice)
    opener, panel = "[popovertarget=share-panel]", page.locator("#share-panel")
    await open_by_key(page, opener, "#share-panel")
    await panel.get_by_role("button", name="Make a link").press("Enter")
    await expect(panel.locator("[data-share-address]")).to_be_focused()
    await close_by_key(page, opener, "#share-panel")
    await open_by_key(page, opener, "#share-panel")
    await panel.get_by_role("button", name="Take the link back").press("Enter")
    await expect(panel.get_by_role("button", name="Make a link")).to_be_focused()
    await close_by_key(page, opener, "#share-panel")


async def test_dialogs_have_names_and_give_the_focus_back(page: Page) -> None:
    await page.goto("/")
    await page.locator("input[type=file]").set_input_files(
        FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"one")
    )
    await expect(page.locator(".tray .file-size")).to_have_text(", 3\u00a0bytes")
    await composer(page).fill("Lamps")
    await composer(page).press("Enter")
    await page.wait_for_url("**/c/**")
    file = page.locator(".message-files .file-open")
    for opener, name in [(file, "notes.txt 3\u00a0bytes"), (page.locator("[data-keys]"), "Keys")]:
        await expect(opener).to_have_attribute("aria-haspopup", "dialog")
        await opener.focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name=name, exact=True)
        await expect(dialog).to_be_visible()
        assert await dialog.evaluate(IS_IN)
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(opener).to_be_focused()


@pytest.mark.parametrize("done", ["kept", "deleted"])
async def test_in_the_sheet_the_question_whether_to_delete_leads_back_to_it(open_page: OpenPage, done: str) -> None:
    page = await open_page(viewport={"width": 390, "height": 844})
    await converse(page, "Lamps")
    await converse(page, "Bread")
    await page.get_by_role("button", name="Conversations").press("Enter")
    side = page.locator("#side")
    lamps = side.get_by_role("link", name="Rename or delete: Lamps")
    await lamps.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="Delete").press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    if done == "kept":
        await page.keyboard.press("Escape")
        await expect(lamps).to_be_focused()
        await expect(side).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(side).to_be_hidden()
        await expect(page.get_by_role("button", name="Conversations")).to_be_focused()
    else:
        await page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
        await expect(side.get_by_role("link", name="Bread", exact=True)).to_be_focused()
        await expect(side).to_be_visible()


async def test_a_menu_outlives_the_answer_that_is_shown_anew(page: Page) -> None:
    await converse(page, "Lamps")
    await open_by_key(page, "[data-ways]", "#answer-menu")
    await page.locator(".message-answer").last.evaluate("one => one.replaceWith(one.cloneNode(true))")
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-ways]")).to_be_focused()
    await open_by_key(page, "[data-ways]", "#answer-menu")
    await page.locator(".message-answer").last.evaluate("one => one.replaceWith(one.cloneNode(true))")
    await page.locator("#answer-menu").get_by_role("menuitem", name="Shorter").click()
    await expect(page.locator(".message-answer .versions")).to_be_visible()
