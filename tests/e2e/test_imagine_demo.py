"""What people see where the small checkpoint that comes along draws: what it is, and what to ask it for."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from django.conf import settings
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.hands import screen
from tests.e2e.imagining import button, words
from tests.fake_llama import FakeLlama
from tests.people import next_address
from tests.servers import Site, Valkey

LINE = "A small demonstration model draws here"
WIDE = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(scope="module")
def demo_site(valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose operator has changed nothing. What it says does not depend on whether somebody draws."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "IMAGINE_MODEL": str(settings.SHIPPED_CHECKPOINT),
    }
    site = Site(tmp_path_factory.mktemp("demo"), environment)
    site.start()
    yield site
    site.kill()


def line(page: Page) -> Locator:
    return page.get_by_text(LINE)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
async def test_the_page_says_once_what_draws_and_how_to_connect_a_large_one(
    browser: Browser, demo_site: Site, device: str, scheme: str
) -> None:
    kind = screen("touch") if device == "phone" else {"viewport": {"width": 1280, "height": 800}}
    headers = {"X-Forwarded-For": next_address()}
    async with await browser.new_context(
        base_url=demo_site.url, extra_http_headers=headers, color_scheme=scheme, **kind
    ) as context:
        page = await context.new_page()
        await page.goto("/imagine/")
        await expect(line(page)).to_have_count(1)
        await expect(line(page)).to_be_visible()
        assert await page.evaluate(WIDE) <= 0
        assert (await Axe().run(page)).response["violations"] == []
        await page.get_by_role("link", name="Connect a large one").click()
        await expect(page.get_by_role("heading", name="Pictures")).to_be_in_viewport()
        await expect(page.get_by_text("IMAGINE_MODEL=")).to_be_visible()
        await expect(page.get_by_text("A small demonstration model draws now.")).to_be_visible()


@pytest.mark.slow
async def test_the_page_suggests_what_the_small_one_knows(browser: Browser, demo_site: Site) -> None:
    headers = {"X-Forwarded-For": next_address()}
    async with await browser.new_context(base_url=demo_site.url, extra_http_headers=headers) as context:
        page = await context.new_page()
        await page.goto("/imagine/")
        await expect(page.get_by_role("link", name="How to set up pictures")).to_have_count(0)
        await expect(words(page)).to_have_attribute("placeholder", "A rocket in space")
        await words(page).fill("a fox")
        await button(page, "Improve").click()
        better = page.get_by_role("group", name="Better words").get_by_role("button")
        await expect(better).to_have_count(3)
        for chip in await better.all_inner_texts():
            assert chip.startswith(("a fox on ", "a fox in ", "a fox at "))


async def test_where_another_checkpoint_draws_nothing_is_said_of_a_demonstration(page: Page) -> None:
    await page.goto("/imagine/")
    await expect(words(page)).to_have_attribute("placeholder", "Describe a picture")
    await expect(line(page)).to_have_count(0)
    await page.goto("/about/")
    await expect(page.get_by_text("A small demonstration model draws now.")).to_have_count(0)
