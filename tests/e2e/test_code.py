"""Insecure code in an answer, in a real browser: a note below it, or folded away behind a reason."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import Way, screen
from tests.e2e.talk import answers, begin, is_answered
from tests.e2e.test_access import SMALL
from tests.e2e.test_shares import share
from tests.fake_code_shield import FakeCodeShield
from tests.fake_llama import FakeLlama, says
from tests.servers import Site, Valkey

UNSAFE = "answer = eval(input())\n"
ANSWER = f"""Two ways:

```python
import hashlib

print(hashlib.md5(b"llama").hexdigest())
```

```python
{UNSAFE}```

```python
print(1)
```
"""
WEAK_NOTE, UNSAFE_NOTE = "Line 3: uses a checksum that can be forged (CWE-328)", "Line 1: runs text as code (CWE-94)"


@pytest.fixture
def shield(tmp_path_factory: pytest.TempPathFactory) -> FakeCodeShield:
    return FakeCodeShield(tmp_path_factory.mktemp("shield"))


@pytest.fixture
def site(
    database: None,
    valkey: Valkey,
    fake_llama: FakeLlama,
    shield: FakeCodeShield,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A site of its own with a Code Shield."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": fake_llama.url,
        "LLAMA_DEMO": "1",
        "CODE_SHIELD": str(shield.path),
    }
    site = Site(tmp_path_factory.mktemp("shielded"), environment)
    try:
        site.start()
        yield site
    finally:
        site.kill()


def blocks(page: Page) -> Locator:
    return page.locator("figure.code")


async def ask(page: Page, llama: FakeLlama) -> None:
    llama.script(says(ANSWER))
    await begin(page, "Write code")
    await is_answered(page)


async def looks_marked(page: Page) -> None:
    weak, unsafe, fine = (blocks(page).nth(n) for n in range(3))
    await expect(weak.locator(".code-issues")).to_have_text(WEAK_NOTE)
    await expect(weak.locator("pre")).to_be_visible()
    await expect(unsafe.locator(".code-issues")).to_have_text(UNSAFE_NOTE)
    await expect(unsafe.locator("pre")).to_be_hidden()
    await expect(fine.locator("pre")).to_be_visible()
    await expect(page.locator(".code-issues")).to_have_count(2)


async def test_code_is_marked_and_folded_away_and_can_be_shown(page: Page, fake_llama: FakeLlama) -> None:
    await ask(page, fake_llama)
    await looks_marked(page)
    await page.reload()
    await looks_marked(page)
    line = blocks(page).nth(1).get_by_text("Show it all the same")
    await line.focus()
    await page.keyboard.press("Enter")
    await expect(blocks(page).nth(1).locator("pre")).to_be_visible()


async def test_code_is_copied_without_its_note_also_while_it_is_folded(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await ask(page, fake_llama)
    await blocks(page).nth(1).locator(".copy-code").click()
    await expect(blocks(page).nth(1).locator(".copy-code")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == UNSAFE.strip()
    await page.locator(".message-answer footer").get_by_role("button", name="Copy as text", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Copied")
    words = await page.evaluate("navigator.clipboard.readText()")
    assert words.count(UNSAFE.strip()) == 1
    assert "CWE" not in words
    assert "Show it" not in words


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", ["mouse", "touch"])
async def test_the_marks_can_be_seen_and_touched_by_everybody(
    open_page: OpenPage, fake_llama: FakeLlama, way: Way, scheme: str
) -> None:
    page = await open_page(color_scheme=scheme, **screen(way))
    await ask(page, fake_llama)
    await looks_marked(page)
    for _ in range(2):
        faults = (await Axe().run(page)).response["violations"]
        assert [f"{fault['help']}: {node['html'][:160]}" for fault in faults for node in fault["nodes"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if way == "touch":
            assert await page.evaluate(SMALL) == []
        await blocks(page).nth(1).get_by_text("Show it all the same").click()


async def test_the_marks_need_no_script(page: Page, open_page: OpenPage, fake_llama: FakeLlama) -> None:
    """As a stranger reads them who has the link."""
    await ask(page, fake_llama)
    link = await share(page)
    reader = await open_page(java_script_enabled=False)
    await reader.goto(link)
    await looks_marked(reader)
    await blocks(reader).nth(1).get_by_text("Show it all the same").click()
    await expect(blocks(reader).nth(1).locator("pre")).to_be_visible()


async def test_what_is_found_late_appears_by_itself(page: Page, fake_llama: FakeLlama, shield: FakeCodeShield) -> None:
    fake_llama.script(says(f"```python\n{UNSAFE}# wait\n```\n"))
    await begin(page, "Write code")
    await is_answered(page)
    await expect(blocks(page).locator("pre")).to_be_visible()
    await expect(page.locator(".code-issues")).to_have_count(0)
    shield.go()
    await expect(page.locator(".code-issues")).to_have_text(UNSAFE_NOTE)
    await expect(blocks(page).locator("pre")).to_be_hidden()


async def test_on_paper_the_code_is_there(page: Page, fake_llama: FakeLlama) -> None:
    await ask(page, fake_llama)
    await looks_marked(page)
    await page.emulate_media(media="print")
    await expect(blocks(page).nth(1).locator("pre")).to_be_visible()
    await expect(blocks(page).nth(1).get_by_text("Show it all the same")).to_be_hidden()
    await expect(answers(page)).to_contain_text(UNSAFE_NOTE)
