"""What somebody with an account asks of all answers."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.clients import PASSWORD
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import screen
from tests.e2e.talk import converse
from tests.e2e.test_account_pages import new_name
from tests.fake_llama import FakeLlama

QUESTION = "What should the assistant know about you, and how should it answer?"


async def at_your_data(page: Page) -> None:
    await page.goto("/account/signup/")
    await page.get_by_role("main").get_by_label("Name", exact=True).fill(new_name())
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_label("Your message")).to_be_visible()
    await page.goto("/you/")


@pytest.mark.parametrize("way", ["mouse", "touch"])
async def test_the_model_reads_them_until_the_box_is_emptied(
    open_page: OpenPage, fake_llama: FakeLlama, way: str
) -> None:
    page = await open_page(**screen(way))  # type: ignore[arg-type]
    await at_your_data(page)
    await page.get_by_label(QUESTION).fill("I am a baker.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It counts from the next answer on.")).to_be_visible()
    await expect(page.get_by_label(QUESTION)).to_have_value("I am a baker.")
    await converse(page, "Hello")
    assert "> I am a baker." in fake_llama.requests[0]["messages"][0]["content"]
    await page.goto("/you/")
    await page.get_by_label(QUESTION).fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("There are none any more.")).to_be_visible()
    await converse(page, "Hello again")
    assert "baker" not in str(fake_llama.requests[-1]["messages"])


async def test_a_guest_reads_that_an_account_is_needed(page: Page) -> None:
    await converse(page, "Hello")
    await page.goto("/you/")
    await expect(page.get_by_text("With an account, you can tell the assistant")).to_be_visible()
    await expect(page.get_by_label(QUESTION)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_with_an_account(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await at_your_data(page)
    assert (await Axe().run(page)).response["violations"] == []
    for path in ("/account/email/", "/account/password/change/", "/account/password/reset/"):
        await page.goto(path)
        assert (await Axe().run(page)).response["violations"] == [], path
