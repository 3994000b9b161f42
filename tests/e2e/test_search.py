"""One types a few letters and is led to what was said, however long ago."""

import re

from playwright.async_api import Locator, Page, expect

from assistant.database import in_thread
from assistant.models import Conversation, Message
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, conversation_of, converse, is_answered, say
from tests.e2e.test_history import named, side
from tests.fake_llama import FakeLlama, says


@in_thread
def make_long(conversation: Conversation) -> Message:
    """Put a hundred and twenty messages before the end; returns one of them that is alone with its word."""
    texts = [f"Number {number}. " + "Many more words. " * 3 for number in range(120)]
    texts[10] = "The Guanaco lives high up."
    added = Message.objects.bulk_create(
        Message(conversation=conversation, position=position, role=Message.Role.USER, text=text)
        for position, text in enumerate(texts, 3)
    )
    return added[10]


async def led_to(page: Page, search: Locator, typed: str = "guanac") -> Message:
    """A long conversation, the word typed, and the result followed."""
    said = await make_long(await conversation_of(page))
    await page.goto("/")
    if await page.get_by_role("button", name="Conversations").is_visible():
        await page.get_by_role("button", name="Conversations").tap()
    await search.press_sequentially(typed)
    return said


def excerpt(page: Page) -> Locator:
    return side(page).locator(".excerpt")


async def test_what_was_found_is_marked_while_one_types(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.on("Lamps", says("Buy a <b>paper</b> **läntern**."))
    await converse(page, "Lamps")
    search = side(page).get_by_role("searchbox")
    await search.press_sequentially("LANT")
    await expect(excerpt(page)).to_have_text("Buy a <b>paper</b> läntern.")
    await expect(excerpt(page).locator("mark")).to_have_text("läntern")
    await expect(named(page, "Lamps")).to_have_accessible_description("Buy a <b>paper</b> läntern.")
    await search.fill("lamps")
    await expect(named(page, "Lamps").locator("mark")).to_have_text("Lamps")
    await expect(page.locator("#search-status")).to_have_text("1 conversation found")
    await search.fill("")
    await expect(side(page).locator("mark")).to_have_count(0)
    await expect(page.locator("#search-status")).to_be_empty()


async def test_a_result_leads_to_the_message_far_up(page: Page) -> None:
    await converse(page, "Hello")
    said = await led_to(page, side(page).get_by_role("searchbox"))
    await excerpt(page).click(force=True)
    message = page.locator(f"#m-{said.id}")
    await expect(message).to_be_in_viewport()
    await expect(message).to_be_focused()
    await expect(message).to_have_class(re.compile("found"))
    await expect(message).not_to_have_class(re.compile("found"), timeout=10_000)
    await expect(message).to_be_in_viewport()
    count = await page.locator("article").count()
    await page.get_by_role("link", name="Later messages").click()
    await expect(page.locator("article")).not_to_have_count(count)


async def test_what_is_said_from_there_shows_the_end(page: Page, fake_llama: FakeLlama) -> None:
    await converse(page, "Hello")
    await led_to(page, side(page).get_by_role("searchbox"))
    await excerpt(page).click(force=True)
    await expect(page.get_by_role("link", name="Later messages")).to_be_attached()
    fake_llama.script(says("At the end."))
    await say(page, "And now?")
    await expect(answers(page).last).to_have_text("At the end.", timeout=30_000)
    await expect(page.get_by_role("link", name="Later messages")).to_have_count(0)
    await is_answered(page)
    await expect(composer(page)).to_have_value("")


async def test_on_a_phone_a_result_leads_there_too(phone: Page) -> None:
    await converse(phone, "Hello")
    said = await led_to(phone, side(phone).get_by_role("searchbox"))
    await expect(excerpt(phone).locator("mark")).to_have_text("Guanaco")
    box = await excerpt(phone).bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390
    await excerpt(phone).tap(force=True)
    await expect(phone.locator(f"#m-{said.id}")).to_be_in_viewport()
    await expect(side(phone)).to_be_hidden()


async def test_with_less_motion_the_message_is_highlighted_all_the_same(open_page: OpenPage) -> None:
    page = await open_page(reduced_motion="reduce")
    await converse(page, "Hello")
    said = await led_to(page, side(page).get_by_role("searchbox"))
    await excerpt(page).click(force=True)
    prose = page.locator(f"#m-{said.id} .prose")
    await expect(prose).not_to_have_css("box-shadow", "none")
    assert await prose.evaluate("one => getComputedStyle(one).transitionDuration") in ("0s", "")


async def test_that_nothing_was_found_is_announced(page: Page) -> None:
    await begin(page)
    await side(page).get_by_role("searchbox").press_sequentially("zebra")
    status = page.get_by_role("complementary").get_by_role("status")
    await expect(status).to_have_text("Nothing found. Try fewer words, or only how one begins.")
    await expect(status).to_be_visible()
    await page.goto("/c/?q=zebra")
    await expect(page.get_by_role("main").get_by_role("status")).to_contain_text("Nothing found.")


async def test_a_person_without_script_is_led_there(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page)
    said = await make_long(await conversation_of(page))
    await page.goto("/c/?q=guanaco")
    await page.get_by_role("main").locator(".conversation").click()
    await expect(page.locator(f"#m-{said.id}")).to_be_in_viewport()
    await page.get_by_role("link", name="Later messages").click()
    await expect(page.locator("article").first).to_contain_text("Number 36.")
