"""What a person who draws sees while a part is missing: the line, the painter, the checkpoint."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.async_api import Browser, Page, expect

from imagine import keys
from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import (
    DRAW_MS,
    are_drawn,
    away,
    button,
    cards,
    imagine,
    paused,
    pictures_of,
    preview_of,
    wall,
    words,
    write,
)
from tests.e2e.talk import answers, begin, is_answered
from tests.e2e.test_survival import context_at
from tests.fake_llama import FakeLlama, says
from tests.servers import Painter, Site, Valkey, soon
from tests.wire import Wire

AWAY = "The part that draws is away for a moment."
Cable: TypeAlias = tuple[Page, Wire]


@pytest.fixture
async def cable(
    browser: Browser, valkey: Valkey, checkpoint_folder: Path, painter: Painter, tmp_path: Path
) -> AsyncIterator[Cable]:
    """A page behind a cable that can be cut. It has a port of its own, which the site must know as its address."""
    site = Site(tmp_path, {"REDIS_URL": valkey.url, "IMAGINE_MODEL": str(checkpoint_folder)})
    async with Wire(site.port) as wire:
        site.environment["SITE_URL"] = url = f"http://127.0.0.1:{wire.port}"
        site.start()
        async with context_at(browser, url) as context:
            yield await context.new_page(), wire
        site.kill()


@pytest.mark.slow
async def test_a_cut_line_does_not_end_the_typing(cable: Cable) -> None:
    page, wire = cable
    await imagine(page, "a red llama")
    wire.cut()
    await words(page).press_sequentially(" in a boat")
    await expect(preview_of(page, "a red llama")).to_be_visible()
    await expect(page.locator("#notice")).to_have_text("The site is away. Trying again…", timeout=15_000)
    wire.mend()
    await expect(preview_of(page, "a red llama in a boat")).to_be_visible(timeout=DRAW_MS)
    await expect(page.locator("#notice")).to_be_empty()
    await write(page, "a red llama in a boat at sea")
    await button(page, "Keep").click()
    await are_drawn(page, 1)


@pytest.mark.slow
async def test_a_picture_that_was_done_while_the_line_was_cut_is_seen_after(cable: Cable, painter: Painter) -> None:
    page, wire = cable
    await imagine(page, "a red llama")
    with paused(painter):
        await button(page, "Draw").click()
        await expect(wall(page).get_by_text("Waiting")).to_have_count(4)
        wire.cut()
    wire.mend()
    await are_drawn(page, 4)


@pytest.mark.slow
async def test_words_that_are_refused_for_now_are_drawn_without_typing_on(
    browser: Browser, valkey: Valkey, checkpoint_folder: Path, painter: Painter, tmp_path: Path
) -> None:
    async with Wire(valkey.port) as wire:
        redis = f"redis://127.0.0.1:{wire.port}/0"
        site = Site(tmp_path, {"REDIS_URL": redis, "IMAGINE_MODEL": str(checkpoint_folder)})
        site.start()
        async with context_at(browser, site.url) as context:
            page = await context.new_page()
            await imagine(page, "a red llama")
            wire.cut()
            await words(page).fill("a red llama at sea")
            await expect(page.get_by_text("catching its breath")).to_be_visible()
            wire.mend()
            await expect(preview_of(page, "a red llama at sea")).to_be_visible(timeout=DRAW_MS)
            await expect(page.get_by_text("catching its breath")).to_be_hidden()
        site.kill()


async def test_words_that_were_lost_on_the_way_are_sent_again(page: Page, painter: Painter, valkey: Valkey) -> None:
    await page.clock.install()
    await imagine(page, "a red llama")
    with paused(painter):
        await words(page).fill("a red llama at sea")
        await soon(lambda: valkey.size(keys.QUEUE))
        valkey.forget(keys.QUEUE)
    await page.clock.run_for(9_000)
    await expect(preview_of(page, "a red llama at sea")).to_be_visible(timeout=DRAW_MS)


@pytest.mark.parametrize("script", [True, False])
async def test_what_is_not_drawn_is_said_and_the_words_stay(
    open_page: OpenPage, painter: Painter, script: bool
) -> None:
    page = await open_page(java_script_enabled=script)
    await page.goto("/imagine/?prompt=a+naked+child")
    await button(page, "Draw").click()
    await expect(page.get_by_text("That is something I do not draw.")).to_be_visible()
    await expect(words(page)).to_have_value("a naked child")
    await expect(cards(page)).to_have_count(0)


async def test_while_the_painter_is_away_the_page_says_so_and_what_is_asked_for_is_drawn_later(
    page: Page, painter: Painter, valkey: Valkey
) -> None:
    with away(painter, valkey):
        await page.goto("/imagine/")
        await expect(page.get_by_text(AWAY)).to_be_visible()
        await words(page).fill("a red llama")
        await button(page, "Draw").click()
        await expect(cards(page)).to_have_count(4)
    await are_drawn(page, 4)
    await expect(page.get_by_text(AWAY)).to_have_count(0, timeout=DRAW_MS)
    await write(page, "a red llama with a hat")


async def test_a_painter_who_goes_while_one_types_is_missed_and_welcome_again(
    page: Page, painter: Painter, valkey: Valkey
) -> None:
    await imagine(page, "a red llama")
    with away(painter, valkey):
        await expect(page.get_by_text(AWAY)).to_be_visible()
        await words(page).press_sequentially(" in a boat")
        await expect(preview_of(page, "a red llama")).to_be_visible()
    await expect(preview_of(page, "a red llama in a boat")).to_be_visible(timeout=DRAW_MS)
    await expect(page.get_by_text(AWAY)).to_have_count(0, timeout=DRAW_MS)
    assert await pictures_of(page) == []


# No checkpoint


@pytest.fixture
def bare_site(tmp_path: Path, fake_llama: FakeLlama) -> Iterator[Site]:
    """A site for which nobody has set a checkpoint, and where nobody draws."""
    valkey = Valkey(tmp_path / "valkey")
    site = Site(tmp_path / "site", {"REDIS_URL": valkey.url, "LLAMA_URL": fake_llama.url})
    valkey.start()
    site.start()
    yield site
    site.kill()
    valkey.kill()


@pytest.mark.slow
async def test_without_a_checkpoint_the_page_says_how_to_set_one_and_the_chat_works(
    browser: Browser, bare_site: Site, fake_llama: FakeLlama
) -> None:
    async with context_at(browser, bare_site.url) as context:
        page = await context.new_page()
        await page.goto("/imagine/")
        await expect(page.get_by_text("Pictures are not set up here yet.")).to_be_visible()
        refused = asyncio.Event()

        def note(message: str | bytes) -> None:
            if isinstance(message, str) and json.loads(message)["type"] == "refused":
                refused.set()

        page.on("websocket", lambda socket: socket.on("framereceived", note))
        await words(page).fill("a red llama")
        await asyncio.wait_for(refused.wait(), DRAW_MS / 1000)
        await expect(page.get_by_role("link", name="How to set up pictures")).to_be_visible()
        await button(page, "Draw").click()
        await expect(page.get_by_text("Pictures are not set up here yet.")).to_be_visible()
        await expect(cards(page)).to_have_count(0)
        await page.goto("/imagine/")
        await page.get_by_role("link", name="How to set up pictures").click()
        await expect(page.get_by_role("heading", name="Pictures")).to_be_in_viewport()
        await expect(page.get_by_text("IMAGINE_MODEL=")).to_be_visible()
        fake_llama.script(says("Good day."))
        await begin(page, "Hello")
        await is_answered(page)
        await expect(answers(page)).to_have_text("Good day.")
