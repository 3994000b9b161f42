"""An answer that is taken back, in a real browser: it goes from the page, and a sentence stands there."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e.talk import answers, begin, is_answered, say
from tests.fake_guard import judges
from tests.fake_llama import FakeLlama, Gate, says, thinks
from tests.servers import Site, Valkey


@pytest.fixture
def site(
    database: None, valkey: Valkey, fake_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site of its own with a guard."""
    with FakeLlama(default=judges()) as guard:
        environment = {
            "REDIS_URL": valkey.url,
            "LLAMA_URL": fake_llama.url,
            "LLAMA_DEMO": "1",
            "LLAMA_GUARD_URL": guard.url,
            "LLAMA_GUARD_MODEL": "llama-guard3",
        }
        site = Site(tmp_path_factory.mktemp("guarded"), environment)
        try:
            site.start()
            yield site
        finally:
            site.kill()


async def test_what_was_shown_goes_and_a_sentence_stays(page: Page, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says(f"Llamas **hum**. {'So do they. ' * 60}\n\nTake a bomb. {'Now. ' * 400}", gate=gate))
    gate.let(30)
    await begin(page)
    await expect(answers(page).locator("strong")).to_have_text("hum")
    gate.let(300)
    trouble = page.locator(".message-answer .trouble")
    await expect(trouble).to_contain_text("I took this answer back")
    await expect(answers(page)).to_have_text("")
    await is_answered(page)
    await page.reload()
    await expect(trouble).to_contain_text("I took this answer back")
    await expect(answers(page)).to_have_text("")
    gate.open()
    fake_llama.script(thinks("The bomb.", "Hello."))
    await say(page, "And now?")
    await expect(trouble).to_have_count(2)
    await expect(page.locator(".reasoning")).to_have_count(0)
    fake_llama.script(says("You are welcome."))
    await say(page, "Thank you")
    await expect(answers(page).last).to_have_text("You are welcome.")
