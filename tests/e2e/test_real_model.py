"""The whole product as `make run` starts it, with the real embedded model, in a real browser."""

import re
import signal
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.fake_web import FakePage, FakeWeb
from tests.servers import eventually
from tests.started import Started


@pytest.fixture(scope="module")
def started(shared_web: FakeWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    web = {"SEARCH_ENGINES": "searxng", "SEARXNG_URL": shared_web.url, "FETCH_ALLOWED": shared_web.address}
    started = Started(tmp_path_factory.mktemp("started"), **web)
    eventually(started.is_up, 90)
    yield started
    started.process.send_signal(signal.SIGTERM)
    assert started.ended()[0] == 0


async def test_a_stranger_reads_an_answer_of_the_embedded_model_as_it_is_written(
    started: Started, browser: Browser
) -> None:
    async with await browser.new_context(base_url=f"http://127.0.0.1:{started.port}") as context:
        page = await context.new_page()
        await page.goto("/")
        await expect(page.get_by_text("A small demonstration model answers here.")).to_be_visible()
        await page.get_by_label("Your message").fill("Tell me a long story about a llama.")
        await page.get_by_label("Your message").press("Enter")
        answer = page.locator(".message-answer")
        writing = page.locator(".message-answer[aria-busy=true] .prose")
        await expect(writing).to_contain_text(re.compile(r"\w"), timeout=60_000)
        early = await writing.inner_text()
        await expect(answer).not_to_have_attribute("aria-busy", "true", timeout=120_000)
        whole = await answer.locator(".prose").inner_text()
        assert len(whole) > len(early) > 0
        await page.reload()
        await expect(answer.locator(".prose")).to_contain_text(whole.split("\n")[0])


async def test_with_always_the_embedded_model_answers_from_pages_that_were_read(
    started: Started, browser: Browser, fake_web: FakeWeb
) -> None:
    fake_web.finds(
        FakePage(
            "/llamas",
            "Llamas cross the Andes",
            (
                "A caravan of two hundred llamas crossed the Andes today, the largest in more than forty years.",
                "They carried salt and wool to the markets of the valley, where they are expected on Sunday.",
            ),
        )
    )
    async with await browser.new_context(base_url=f"http://127.0.0.1:{started.port}") as context:
        page = await context.new_page()
        await page.goto("/")
        await page.get_by_role("combobox", name="Search the web").select_option("Always")
        await page.get_by_label("Your message").fill("How many llamas crossed the Andes today?")
        await page.get_by_label("Your message").press("Enter")
        answer = page.locator(".message-answer")
        await expect(answer.locator(".prose")).to_contain_text(re.compile(r"\w"), timeout=60_000)
        await expect(answer).not_to_have_attribute("aria-busy", "true", timeout=120_000)
        await answer.get_by_text("1 source").click()
        await expect(answer.get_by_role("link", name="Llamas cross the Andes")).to_be_visible()
        assert fake_web.queries == ["How many llamas crossed the Andes today?"]
        assert fake_web.to("/llamas")
