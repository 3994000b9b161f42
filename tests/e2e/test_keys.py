"""Keys that people try: search, a new conversation, the last message again, commands, all keys in a dialog."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, converse, held, is_answered, questions
from tests.fake_llama import FakeLlama


def side_search(page: Page) -> Locator:
    return page.locator("[data-search] input")


def keys_dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keys")


async def leave_field(page: Page) -> None:
    """Nothing has the focus."""
    await page.evaluate("document.activeElement.blur()")


# Search and a new conversation


@pytest.mark.parametrize("key", ["/", "Control+k"])
async def test_a_key_leads_to_the_search(page: Page, key: str) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    await page.keyboard.press(key)
    await expect(side_search(page)).to_be_focused()
    await expect(side_search(page)).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(composer(page)).to_be_focused()


async def test_the_search_is_found_where_the_side_bar_is_folded(page: Page) -> None:
    await converse(page, "Lamps")
    await page.get_by_role("button", name="Hide the side bar").click()
    await page.keyboard.press("Control+k")
    await expect(side_search(page)).to_be_focused()
    await page.reload()
    await expect(page.get_by_role("complementary", name="Conversations")).to_be_hidden()


async def test_a_slash_in_a_message_is_a_slash(page: Page) -> None:
    await converse(page, "Lamps")
    await composer(page).press_sequentially("and/or?")
    await expect(composer(page)).to_have_value("and/or?")
    await expect(keys_dialog(page)).to_be_hidden()


async def test_a_key_begins_a_new_conversation(page: Page) -> None:
    await converse(page, "Lamps")
    await page.keyboard.press("Control+Shift+O")
    await expect(page).to_have_url(re.compile(r":\d+/$"))
    await expect(composer(page)).to_be_focused()


# Writing from anywhere


async def test_typing_anywhere_writes_a_message(page: Page) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    await page.keyboard.type("hello Ünal")
    await expect(composer(page)).to_have_value("hello Ünal")
    await composer(page).fill("")
    await page.locator(".message-answer").get_by_role("button", name="Copy", exact=True).focus()
    await page.keyboard.type("x")
    await expect(composer(page)).to_have_value("x")


async def test_keys_with_a_use_of_their_own_write_no_message(page: Page) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+x")
    await page.keyboard.press("Alt+x")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift")
    await expect(composer(page)).not_to_be_focused()
    await questions(page).select_text()
    await page.keyboard.press("x")
    await expect(composer(page)).not_to_be_focused()
    await page.evaluate("getSelection().removeAllRanges()")
    await side_search(page).press("x")
    await expect(side_search(page)).to_be_focused()
    await leave_field(page)
    await page.keyboard.press("?")
    await page.keyboard.press("x")
    await expect(keys_dialog(page)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(composer(page)).to_have_value("")


async def test_an_input_method_begins_in_the_composer(page: Page) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    keyboard = await page.context.new_cdp_session(page)
    key = {"type": "rawKeyDown", "key": "Process", "code": "KeyN", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", key)
    await keyboard.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
    await keyboard.send("Input.insertText", {"text": "日"})
    await expect(composer(page)).to_have_value("日")


async def test_a_dead_key_begins_in_the_composer(page: Page) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    keyboard = await page.context.new_cdp_session(page)
    await keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Dead", "code": "Quote"})
    await expect(composer(page)).to_be_focused()


# The last message again


async def test_up_in_the_empty_composer_edits_the_last_message(page: Page, fake_llama: FakeLlama) -> None:
    await converse(page, "One", "Two")
    await composer(page).press("ArrowUp")
    field = page.locator(".edit textarea")
    await expect(field).to_have_value("Two")
    await expect(field).to_be_focused()


async def test_up_in_a_begun_message_moves_the_caret(page: Page) -> None:
    await converse(page, "One")
    await composer(page).fill("two")
    await composer(page).press("ArrowUp")
    await expect(page.locator(".edit")).to_have_count(0)
    await expect(composer(page)).to_be_focused()


# Escape


async def test_escape_stops_no_answer_where_it_closes_something(page: Page, fake_llama: FakeLlama) -> None:
    await converse(page, "Lamps")
    gate = held(fake_llama, "One two three.", 1)
    await composer(page).fill("More")
    await composer(page).press("Enter")
    await expect(answers(page).last).to_have_text("One")
    await page.locator(".message-answer").first.hover()
    await page.get_by_role("button", name="Bad answer").first.click()
    word = page.get_by_label("What was wrong with it?")
    await word.press("Escape")
    await expect(word).to_have_count(0)
    await expect(page.get_by_role("button", name="Bad answer").first).to_be_focused()
    await leave_field(page)
    await page.keyboard.press("?")
    await expect(keys_dialog(page)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(keys_dialog(page)).to_be_hidden()
    await composer(page).fill("/")
    await composer(page).press("Escape")
    keyboard = await page.context.new_cdp_session(page)
    escape = {"type": "rawKeyDown", "key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", escape)
    gate.open()
    await expect(answers(page).last).to_have_text("One two three.")


# All keys


async def test_a_question_mark_shows_all_keys(page: Page) -> None:
    await converse(page, "Lamps")
    await leave_field(page)
    await page.keyboard.press("?")
    await expect(keys_dialog(page)).to_contain_text("Edit your last message")
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    await page.keyboard.press("Escape")
    await expect(keys_dialog(page)).to_be_hidden()
    await page.get_by_role("button", name="Keys").click()
    await expect(keys_dialog(page)).to_be_visible()
    await page.get_by_role("button", name="Close").press("Enter")
    await expect(page.get_by_role("button", name="Keys")).to_be_focused()


async def test_keys_are_named_as_on_a_mac_there(open_page: OpenPage) -> None:
    page = await open_page()
    await page.add_init_script(
        "Object.defineProperty(navigator, 'userAgentData', {value: undefined});"
        "Object.defineProperty(navigator, 'platform', {value: 'MacIntel'});"
    )
    await begin(page)
    await is_answered(page)
    await leave_field(page)
    await page.keyboard.press("Control+k")
    await expect(side_search(page)).not_to_be_focused()
    await page.keyboard.press("Meta+k")
    await expect(side_search(page)).to_be_focused()
    await leave_field(page)
    await page.keyboard.press("?")
    await expect(keys_dialog(page)).to_contain_text("⌘")
    await expect(keys_dialog(page)).not_to_contain_text("Ctrl")


# Commands


def listed(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Commands").get_by_role("option")


@pytest.mark.parametrize("key", ["Enter", "Tab"])
@pytest.mark.parametrize("path", ["start", "conversation"])
async def test_a_slash_lists_the_commands(page: Page, key: str, path: str) -> None:
    await (page.goto("/") if path == "start" else converse(page, "Lamps"))
    await composer(page).press_sequentially("/")
    await expect(listed(page)).to_have_text(re.compile("/imagine.*Draw a picture"))
    await expect(page.get_by_text("Commands: choose with the arrow keys")).to_have_count(1)
    await expect(composer(page)).to_have_attribute("aria-activedescendant", "command-imagine")
    await composer(page).press("ArrowDown")
    await expect(listed(page)).to_have_attribute("aria-selected", "true")
    await composer(page).press(key)
    await expect(composer(page)).to_have_value("/imagine ")
    await expect(composer(page)).to_be_focused()
    await expect(listed(page)).to_have_count(0)
    await expect(page.get_by_text("Commands: choose with the arrow keys")).to_have_count(0)
    assert await composer(page).get_attribute("aria-activedescendant") is None


async def test_the_list_of_commands_is_filtered_and_closed(page: Page) -> None:
    await page.goto("/")
    await composer(page).press_sequentially("/IM")
    await expect(listed(page)).to_have_count(1)
    await composer(page).press_sequentially("x")
    await expect(listed(page)).to_have_count(0)
    await composer(page).press("Backspace")
    await expect(listed(page)).to_have_count(1)
    await composer(page).press("Escape")
    await expect(listed(page)).to_have_count(0)
    await expect(composer(page)).to_have_value("/IM")
    await composer(page).fill("")
    await composer(page).press_sequentially("/")
    await listed(page).click()
    await expect(composer(page)).to_have_value("/imagine ")
    await composer(page).fill("so and/or /")
    await expect(listed(page)).to_have_count(0)


async def test_the_list_of_commands_has_no_fault(page: Page) -> None:
    await page.goto("/")
    await composer(page).press_sequentially("/")
    await expect(listed(page)).to_have_count(1)
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


async def test_on_a_phone_a_command_is_tapped(phone: Page) -> None:
    await converse(phone, "Lamps")
    await composer(phone).tap()
    await composer(phone).press_sequentially("/")
    box = await listed(phone).bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await listed(phone).tap()
    await expect(composer(phone)).to_have_value("/imagine ")
    await expect(composer(phone)).to_be_focused()
