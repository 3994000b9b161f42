"""What people do most, in the Firefox of the system; skipped where there is none. Chromium runs all else."""

import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from functools import partial
from shlex import quote

import pytest
from playwright.async_api import Browser, ConsoleMessage, FilePayload, Page, async_playwright, expect

from tests.conftest import note_errors
from tests.e2e import bidi_relay
from tests.e2e.hands import MOST_TABS
from tests.e2e.imagining import imagine, looks, until
from tests.e2e.talk import answers, composer, converse, held, is_answered, questions, say
from tests.e2e.test_history import choose, named, side
from tests.e2e.test_theme import DARK, LIGHT, option, paper
from tests.fake_llama import FakeLlama, says
from tests.people import next_address
from tests.servers import Painter, Site

FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = pytest.mark.skipif(not FIREFOX, reason="Firefox is not installed: apt-get install firefox-esr")

ANSWER = """A *plan*, in code:

```python
def f(x):
    return x ** 2
```

| a | b |
|---|---|
| 1 | two |

$$\\frac{a}{b}$$
"""
TOO_WIDE = (
    " | ".join(f"a_long_name_{number}" for number in range(20))
    + f"\n{'---|' * 20}\n\n```\n{'a line of code ' * 20}\n```\n\n$$\n{' + '.join('abcdefgh' * 8)}\n$$\n"
)
LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(1, 61))
# A switch shows it on the label around it, the field one writes in by its caret and the border of its form.
STOP = """() => {
  const seen = (one) => getComputedStyle(one).outlineStyle !== "none" || getComputedStyle(one).boxShadow !== "none";
  const one = document.activeElement;
  return [one.outerHTML.slice(0, 120), seen(one) || seen(one.closest("label") ?? one) || one.id === "text"];
}"""


@pytest.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Firefox, behind the relay that Playwright takes for it."""
    program = tmp_path_factory.mktemp("firefox") / "firefox"
    command = (sys.executable, bidi_relay.__file__, FIREFOX or "")
    program.write_text(f'#!/bin/sh\nexec {" ".join(map(quote, command))} "$@"\n')
    program.chmod(0o700)
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=program)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A fresh browser at the site; an error of a script, or one in the console of any tab, fails the test."""
    errors: list[str] = []

    def watch(page: Page) -> None:
        note_errors(page, errors)
        page.on("console", note)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    async with await browser.new_context(
        base_url=site.url, extra_http_headers={"X-Forwarded-For": next_address()}
    ) as context:
        context.on("page", watch)
        yield await context.new_page()
    assert errors == []


async def test_an_answer_comes_word_by_word_with_code_a_table_and_a_formula(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, ANSWER, 3)
    await page.goto("/")
    await expect(composer(page)).to_be_focused()
    await page.keyboard.type("A plan, please")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/c/**")
    await expect(answers(page)).to_have_text(re.compile(r"^A plan,"))
    gate.open()
    await is_answered(page)
    await expect(answers(page).locator("pre code")).to_contain_text("return x ** 2")
    await expect(answers(page).get_by_role("cell", name="two")).to_be_visible()
    await expect(answers(page).locator("mfrac")).to_be_visible()
    await expect(composer(page)).to_be_focused()


async def test_an_answer_is_stopped_by_escape_asked_for_again_and_its_question_edited(
    page: Page, fake_llama: FakeLlama
) -> None:
    held(fake_llama, "One two three four.", 2)
    await page.goto("/")
    await say(page, "Count")
    await expect(answers(page)).to_have_text("One two")
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread").get_by_text("You stopped this answer.")).to_be_visible()
    await fake_llama.until(lambda counts: counts.closed_by_client == 1)
    fake_llama.script(says("Five six."), says("Ten."))
    await page.get_by_role("button", name="Answer again").click()
    await expect(answers(page)).to_have_text(["Five six."])
    await is_answered(page)
    await page.locator(".message-user").hover()
    await page.get_by_role("link", name="Edit").click()
    await page.locator(".edit textarea").fill("Count in tens")
    await page.get_by_role("button", name="Save and send").click()
    await expect(answers(page)).to_have_text(["Ten."])
    await expect(questions(page)).to_have_text(["Count in tens"])


async def test_an_answer_and_its_code_are_copied(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me all")
    await page.locator(".message-answer footer").get_by_role("button", name="Copy", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Copied")
    await composer(page).focus()
    await page.keyboard.press("ControlOrMeta+v")
    await expect(composer(page)).to_have_value(ANSWER)
    await page.locator(".copy-code").click()
    await expect(page.locator(".copy-code")).to_have_text("Copied")
    await composer(page).fill("")
    await page.keyboard.press("ControlOrMeta+v")
    await expect(composer(page)).to_have_value("def f(x):\n    return x ** 2")


async def test_a_file_is_chosen_looked_at_and_sent_and_a_selection_copied(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    await page.goto("/")
    notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"one\ntwo")
    await page.locator("input[type=file]").set_input_files(notes)
    file = page.locator(".tray .file-open")
    await file.press("Enter")
    await expect(page.get_by_role("dialog").locator("pre")).to_have_text("one\ntwo")
    await page.keyboard.press("Escape")
    await expect(file).to_be_focused()
    await say(page, "Read it")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert "one\ntwo" in fake_llama.requests[-1]["messages"][-1]["content"]
    # As a mouse would that selects.
    await page.evaluate("document.activeElement.blur()")
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.message-answer'))")
    await page.keyboard.press("ControlOrMeta+c")
    await page.evaluate("getSelection().removeAllRanges()")
    await composer(page).focus()
    await page.keyboard.press("ControlOrMeta+v")
    copied = "A plan, in code:\n\ndef f(x):\n    return x ** 2\n\na\tb\n1\ttwo\n\n$$\\frac{a}{b}$$"
    await expect(composer(page)).to_have_value(copied)


async def test_a_reload_keeps_the_place_and_a_second_tab_stays_in_step(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(LONG))
    await converse(page, "At length")
    await page.locator("p", has_text="Paragraph 30 of").evaluate("one => one.scrollIntoView({block: 'start'})")
    place = "document.querySelector('.prose p:nth-child(1)').getBoundingClientRect().top"
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    before = await page.evaluate(place)
    await page.reload()
    await expect(page.locator("p", has_text="Paragraph 30 of")).to_be_in_viewport()
    assert abs(await page.evaluate(place) - before) < 8
    other = await page.context.new_page()
    await other.goto(page.url)
    gate = held(fake_llama, "One two three.", 2)
    await say(other, "And then?")
    await expect(answers(page).last).to_have_text("One two")
    gate.open()
    await expect(answers(page).last).to_have_text("One two three.")
    await is_answered(page)


async def test_a_conversation_is_found_renamed_and_deleted_in_the_side_bar(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.on("Lamps", says("Buy a paper lantern."))
    fake_llama.on("Bread", says("Let the dough rest."))
    await converse(page, "Lamps")
    await converse(page, "Bread")
    search = side(page).get_by_role("searchbox")
    await search.press_sequentially("lantern")
    await expect(named(page, "Bread")).to_have_count(0)
    await expect(named(page, "Lamps")).to_be_visible()
    await search.fill("")
    await expect(named(page, "Bread")).to_be_visible()
    await choose(page, "Lamps", "Rename")
    await page.get_by_label("Name of the conversation").fill("Lanterns")
    await page.keyboard.press("Enter")
    await expect(named(page, "Lanterns")).to_be_focused()
    await choose(page, "Lanterns", "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(named(page, "Lanterns")).to_have_count(0)
    await page.reload()
    await expect(side(page).locator(".conversation")).to_have_text(["Bread"])


async def test_what_is_too_wide_is_scrolled_by_keys(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(TOO_WIDE))
    await page.set_viewport_size({"width": 500, "height": 800})
    await converse(page, "At full width")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 500
    for wide in (".table", ".code pre", ".formula"):
        place = answers(page).locator(wide)
        await place.focus()
        await page.keyboard.press("ArrowRight")
        await until(partial(place.evaluate, "one => one.scrollLeft > 0"))


async def test_a_menu_is_gone_through_by_keys_and_a_link_made_and_taken_back(page: Page) -> None:
    await converse(page, "Lamps")
    for menu in (page.get_by_role("button", name="Save or print"), page.locator("#side [data-rename]")):
        await menu.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem").first).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(page.locator(":popover-open").get_by_role("menuitem").last).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(menu).to_be_focused()
    await page.get_by_role("link", name="Share").press("Enter")
    await page.get_by_role("button", name="Make a link").press("Enter")
    await expect(page.locator("[data-share-address]")).to_be_focused()
    link = await page.locator("[data-share-address]").input_value()
    reader = await page.context.new_page()
    await reader.goto(link)
    await expect(reader.get_by_role("heading", name="Lamps")).to_be_visible()
    await reader.close()
    await page.get_by_role("button", name="Take the link back").click()
    await expect(page.get_by_role("button", name="Make a link")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Share")).to_be_focused()
    await page.goto(link)
    await expect(page.get_by_text("There is nothing behind this link.")).to_be_visible()


async def test_words_are_drawn_while_one_types(page: Page, painter: Painter) -> None:
    await imagine(page, "a red boat")
    width, height = (await looks(page)).size
    assert width == height >= 64


async def test_one_chooses_light_or_dark(page: Page) -> None:
    await converse(page, "Hello")
    await option(page, "Dark").locator("xpath=ancestor::label").click()
    assert await paper(page) == DARK
    await page.reload()
    assert await paper(page) == DARK
    await option(page, "Light").locator("xpath=ancestor::label").click()
    assert await paper(page) == LIGHT


async def test_every_stop_of_the_keyboard_is_seen(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me all")
    await page.evaluate("document.activeElement.blur()")
    stops: list[str] = []
    unseen: list[str] = []
    while len(stops) < MOST_TABS:
        await page.keyboard.press("Tab")
        one, seen = await page.evaluate(STOP)
        if one in stops[:1] or one.startswith("<body"):
            break
        stops.append(one)
        unseen += [] if seen else [one]
    assert unseen == []
    assert any("copy-code" in one for one in stops), stops
