"""Hard questions go to the best model, where there is one, and to the usual one where that is away or used up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, is_answered, say
from tests.fake_llama import MODEL, FakeLlama, fails, says
from tests.servers import Site, Valkey

AWAY = "The model for hard questions does not answer right now, so the usual one did."
SPENT = "Your hard questions are used up for today, so the usual model answered."
QUOTA = 3


@pytest.fixture(scope="module")
def best_llama() -> Iterator[FakeLlama]:
    with FakeLlama() as llama:
        yield llama


@pytest.fixture
def best(best_llama: FakeLlama) -> FakeLlama:
    """The server for hard questions."""
    best_llama.reset()
    return best_llama


@pytest.fixture
def site(database: None, valkey: Valkey, fake_llama: FakeLlama, best: FakeLlama, tmp_path: Path) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": fake_llama.url,
        "LLAMA_BEST_URL": best.url,
        "LLAMA_BEST_MODEL": "llama-large",
        "LIMIT_GUEST_HARDER": f"{QUOTA}/day",
    }
    site = Site(tmp_path, environment)
    site.start()
    yield site
    site.kill()


def switch(page: Page) -> Locator:
    return page.get_by_role("checkbox", name="Think harder")


def remarks(page: Page) -> Locator:
    return page.locator(".reading")


async def begin_harder(page: Page, text: str) -> None:
    await page.goto("/")
    await switch(page).check()
    await say(page, text)
    await page.wait_for_url("**/c/**")
    await is_answered(page)


async def test_the_best_model_answers_where_the_switch_is_on(
    page: Page, fake_llama: FakeLlama, best: FakeLlama
) -> None:
    best.script(says("Because of the sky."))
    await begin_harder(page, "Why?")
    await expect(answers(page)).to_have_text(["Because of the sky."])
    await expect(remarks(page)).to_have_text([f"Answered by {MODEL}"])
    assert [request["model"] for request in best.requests] == ["llama-large"]
    assert not fake_llama.requests
    # It stays on in this conversation, also over a reload, until it is switched off.
    await page.reload()
    await expect(switch(page)).to_be_checked()
    await switch(page).uncheck()
    fake_llama.script(says("Yes."))
    await say(page, "Sure?")
    await expect(answers(page)).to_have_text(["Because of the sky.", "Yes."])
    await is_answered(page)
    await expect(remarks(page)).to_have_count(1)
    assert len(best.requests) == 1
    await page.reload()
    await expect(switch(page)).not_to_be_checked()


async def test_an_answer_can_be_had_anew_from_the_best_model(
    page: Page, fake_llama: FakeLlama, best: FakeLlama
) -> None:
    fake_llama.script(says("Hm."))
    best.script(says("Because."))
    await begin(page, "Why?")
    await is_answered(page)
    await switch(page).check()
    await page.get_by_role("button", name="Answer again").click()
    await expect(answers(page)).to_have_text(["Because."])
    await is_answered(page)
    await expect(remarks(page)).to_have_count(1)


async def test_the_usual_model_answers_where_the_best_one_is_away_and_nobody_waits_for_it(
    page: Page, fake_llama: FakeLlama, best: FakeLlama
) -> None:
    best.on("Why?", fails(500))
    best.on("Why not?", fails(500))
    fake_llama.script(says("Hm."), says("Hm, hm."))
    await begin_harder(page, "Why?")
    await expect(answers(page)).to_have_text(["Hm."])
    await expect(remarks(page)).to_have_text([AWAY])
    asked = len(best.requests)
    assert asked
    await say(page, "Why not?")
    await expect(answers(page)).to_have_text(["Hm.", "Hm, hm."])
    await is_answered(page)
    await expect(remarks(page)).to_have_text([AWAY, AWAY])
    assert len(best.requests) == asked
    await page.reload()
    await expect(remarks(page)).to_have_text([AWAY, AWAY])


async def test_who_has_used_up_theirs_gets_the_usual_model_and_is_told(
    page: Page, fake_llama: FakeLlama, best: FakeLlama
) -> None:
    await begin_harder(page, "One?")
    for number in range(2, QUOTA + 1):
        await say(page, "More?")
        await expect(answers(page)).to_have_count(number)
        await is_answered(page)
    assert len(best.requests) == QUOTA
    await say(page, "And one more?")
    await expect(answers(page)).to_have_count(QUOTA + 1)
    await is_answered(page)
    await expect(remarks(page).last).to_have_text(SPENT)
    assert len(best.requests) == QUOTA
    assert len(fake_llama.requests) == 1


async def test_a_command_asks_the_best_model_once(page: Page, fake_llama: FakeLlama, best: FakeLlama) -> None:
    await page.goto("/")
    await composer(page).fill("/th")
    await expect(page.get_by_role("option", name="think")).to_be_visible()
    await begin(page, "/think Why?")
    await is_answered(page)
    asked = best.requests[0]["messages"][-1]["content"]
    assert "\n\nWhy?\n\n" in asked
    assert "/think" not in asked
    await expect(page.locator(".message-user .prose")).to_have_text("Why?")


async def test_it_works_without_script(open_page: OpenPage, fake_llama: FakeLlama, best: FakeLlama) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    await switch(page).check()
    await say(page, "Why?")
    await page.wait_for_url("**/c/**")
    await expect(remarks(page)).to_have_count(1, timeout=20_000)
    assert len(best.requests) == 1


async def test_the_switch_is_reached_by_thumb_and_by_key(open_page: OpenPage, site: Site) -> None:
    page = await open_page(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    await page.goto("/")
    await switch(page).tap()
    await expect(switch(page)).to_be_checked()
    await switch(page).focus()
    await page.keyboard.press("Space")
    await expect(switch(page)).not_to_be_checked()
    box = await switch(page).bounding_box()
    assert box
    assert box["width"] >= 44
    assert box["height"] >= 44
    field = await composer(page).bounding_box()
    assert field
    assert field["width"] > 150
