"""A temporary chat: begun with a switch, in no list, kept over a reload, gone with its tab."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from django.utils import timezone
from playwright.async_api import Page, expect

from assistant.conversations import AWAY
from assistant.database import in_thread
from assistant.models import Conversation
from assistant.temporary import CLOSED
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.talk import answers, begin, composer, converse, held, is_answered, questions, say
from tests.e2e.test_history import side
from tests.fake_llama import FakeLlama
from tests.people import conversation_id
from tests.servers import soon

SENTENCE = "Not kept: it is gone when you close this tab, and is not in your history."


async def begin_temporary(page: Page, text: str = "Between us") -> None:
    await page.goto("/")
    await page.get_by_role("button", name="Temporary chat").click()
    await say(page, text)
    await page.wait_for_url("**/c/**")
    await is_answered(page)


def remaining(page_url: str) -> timedelta:
    """How long the conversation stays, unless a tab prolongs it."""
    until = Conversation.objects.values_list("alive_until", flat=True).get(id=conversation_id(page_url))
    assert until is not None
    return until - timezone.now()


def let_time_pass(page_url: str) -> None:
    """As if its minutes had passed."""
    Conversation.objects.filter(id=conversation_id(page_url)).update(alive_until=timezone.now() - timedelta(seconds=1))


def is_there(page_url: str) -> bool:
    return Conversation.objects.filter(id=conversation_id(page_url)).exists()


def is_closing(page_url: str) -> bool:
    return remaining(page_url) <= CLOSED


@pytest.mark.parametrize("way", WAYS)
async def test_a_switch_begins_it_and_says_what_that_means(open_page: OpenPage, way: Way) -> None:
    page = await open_page(**screen(way))
    await page.goto("/")
    switch = page.get_by_role("button", name="Temporary chat")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_text(SENTENCE)).to_be_hidden()
    await Hand(page, way).press(switch)
    await expect(switch).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text(SENTENCE)).to_be_visible()
    await say(page, "Between us")
    await page.wait_for_url("**/c/**")
    await expect(page.get_by_text(SENTENCE)).to_be_visible()
    await expect(page.get_by_role("heading", name="Temporary chat")).to_be_visible()
    await expect(page).to_have_title("Temporary chat · Chaski")


async def test_pressed_twice_the_switch_begins_an_ordinary_one(page: Page) -> None:
    await page.goto("/")
    switch = page.get_by_role("button", name="Temporary chat")
    await switch.click()
    await switch.click()
    await say(page, "For the record")
    await page.wait_for_url("**/c/**")
    await expect(side(page).get_by_role("link", name="For the record").first).to_be_visible()


async def test_it_is_in_no_list_search_or_gallery(page: Page) -> None:
    await converse(page, "An ordinary one")
    await begin_temporary(page, "xyzzy")
    await page.goto("/c/")
    await expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    await page.goto("/c/?q=xyzzy")
    await expect(page.get_by_role("main").get_by_text("Nothing found.")).to_be_visible()
    await page.goto("/you/")
    await expect(page.get_by_text("1 conversation, with 2 messages")).to_be_visible()


async def test_a_reload_keeps_it_and_it_goes_on(page: Page) -> None:
    await begin_temporary(page)
    await page.reload()
    await expect(questions(page)).to_have_text("Between us")
    await say(page, "Still here?")
    await expect(answers(page)).to_have_count(2)
    await is_answered(page)
    await soon(lambda: remaining(page.url) > CLOSED)


async def test_a_reload_in_the_middle_of_an_answer_keeps_it(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "One two three four.", 2)
    await page.goto("/")
    await page.get_by_role("button", name="Temporary chat").click()
    await say(page, "Count")
    await expect(answers(page)).to_have_text("One two")
    await page.reload()
    await expect(answers(page)).to_have_text("One two")
    gate.open()
    await expect(answers(page)).to_have_text("One two three four.")


async def test_a_closed_tab_takes_it_along(page: Page) -> None:
    await begin_temporary(page)
    address = page.url
    await soon(lambda: remaining(address) > CLOSED)
    await page.close()
    await soon(lambda: is_closing(address))
    await in_thread(let_time_pass)(address)
    await soon(lambda: not is_there(address))


async def test_a_second_tab_of_the_same_person_opens_it_and_keeps_it(page: Page) -> None:
    await begin_temporary(page)
    second = await page.context.new_page()
    await second.goto(urlsplit(page.url).path)
    await expect(questions(second)).to_have_text("Between us")
    await say(second, "From the second")
    await expect(questions(page)).to_have_count(2)
    await page.close()
    await say(second, "Alone now")
    await expect(answers(second)).to_have_count(3)
    await is_answered(second)
    await soon(lambda: remaining(second.url) > CLOSED)


async def test_another_page_and_back_within_the_minute_finds_it(page: Page) -> None:
    await begin_temporary(page)
    await page.goto("/about/")
    await page.go_back()
    await expect(questions(page)).to_have_text("Between us")
    await soon(lambda: AWAY - timedelta(seconds=30) < remaining(page.url))


async def test_back_after_it_is_gone_a_kind_sentence_stands_there(page: Page) -> None:
    await begin_temporary(page)
    address = page.url
    await page.goto("/about/")
    # Its socket says goodbye after the page, and that writes the time anew.
    await soon(lambda: is_closing(address))
    await in_thread(let_time_pass)(address)
    await soon(lambda: not is_there(address))
    await page.go_back()
    await expect(page.get_by_role("heading", name="This temporary chat is gone.")).to_be_visible()
    await page.get_by_role("link", name="To the start page").click()
    await expect(composer(page)).to_be_focused()


async def test_a_button_ends_it_at_once_in_every_tab(page: Page) -> None:
    await begin_temporary(page)
    address = page.url
    second = await page.context.new_page()
    await second.goto(urlsplit(address).path)
    await expect(answers(second)).to_have_count(1)
    await page.get_by_role("button", name="End it now").click()
    await page.wait_for_url(lambda url: urlsplit(url).path == "/")
    await soon(lambda: not is_there(address))
    await expect(second.get_by_role("heading", name="This temporary chat is gone.")).to_be_visible()
    assert await page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('draft'))") == []


async def test_without_script_it_is_not_offered(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    await expect(page.get_by_text("Temporary chat")).to_be_hidden()
    await begin(page, "As always")
    await expect(page.get_by_text(SENTENCE)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_in_it(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await page.goto("/")
    await page.get_by_role("button", name="Temporary chat").click()
    assert (await Axe().run(page)).response["violations"] == []
    await begin_temporary(page)
    assert (await Axe().run(page)).response["violations"] == []
