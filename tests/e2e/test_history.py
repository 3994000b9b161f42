"""The conversations one has had: the side bar, the sheet on a phone, the page of all."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, converse, is_answered, open_slowly, say
from tests.fake_llama import FakeLlama, says


def side(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Conversations")


def named(page: Page, title: str) -> Locator:
    """The link to a conversation, in the side bar."""
    return side(page).get_by_role("link", name=title, exact=True)


async def choose(page: Page, title: str, action: str) -> None:
    """Open the small menu beside a conversation, and choose from it."""
    await named(page, title).hover()
    await side(page).get_by_role("link", name=f"Rename or delete: {title}").click()
    await page.get_by_role("menuitem", name=action).click()


async def lamps_and_bread(page: Page, llama: FakeLlama) -> None:
    """Two conversations."""
    llama.on("Lamps", says("Buy a paper lantern."))
    llama.on("Bread", says("Let the dough rest."))
    await converse(page, "Lamps")
    await converse(page, "Bread")


# Folding


async def test_a_newcomer_has_no_side_bar_until_there_is_something_in_it(page: Page) -> None:
    await page.goto("/")
    await expect(side(page)).to_be_hidden()
    await begin(page)
    await expect(side(page)).to_be_visible()


async def test_a_person_folds_the_side_bar_and_it_stays_so(page: Page) -> None:
    await begin(page)
    await page.get_by_role("button", name="Hide the side bar").click()
    await expect(side(page)).to_be_hidden()
    await expect(page.get_by_role("button", name="Show the side bar")).to_be_focused()
    await page.reload()
    await expect(side(page)).to_be_hidden()
    await page.get_by_role("button", name="Show the side bar").click()
    await expect(named(page, "Hello")).to_be_visible()


async def test_on_a_phone_the_list_is_a_sheet(phone: Page) -> None:
    await converse(phone, "Lamps")
    first = phone.url
    await converse(phone, "Bread")
    await expect(side(phone)).to_be_hidden()
    await phone.get_by_role("button", name="Conversations").tap()
    await expect(named(phone, "Bread")).to_be_visible()
    await phone.get_by_role("button", name="Close").tap()
    await expect(side(phone)).to_be_hidden()
    await phone.get_by_role("button", name="Conversations").tap()
    await phone.keyboard.press("Escape")
    await expect(side(phone)).to_be_hidden()
    await phone.get_by_role("button", name="Conversations").tap()
    await named(phone, "Lamps").tap()
    await expect(phone).to_have_url(first)
    await expect(side(phone)).to_be_hidden()


async def test_on_a_phone_a_conversation_is_renamed_in_the_sheet(phone: Page) -> None:
    await converse(phone, "Lamps")
    await phone.get_by_role("button", name="Conversations").tap()
    await side(phone).get_by_role("link", name="Rename or delete: Lamps").tap()
    await phone.get_by_role("menuitem", name="Rename").tap()
    await phone.get_by_label("Name of the conversation").fill("Lanterns")
    await phone.keyboard.press("Enter")
    await expect(named(phone, "Lanterns")).to_be_visible()


# Search


async def test_a_search_finds_names_and_words_while_one_types(page: Page, fake_llama: FakeLlama) -> None:
    await lamps_and_bread(page, fake_llama)
    search = side(page).get_by_role("searchbox")
    await search.press_sequentially("LANTERN")
    await expect(named(page, "Bread")).to_have_count(0)
    await expect(named(page, "Lamps")).to_be_visible()
    await search.fill("bread")
    await expect(named(page, "Lamps")).to_have_count(0)
    await expect(named(page, "Bread")).to_have_attribute("aria-current", "page")
    await search.fill("nobody said this")
    await expect(side(page).get_by_text("Nothing found.")).to_be_visible()
    await search.fill("")
    await expect(named(page, "Lamps")).to_be_visible()
    await expect(named(page, "Bread")).to_be_visible()


async def test_the_page_of_all_conversations_searches_too(page: Page, fake_llama: FakeLlama) -> None:
    await lamps_and_bread(page, fake_llama)
    await page.goto("/c/")
    listed = page.get_by_role("main").locator(".conversation")
    await expect(listed).to_have_text(["Bread", "Lamps"])
    search = page.get_by_role("main").get_by_role("searchbox")
    await search.fill("dough")
    await search.press("Enter")
    await expect(listed).to_have_text(["Bread"])
    await expect(page.get_by_role("main").get_by_role("searchbox")).to_have_value("dough")


# Renaming and deleting


async def test_a_person_renames_a_conversation(page: Page) -> None:
    await converse(page, "Lamps")
    await choose(page, "Lamps", "Rename")
    name = page.get_by_label("Name of the conversation")
    await expect(name).to_have_value("Lamps")
    await name.fill("A lantern for the hall")
    await name.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("A lantern for the hall")
    await page.reload()
    await expect(named(page, "A lantern for the hall")).to_be_visible()
    await expect(page).to_have_title(re.compile("^A lantern for the hall · "))


async def test_a_person_thinks_better_of_a_new_name(page: Page) -> None:
    await converse(page, "Lamps")
    await choose(page, "Lamps", "Rename")
    await page.get_by_label("Name of the conversation").fill("Other")
    await page.keyboard.press("Escape")
    await expect(named(page, "Lamps")).to_be_focused()
    await page.reload()
    await expect(named(page, "Lamps")).to_be_visible()


async def test_in_the_sheet_escape_ends_the_renaming_alone(phone: Page) -> None:
    await converse(phone, "Lamps")
    await phone.get_by_role("button", name="Conversations").tap()
    await side(phone).get_by_role("link", name="Rename or delete: Lamps").tap()
    await phone.get_by_role("menuitem", name="Rename").tap()
    await phone.get_by_label("Name of the conversation").press("Escape")
    await expect(named(phone, "Lamps")).to_be_visible()


async def test_a_person_deletes_a_conversation_after_a_second_thought(page: Page, fake_llama: FakeLlama) -> None:
    await lamps_and_bread(page, fake_llama)
    await choose(page, "Lamps", "Delete")
    dialog = page.get_by_role("dialog", name="Delete this conversation?")
    await expect(dialog).to_contain_text("“Lamps”")
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await choose(page, "Lamps", "Delete")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(named(page, "Lamps")).to_have_count(0)
    await page.reload()
    await expect(named(page, "Bread")).to_be_visible()
    await expect(named(page, "Lamps")).to_have_count(0)


async def test_deleting_the_open_conversation_leads_to_the_start(page: Page) -> None:
    await converse(page, "Lamps")
    gone = page.url
    await choose(page, "Lamps", "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(composer(page)).to_be_focused()
    await expect(side(page)).to_be_hidden()
    response = await page.goto(gone)
    assert response
    assert response.status == 404


async def test_all_of_it_works_by_keyboard_alone(page: Page, fake_llama: FakeLlama) -> None:
    await lamps_and_bread(page, fake_llama)
    press = page.keyboard.press
    await named(page, "Bread").focus()
    await press("Tab")
    await press("Enter")
    await expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    await press("Enter")
    await page.keyboard.type("Baking")
    await press("Enter")
    await expect(named(page, "Baking")).to_be_focused()
    await press("Tab")
    await press("Enter")
    await press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    await press("Escape")
    await expect(side(page).get_by_role("link", name=re.compile("Rename or delete"))).to_have_count(2)
    await press("Tab")
    await expect(named(page, "Lamps")).to_be_focused()
    await press("Tab")
    await press("Enter")
    await press("ArrowUp")
    await press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    await press("Shift+Tab")
    await press("Enter")
    await expect(named(page, "Lamps")).to_have_count(0)


# Without any script


async def test_a_person_without_script_renames_and_deletes(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page, "Lamps")
    await page.goto("/c/")
    await page.get_by_role("main").get_by_role("link", name="Rename or delete: Lamps").click()
    await page.get_by_label("Name of the conversation").fill("Lanterns")
    await page.get_by_role("button", name="Rename").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Lanterns")
    await page.goto("/c/")
    await page.get_by_role("main").get_by_role("link", name="Rename or delete: Lanterns").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page).to_have_url(re.compile(r"/$"))
    await expect(page.get_by_role("link", name="Lanterns")).to_have_count(0)


async def test_another_tab_hears_of_a_conversation_that_goes_on(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "One")
    other = await page.context.new_page()
    await other.goto(page.url)
    await composer(other).fill("Two")
    await composer(other).press("Enter")
    await expect(answers(page)).to_have_text(["First.", "Second."])
    await is_answered(page)


async def test_a_slow_page_shows_what_was_said_before_its_socket_was_there(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "One")
    slow = await page.context.new_page()
    script_comes = await open_slowly(slow, page.url)
    await expect(answers(slow)).to_have_text(["First."])
    await say(page, "Two")
    await expect(answers(page)).to_have_text(["First.", "Second."])
    await is_answered(page)
    script_comes.set()
    await expect(answers(slow)).to_have_text(["First.", "Second."])
