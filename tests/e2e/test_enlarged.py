"""Enlarged to 200 and 400 %, and with the spacing of text that WCAG 1.4.12 asks for: nothing is lost, cut or broken."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import composer, is_answered
from tests.e2e.test_imagine_access import PANELS, WIDE
from tests.e2e.test_picture_page import at_picture
from tests.fake_llama import FakeLlama, says, thinks
from tests.people import Visitor

# A window of 1280 x 1024 pixels, enlarged.
WINDOWS: dict[str, dict[str, Any]] = {
    "200 %": {"viewport": {"width": 640, "height": 512}},
    "400 %": {"viewport": {"width": 320, "height": 256}},
    "spaced": {"viewport": {"width": 1280, "height": 800}},
    "spaced on a phone": {"viewport": {"width": 390, "height": 844}},
}
SPACE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
    p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""

# Of what is open, or else of the page: the controls that nobody can scroll to and press, and what reaches out of it;
# and words that are broken in the middle.
LOST = r"""async () => {
  const list = document.querySelector("[role=listbox]:not([hidden])");
  const open = list ?? [...document.querySelectorAll("dialog[open], :popover-open")].at(-1) ?? document.body;
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".sr-only, .skip, .speaker, [inert], .composer .attach") && one.getClientRects().length;
  const all = (selector) => [...open.querySelectorAll(selector)].filter(isSeen);
  const named = (one) => one.outerHTML.slice(0, 120);
  const isThere = (control) => {
    // The first line of a link that has several.
    const { x, y, width, height } = control.getClientRects()[0] ?? control.getBoundingClientRect();
    const far = Math.min(12, height / 2 - 1);
    return [-far, 0, far].every((step) => {
      const there = document.elementFromPoint(x + width / 2, y + height / 2 + step);
      return there && (control.closest("label") ?? control).contains(there);
    });
  };
  const isCut = (one) => one.scrollTop > 0 && getComputedStyle(one).overflowY === "hidden";
  const around = (one) => (one && one !== document.body ? [one, ...around(one.parentElement)] : []);
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const found = open.scrollWidth > open.clientWidth ? [`too wide: ${named(open)}`] : [];
  for (const control of all("a, button, input, textarea, summary, label, kbd, [role=option]")) {
    const reach = () => control.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    reach();
    // The button that leads to the end goes once one is there; meanwhile the page may still follow what has just come.
    for (let wait = 0; wait < 20 && !isThere(control); wait += 1) {
      await painted();
      reach();
    }
    if (!isSeen(control)) continue;
    if (!isThere(control) || around(control).some(isCut)) found.push(`covered: ${named(control)}`);
    const box = control.getBoundingClientRect();
    if (box.left < -0.5 || box.right > innerWidth + 0.5) found.push(`outside: ${named(control)}`);
  }
  for (const place of all("button, a, label, summary, h1, h2, dt, legend")) {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      for (const { 0: word, index } of text.data.matchAll(/(?<!\S)\p{L}{2,14}(?!\S)/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) found.push(`broken: ${word}`);
      }
    }
  }
  return found;
}"""


async def lost(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(LOST)
    if (over := await page.evaluate(WIDE)) > 0:
        found.append(f"the page is {over} pixels too wide")
    return found


async def every_state(page: Page, llama: FakeLlama) -> AsyncIterator[str]:
    """Opens all that can be opened in the chat; gives the name of each while it is open."""
    llama.script(says("Hello."), thinks("Is it larger? " * 20, "Larger."), says("Shorter."))
    await page.goto("/")
    await page.get_by_role("button", name="Temporary chat").click()
    yield "start"
    await page.get_by_role("button", name="Temporary chat").click()
    await composer(page).fill("/")
    await expect(page.get_by_role("listbox")).to_be_visible()
    yield "commands"
    await page.locator("input[type=file]").set_input_files(
        FilePayload(name="the notes of a long day in Cusco.txt", mimeType="text/plain", buffer=b"a line\n" * 80)
    )
    await expect(page.locator(".tray .file-size")).to_contain_text("bytes")
    await composer(page).fill("Lamps")
    yield "a file"
    await page.locator(".tray .file-open").click()
    await expect(page.locator(".file-text")).to_contain_text("a line")
    yield "the text of a file"
    await page.keyboard.press("Escape")
    await composer(page).press("Enter")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    await composer(page).fill("Is a llama larger than an alpaca?")
    await composer(page).press("Enter")
    await expect(page.get_by_text("Larger.")).to_be_visible()
    await is_answered(page)
    await page.locator("summary").click()
    yield "reasoning"
    await page.locator("[data-ways]").last.click()
    yield "the menu of an answer"
    await page.get_by_role("menuitem", name="Shorter").click()
    await expect(page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await is_answered(page)
    yield "versions"
    await page.get_by_role("button", name="Save or print").click()
    yield "the menu of the page"
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Share").click()
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.locator("[data-share-address]")).to_be_visible()
    yield "the panel to share it"
    await page.keyboard.press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    yield "keys"
    await page.keyboard.press("Escape")
    if await page.locator(".open-side").is_visible():
        await page.locator(".open-side").click()
    yield "the side bar"
    await page.locator("#side [data-rename]").focus()
    await page.keyboard.press("Enter")
    yield "the menu of a conversation"
    await page.get_by_role("menuitem", name="Delete").click()
    yield "deleting it"


@pytest.mark.parametrize("window", WINDOWS)
async def test_enlarged_or_spaced_nothing_of_the_chat_is_lost(
    open_page: OpenPage, fake_llama: FakeLlama, window: str
) -> None:
    page = await open_page(**WINDOWS[window])
    found: dict[str, list[str]] = {}
    async for name in every_state(page, fake_llama):
        if window.startswith("spaced"):
            await page.evaluate(SPACE)
        if faults := await lost(page):
            found[name] = faults
    assert found == {}


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize("window", WINDOWS)
async def test_enlarged_or_spaced_nothing_of_a_picture_is_lost(
    open_page: OpenPage, alice: Visitor, window: str
) -> None:
    page = await open_page(**WINDOWS[window])
    found: dict[str, list[str]] = {}
    await at_picture(page, alice)
    for name in ("", *PANELS):
        if window.startswith("spaced"):
            await page.evaluate(SPACE)
        if name:
            await page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
        if faults := await lost(page):
            found[name] = faults
        await page.keyboard.press("Escape")
    await page.goto("/imagine/")
    if window.startswith("spaced"):
        await page.evaluate(SPACE)
    if faults := await lost(page):
        found["imagine"] = faults
    assert found == {}
