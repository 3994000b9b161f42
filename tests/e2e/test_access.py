"""Everybody can use it: with a keyboard, a screen reader, other colours, less motion, a small screen, a finger."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, converse, held, is_answered
from tests.e2e.test_formats import RICH
from tests.fake_llama import FakeLlama, fails, says

PATHS = ["/", "/about/", "/account/login/", "/account/signup/", "/account/password/reset/", "/c/", "/nowhere/", "/you/"]


async def every_page(page: Page, llama: FakeLlama) -> AsyncIterator[str]:
    """Visits all pages, as a guest who has been talking; gives the name of each while it is open."""
    llama.script(says(RICH), fails(500))
    await converse(page, "Show me all you can")
    yield "a conversation"
    await composer(page).fill("Once more")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await page.locator(".message-user").first.hover()
    await page.get_by_role("link", name="Edit").first.click()
    yield "trouble, and an edit"
    for path in PATHS:
        await page.goto(path)
        yield path
    await page.get_by_role("button", name="Erase everything").click()
    yield "erasing"
    await page.get_by_role("button", name="Erase everything").click()
    await page.wait_for_url("**/you/erased")
    yield "erased"


# What a machine can check


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_on_any_page(open_page: OpenPage, fake_llama: FakeLlama, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    found: dict[str, list[str]] = {}
    async for name in every_page(page, fake_llama):
        for fault in (await Axe().run(page)).response["violations"]:
            found.setdefault(name, []).extend(f"{fault['help']}: {node['html'][:160]}" for node in fault["nodes"])
    assert found == {}


async def test_axe_finds_no_fault_while_an_answer_is_written(page: Page, fake_llama: FakeLlama) -> None:
    held(fake_llama, "One two three.", 2)
    await begin(page)
    await expect(answers(page)).to_have_text("One two")
    assert (await Axe().run(page)).response["violations"] == []


async def test_who_speaks_is_said_before_each_message(page: Page) -> None:
    await converse(page, "Hello")
    await expect(page.locator(".message").get_by_role("heading", level=2)).to_have_text(["You", "Chaski"])


# A small screen, and a finger

SMALL = """[...document.querySelectorAll("a, button, input, textarea, summary")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".sr-only, p:not(.actions), li p"))
  .filter(one => !one.matches(".skip"))
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`)"""


async def test_on_a_phone_everything_is_big_enough_for_a_finger(phone: Page, fake_llama: FakeLlama) -> None:
    small: dict[str, Any] = {}
    async for name in every_page(phone, fake_llama):
        if found := await phone.evaluate(SMALL):
            small[name] = found
    assert small == {}


async def test_in_the_sheet_too_everything_is_big_enough(phone: Page) -> None:
    await converse(phone, "Lamps")
    await phone.get_by_role("button", name="Conversations").tap()
    assert await phone.evaluate(SMALL) == []


async def test_nothing_is_wider_than_the_smallest_phone(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    page = await open_page(viewport={"width": 320, "height": 568}, is_mobile=True, has_touch=True)
    wide: dict[str, int] = {}
    async for name in every_page(page, fake_llama):
        width = await page.locator("html").evaluate("html => html.scrollWidth")
        if width > 320:
            wide[name] = width
    assert wide == {}


# Colours

PAIRS = [
    ("ink", "paper"),
    ("ink", "wash"),
    ("ink", "side"),
    ("ink", "card"),
    ("soft", "paper"),
    ("soft", "wash"),
    ("soft", "side"),
    ("soft", "card"),
    ("accent", "paper"),
    ("accent", "card"),
    ("on-accent", "accent"),
]


def luminance(colour: str) -> float:
    """Of #rgb or #rrggbb, as WCAG counts it."""
    digits = colour.strip().lstrip("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_stands_out_from_its_ground(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await page.goto("/")
    token = """name => {
      document.body.style.color = `var(--${name})`;
      const parts = getComputedStyle(document.body).color.match(/\\d+/g);
      return "#" + parts.map(part => Number(part).toString(16).padStart(2, "0")).join("");
    }"""
    colours = {name: await page.evaluate(token, name) for pair in PAIRS for name in pair}
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


async def test_with_forced_colours_buttons_and_bubbles_are_still_seen(open_page: OpenPage) -> None:
    page = await open_page(forced_colors="active")
    await converse(page, "Hello")
    await expect(page.locator(".message-user .prose")).to_have_css("border-top-style", "solid")
    icons = await page.evaluate(
        """[...document.querySelectorAll(".icon")].filter(icon => icon.checkVisibility()).map(icon =>
          [getComputedStyle(icon, "::before").backgroundColor, getComputedStyle(document.body).backgroundColor])"""
    )
    assert icons
    assert [pair for pair in icons if pair[0] == pair[1] or pair[0] == "rgba(0, 0, 0, 0)"] == []


async def test_with_forced_colours_the_open_conversation_is_marked(open_page: OpenPage) -> None:
    page = await open_page(forced_colors="active")
    await converse(page, "Lamps")
    await converse(page, "Bread")
    marked = page.locator("#side .conversations li").filter(has=page.locator("[aria-current]"))
    await expect(marked).to_have_css("outline-style", "solid")
    others = page.locator("#side .conversations li").filter(has_not=page.locator("[aria-current]"))
    await expect(others).to_have_css("outline-style", "none")


# Motion

MOVING = "document.getAnimations().filter(one => one.playState === 'running').length"


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
async def test_the_band_moves_only_for_those_who_do_not_mind(
    open_page: OpenPage, fake_llama: FakeLlama, motion: str, moves: bool
) -> None:
    held(fake_llama, "One two three.", 1)
    page = await open_page(reduced_motion=motion)
    await begin(page)
    await expect(answers(page)).to_have_text("One")
    assert bool(await page.evaluate(MOVING)) is moves
    status = page.locator("#status")
    await expect(status).to_have_text("Answering")
    # Where nothing moves, the word is there for all to read.
    assert ((await status.bounding_box() or {})["height"] > 10) is not moves


# Screen readers

# Keeps all that the status line ever says.
KEEP_STATUS = """
window.said = [""];
const keep = () => {
  const text = document.getElementById("status")?.textContent ?? "";
  if (text !== window.said.at(-1)) window.said.push(text);
};
new MutationObserver(keep).observe(document, { subtree: true, childList: true, characterData: true });
"""


async def test_a_screen_reader_hears_the_start_and_the_end_and_no_words_between(
    page: Page, fake_llama: FakeLlama
) -> None:
    gate = held(fake_llama, "One two three four five six.", 2)
    await page.add_init_script(KEEP_STATUS)
    await begin(page)
    await expect(answers(page)).to_have_text("One two")
    await expect(page.locator(".message-answer")).to_have_attribute("aria-busy", "true")
    # Nothing that grows word by word is read out.
    await expect(page.locator(":is([aria-live], [role=status], [role=log], [role=alert]) .prose")).to_have_count(0)
    gate.open()
    await is_answered(page)
    await expect(page.locator("#status")).to_have_text("Answer finished")
    assert await page.evaluate("window.said") == ["", "Answering", "Answer finished"]


FOCUS_SEEN = """(() => {
  const one = document.activeElement, style = getComputedStyle(one);
  if (one.id === "text") return one.parentNode.matches(":focus-within");
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && Number(style.opacity) === 1;
})()"""


async def test_the_keyboard_goes_through_the_page_in_order_and_is_seen(open_page: OpenPage) -> None:
    page = await open_page()
    await converse(page, "Hello")
    await page.get_by_role("link", name="Skip to the content").focus()
    heard: list[str] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        heard.append(await page.evaluate("document.activeElement.id || document.activeElement.ariaLabel || ''"))
        seen = await page.evaluate(FOCUS_SEEN)
        assert seen, await page.evaluate("document.activeElement.outerHTML")
        if heard[-1] == "text":
            break
    order = ["Hide the side bar", "Search conversations", "Share", "Edit", "Good answer", "Answer again", "text"]
    assert [name for name in heard if name in order] == order


async def test_the_skip_link_comes_first_and_leads_to_the_content(page: Page) -> None:
    await page.goto("/about/")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
