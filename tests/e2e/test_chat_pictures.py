"""A picture inside a conversation, in a real browser, drawn by a real process."""

import json

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, is_answered, say
from tests.fake_llama import FakeLlama, says

pytestmark = pytest.mark.usefixtures("painter")

DRAW_MS = 30_000


async def source(picture: Locator) -> str:
    """Where the picture is, once it is seen."""
    await expect(picture).to_be_visible(timeout=DRAW_MS)
    await picture.evaluate("image => image.decode()")
    return await picture.get_attribute("src") or ""


async def test_a_person_asks_for_a_picture_and_sees_it(page: Page, fake_llama: FakeLlama) -> None:
    picture = page.locator(".message-picture img")
    await begin(page, "imagine a red llama")
    first = await source(picture)
    await is_answered(page)
    await expect(picture).to_have_attribute("alt", "a red llama")
    await expect(page.get_by_text("Here is your picture.")).to_be_visible()
    await page.reload()
    assert await source(picture) == first
    await page.get_by_role("button", name="Answer again").click()
    await expect(picture).not_to_have_attribute("src", first, timeout=DRAW_MS)
    await source(picture)
    await page.get_by_role("link", name="Change, animate or share").click()
    await page.wait_for_url("**/p/**")
    assert fake_llama.requests == []


async def test_a_model_that_calls_tools_draws_what_is_asked_for_in_words(page: Page, fake_llama: FakeLlama) -> None:
    call = json.dumps({"name": "create_image", "parameters": {"prompt": "a cat"}})
    fake_llama.script(says(f"Sure!\n\n{call}"), says("You're welcome, I like my cat."))
    await begin(page, "Draw me a cat, as you like")
    picture = page.locator(".message-picture img")
    await source(picture)
    await is_answered(page)
    await expect(picture).to_have_attribute("alt", "a cat")
    await expect(answers(page)).to_have_text("Here is your picture.")
    # The model knows that it has drawn.
    await say(page, "Tell me about it")
    await expect(answers(page)).to_have_count(2)
    await is_answered(page)
    roles = [message["role"] for message in fake_llama.requests[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


async def test_a_picture_is_asked_for_and_seen_without_script(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page, "/imagine a blue llama")
    # The page looks again by itself while an answer is made.
    picture = page.locator(".message-picture img")
    await expect(picture).to_be_visible(timeout=DRAW_MS)
