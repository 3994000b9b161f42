"""The whole product as `make run` starts it, with the real embedded model, in a real browser."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.servers import eventually
from tests.started import Started


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path)
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
