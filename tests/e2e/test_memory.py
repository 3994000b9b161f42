"""What somebody with an account has remembered: in a conversation, and on the page of all of it."""

import json

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import screen
from tests.e2e.talk import answers, begin, composer, converse, is_answered, say
from tests.e2e.test_instructions import at_your_data
from tests.fake_llama import FakeLlama, says

CALL = json.dumps({"name": "remember", "parameters": {"text": "The user is vegetarian"}})


@pytest.mark.parametrize("way", ["mouse", "touch"])
async def test_what_was_remembered_counts_in_the_next_conversation_until_it_is_erased(
    open_page: OpenPage, fake_llama: FakeLlama, way: str
) -> None:
    page = await open_page(**screen(way))  # type: ignore[arg-type]
    await at_your_data(page)
    fake_llama.script(says(CALL), says("I will keep that in mind."))
    await begin(page, "Remember that I am vegetarian.")
    await is_answered(page)
    await expect(answers(page).last).to_have_text("I will keep that in mind.")
    kept = page.locator(".kept")
    await expect(kept).to_contain_text("Remembered: The user is vegetarian")
    await page.reload()
    await expect(kept).to_contain_text("Remembered: The user is vegetarian")
    fake_llama.script(says("Pasta."))
    await converse(page, "What shall I cook?")
    assert "> The user is vegetarian" in fake_llama.requests[-1]["messages"][-1]["content"]
    await page.go_back()
    await page.go_back()
    await kept.get_by_role("link", name="Memory").click()
    await expect(page.locator(".memory-text")).to_have_text("The user is vegetarian")
    await page.get_by_text("Change").click()
    await page.get_by_label("What should be remembered?").fill("I am vegan")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".memory-text")).to_have_text("I am vegan")
    await page.get_by_role("button", name="Erase “I am vegan”").click()
    await expect(page.get_by_text("Nothing yet.")).to_be_visible()
    await converse(page, "What shall I cook now?")
    assert "vegan" not in str(fake_llama.requests[-1]["messages"])


async def test_the_command_works_without_tools_and_forgets_again(page: Page, fake_llama: FakeLlama) -> None:
    await at_your_data(page)
    await begin(page, "/remember I am vegetarian")
    await is_answered(page)
    await expect(answers(page).last).to_have_text("I will keep it in mind.")
    await expect(page.locator(".kept")).to_contain_text("Remembered: I am vegetarian")
    await say(page, "/forget that I am vegetarian")
    await expect(answers(page).last).to_have_text("It is forgotten.")
    await expect(page.locator(".kept").last).to_contain_text("Forgot: I am vegetarian")
    await say(page, "/forget my shoe size")
    await expect(page.locator(".trouble")).to_have_text("Nothing like that is remembered.")
    assert fake_llama.requests == []
    await composer(page).fill("/re")
    await expect(page.get_by_role("option", name="/remember")).to_be_visible()


async def test_a_guest_reads_that_an_account_is_needed(page: Page, fake_llama: FakeLlama) -> None:
    await begin(page, "/remember I am vegetarian")
    await expect(page.locator(".trouble")).to_contain_text("Things are remembered for people with an account.")
    await composer(page).fill("/")
    await expect(page.get_by_role("option", name="/remember")).to_have_count(0)
    await page.goto("/you/")
    await expect(page.get_by_text("With an account, you can have things remembered")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_with_the_memory(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await at_your_data(page)
    await page.goto("/you/memory")
    assert (await Axe().run(page)).response["violations"] == []
    for text in ("I am vegetarian", "I live in Lima"):
        await page.get_by_label("Something to remember").fill(text)
        await page.get_by_role("button", name="Remember it").click()
        await expect(page.locator(".memory-text").last).to_have_text(text)
    await page.get_by_text("Change").first.click()
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_role("button", name="Erase all").click()
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_role("button", name="Erase all").click()
    await expect(page.get_by_text("All of it is erased.")).to_be_visible()
