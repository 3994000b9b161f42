"""What fails is heard by those who do not see it: once, in the words that stand on the page."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import until
from tests.e2e.talk import begin, converse, held, say
from tests.e2e.test_history import side
from tests.fake_llama import FakeLlama, cut_off, fails, says

# Keeps what every live region of the page comes to say, in order.
KEEP_ALL = """
window.heard = [];
const LIVE = "[role=status], [role=alert], [aria-live]";
new MutationObserver(changes => {
  const regions = new Set();
  for (const { target, addedNodes } of changes) {
    const around = (target.nodeType === 1 ? target : target.parentElement)?.closest(LIVE);
    if (around) regions.add(around);
    for (const node of addedNodes) {
      if (node.nodeType !== 1) continue;
      for (const one of [node, ...node.querySelectorAll(LIVE)]) if (one.matches(LIVE)) regions.add(one);
    }
  }
  for (const region of regions) {
    const text = region.textContent.trim();
    if (text && region.checkVisibility()) window.heard.push(text);
  }
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
REFUSE = """
const refuse = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
navigator.clipboard.write = navigator.clipboard.writeText = refuse;
"""
FAILED = "That did not work. Please try again."
UNCOPIED = "The browser did not allow that. Please select the text and copy it from there."


@pytest.fixture
async def listener(open_page: OpenPage) -> Page:
    """A browser that keeps what a screen reader would say."""
    page = await open_page()
    await page.add_init_script(KEEP_ALL)
    return page


async def heard(page: Page) -> list[str]:
    said: list[str] = await page.evaluate("window.heard")
    return said


async def is_heard(page: Page, *sentences: str) -> None:
    """Wait until these, and nothing else, were said since the last time."""

    async def is_said() -> bool:
        return len(await heard(page)) >= len(sentences)

    await until(is_said)
    assert await heard(page) == list(sentences)
    await page.evaluate("window.heard.length = 0")


async def sentence(page: Page) -> str:
    """What stands under an answer that went wrong."""
    return (await page.locator(".message-answer .trouble > span").inner_text()).strip()


@pytest.mark.parametrize("how", [fails(500), cut_off("One two")], ids=["failed", "cut off"])
async def test_an_answer_that_failed_is_not_called_finished(
    listener: Page, fake_llama: FakeLlama, how: Callable[..., Awaitable[None]]
) -> None:
    fake_llama.script(says("Hello."), how, how, how)
    await converse(listener, "Hello")
    await listener.evaluate("window.heard.length = 0")
    await say(listener, "Again")
    await expect(listener.locator(".message-answer .trouble")).to_be_visible()
    await is_heard(listener, "Answering", await sentence(listener))


async def test_a_stopped_answer_is_heard_as_stopped(listener: Page, fake_llama: FakeLlama) -> None:
    held(fake_llama, "One two three.", 2)
    await begin(listener)
    await expect(listener.locator(".message-answer .prose")).to_have_text("One two")
    await listener.get_by_role("button", name="Stop").click()
    await expect(listener.locator(".message-answer .trouble")).to_be_visible()
    await is_heard(listener, "Answering", await sentence(listener))


async def test_a_search_that_failed_or_found_nothing_is_heard(listener: Page) -> None:
    await converse(listener, "Where do guanacos live?")
    await listener.evaluate("window.heard.length = 0")
    field = side(listener).get_by_role("searchbox")
    await field.fill("zzzz")
    await is_heard(listener, "Nothing found. Try fewer words, or only how one begins.")
    await listener.route("**/c/?q=*", lambda route: route.abort())
    await field.fill("guanaco")
    await is_heard(listener, FAILED)


@pytest.mark.parametrize("what", ["rename", "delete"])
async def test_a_name_or_a_removal_that_failed_is_heard_and_undone(listener: Page, what: str) -> None:
    await converse(listener, "Hello")
    await listener.route(f"**/{what}", lambda route: route.abort())
    title = side(listener).locator(".conversation").first
    before = await title.inner_text()
    await title.hover()
    await side(listener).locator("[data-rename]").first.click()
    await listener.evaluate("window.heard.length = 0")
    menu = listener.locator("#conversation-menu")
    if what == "rename":
        await menu.get_by_role("menuitem", name="Rename").click()
        await listener.get_by_label("Name of the conversation").fill("Another")
        await listener.keyboard.press("Enter")
    else:
        await menu.get_by_role("menuitem", name="Delete").click()
        await listener.locator("#delete-dialog").get_by_role("button", name="Delete").click()
    await is_heard(listener, FAILED)
    await expect(title).to_have_text(before)


async def test_an_address_that_cannot_be_copied_is_heard(listener: Page) -> None:
    await listener.add_init_script(REFUSE)
    await converse(listener, "Hello")
    await listener.get_by_role("link", name="Share").click()
    panel = listener.locator("#share-panel")
    await panel.get_by_role("button", name="Make a link").click()
    copy = panel.get_by_role("button", name="Copy")
    await expect(copy).to_be_visible()
    await listener.evaluate("window.heard.length = 0")
    await copy.click()
    await is_heard(listener, UNCOPIED)
