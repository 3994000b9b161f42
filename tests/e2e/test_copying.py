"""Taking words out of a conversation: copied, saved as a file, on paper."""

import json
from collections.abc import Awaitable, Callable
from typing import Literal

import pytest
from playwright.async_api import Locator, Page, expect

from assistant.database import in_thread
from assistant.models import Message
from imagine.models import Picture
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import enter_as
from tests.e2e.talk import answers, begin, composer, conversation_of, converse, held, is_answered, questions, say
from tests.easel import drawn
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor, conversation_id

CLIPBOARD = ["clipboard-read", "clipboard-write"]
ANSWER = """Read [the manual](https://example.com/a?b=1&c=2) or <https://example.com>:

1. First
   - inner *one*
   - inner two
2. `code` and $x^2$

| a | b |
|---|---|
| 1 | [two](https://example.org/2) |

```python
def f():
\tif x:


\t\treturn  1
```

$$\\frac{a}{b}$$

> Quoted
"""
CODE = "def f():\n\tif x:\n\n\n\t\treturn  1"
OWN = "    for x in y:\n\tprint(x)  \n\n\n  *not* a list\n- x"
SELECT = """([from, first, to, last]) => {
  const inside = (selector) => {
    let node = document.querySelector(selector);
    while (node.firstChild) node = node.firstChild;
    return node;
  };
  const end = to ? inside(to) : inside(from);
  getSelection().setBaseAndExtent(inside(from), first, end, last ?? end.data.length);
}"""
COPIED = """async () => {
  const [item] = await navigator.clipboard.read();
  const read = async (type) => (item.types.includes(type) ? (await item.getType(type)).text() : "");
  return [await read("text/plain"), await read("text/html")];
}"""


async def clipboard(page: Page) -> str:
    text: str = await page.evaluate("navigator.clipboard.readText()")
    return text


async def copy_selection(page: Page) -> tuple[str, str]:
    """Press the keys; the text and the HTML that were copied."""
    await page.keyboard.press("ControlOrMeta+c")
    text, html = await page.evaluate(COPIED)
    return text, html


async def select_all(page: Page, place: Locator) -> None:
    await place.evaluate("one => getSelection().selectAllChildren(one)")


def button(page: Page, name: str) -> Locator:
    return page.locator(".message-answer footer").get_by_role("button", name=name, exact=True)


@pytest.mark.parametrize("way", WAYS)
async def test_copy_gives_the_markdown_that_was_written(way: Way, open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    page = await open_page(permissions=CLIPBOARD, **screen(way))
    await converse(page, "Tell me all")
    await Hand(page, way).press(button(page, "Copy"))
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == ANSWER


async def test_copy_as_text_gives_what_is_read(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Tell me all")
    await button(page, "Copy as text").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    parts = [
        "Read the manual (https://example.com/a?b=1&c=2) or https://example.com:",
        "1. First\n   - inner one\n   - inner two\n2. code and $x^2$",
        "a\tb\n1\ttwo (https://example.org/2)",
        CODE,
        "$$\\frac{a}{b}$$",
        "Quoted",
    ]
    assert await clipboard(page) == "\n\n".join(parts)


async def test_own_words_are_shown_copied_and_edited_as_they_were_written(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    page = await open_page(permissions=CLIPBOARD)
    await begin(page, f"\n \n{OWN}\n\n")
    await is_answered(page)
    assert await questions(page).evaluate("one => one.textContent") == OWN
    assert "\n\n\n" in await questions(page).inner_text()
    await page.locator(".message-user").hover()
    await page.locator(".message-user").get_by_role("button", name="Copy").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == OWN
    await page.get_by_role("link", name="Edit").click()
    await expect(page.locator(".edit textarea")).to_have_value(OWN)
    await page.locator(".edit textarea").fill(f"{OWN}\n\n\tmore  ")
    await page.get_by_role("button", name="Save and send").click()
    await expect(questions(page)).to_contain_text("more")
    await is_answered(page)
    assert await questions(page).evaluate("one => one.textContent") == f"{OWN}\n\n\tmore"
    await page.reload()
    assert await questions(page).evaluate("one => one.textContent") == f"{OWN}\n\n\tmore"


async def test_own_words_keep_their_shape_while_they_are_being_sent(page: Page, fake_llama: FakeLlama) -> None:
    await converse(page, "Hello")
    await page.context.set_offline(True)
    await say(page, OWN)
    await expect(page.locator(".pending .prose")).to_be_visible()
    assert await page.locator(".pending .prose").evaluate("one => one.textContent") == OWN


@in_thread
def write(page: Page, text: str) -> None:
    """Put a text into the place of the first message."""
    Message.objects.filter(conversation=conversation_id(page.url), position=1).update(text=text)


async def test_a_page_of_empty_lines_stays_small(page: Page) -> None:
    await converse(page, "Hello")
    await write(page, "x" + "\n\n" * 5_000 + "y")
    await page.reload()
    assert await questions(page).evaluate("one => one.textContent.length") == 10_002
    assert await questions(page).evaluate("one => one.querySelectorAll('*').length") < 5


async def test_a_selection_holds_words_alone_and_formulas_as_tex(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    words = "See [this](https://example.com/long).\n\n```python\nx = 1\n```\n\nThe end: $a<b$\n\n$$\\sum_i x_i$$"
    fake_llama.script(says(words))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Hello")
    await select_all(page, answers(page))
    text, html = await copy_selection(page)
    assert text == "See this.\n\nx = 1\n\nThe end: $a<b$\n\n$$\\sum_i x_i$$"
    assert 'href="https://example.com/long"' in html
    assert "$a&lt;b$" in html
    for added in ("Copy", "python", ">example.com<", "<math", "<button", "class="):
        assert added not in html


async def test_selecting_everything_copies_the_conversation_without_the_page_around_it(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("One **answer**."))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, OWN)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("ControlOrMeta+a")
    text, html = await copy_selection(page)
    assert text == f"{OWN}\n\nOne answer."
    assert "white-space: pre-wrap" in html


PARTS: list[tuple[str, list[object], str]] = [
    ("of code", [".message-answer pre code", 0], "def f():\n\tif x:\n\n\n\t\treturn  1"),
    (
        "of numbered items",
        [".message-answer li:nth-child(2)", 0, ".message-answer li:nth-child(3)", 3],
        "2. two\n3. thr",
    ),
    ("of one item", [".message-answer li:nth-child(2)", 1, None, 3], "wo"),
    ("of own words", [".message-user .prose p", 4, None, 15], "for x in y:"),
    ("of a table", [".message-answer td:first-child", 0, ".message-answer td:last-child", 1], "1\t2"),
]


@pytest.mark.parametrize(("what", "selected", "copied"), PARTS, ids=[part[0] for part in PARTS])
async def test_a_part_is_copied_in_its_shape(
    what: str, selected: list[object], copied: str, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says(f"1. one\n2. two\n3. three\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n{CODE}\n```"))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, OWN)
    await page.evaluate(SELECT, selected)
    assert (await copy_selection(page))[0] == copied


async def test_a_formula_is_copied_whole(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Here: $\\frac{q}{r}$"))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Hello")
    await page.evaluate(SELECT, [".message-answer math mi", 0])
    assert (await copy_selection(page))[0] == "$\\frac{q}{r}$"


async def test_what_is_typed_is_copied_as_ever(open_page: OpenPage) -> None:
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Hello")
    await composer(page).fill("a draft")
    await composer(page).select_text()
    assert (await copy_selection(page))[0] == "a draft"


async def test_code_is_copied_exactly(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(f"```python\n\n{CODE}\n\n\n```"))
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Hello")
    await page.locator(".copy-code").click()
    await expect(page.locator(".copy-code")).to_have_text("Copied")
    assert await clipboard(page) == f"\n{CODE}\n\n"


REFUSALS = {
    "writing": """const refuse = () => Promise.reject(new DOMException("", "NotAllowedError"));
        navigator.clipboard.write = navigator.clipboard.writeText = refuse""",
    "no clipboard": """Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = () => false""",
}


@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize("name", ["Copy", "Copy as text"])
async def test_a_refused_copy_is_said(how: str, name: str, page: Page) -> None:
    await page.add_init_script(REFUSALS[how])
    await converse(page, "Hello")
    await button(page, name).click()
    await expect(page.locator("#notice")).to_contain_text("The browser did not allow that.")
    await expect(page.locator("#status")).not_to_have_text("Copied")


async def test_a_text_that_does_not_arrive_is_not_called_copied(open_page: OpenPage) -> None:
    page = await open_page(permissions=CLIPBOARD)
    await converse(page, "Hello")
    await page.route("**/m/*/text", lambda route: route.abort())
    await button(page, "Copy").click()
    await expect(page.locator("#notice")).to_have_text("That did not work. Please try again.")
    await page.unroute("**/m/*/text")
    await button(page, "Copy").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    await expect(page.locator("#notice")).to_have_text("")


async def test_while_an_answer_is_written_its_code_can_be_copied_and_the_rest_waits(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    gate = held(fake_llama, "```\none two\n``` and more", 3)
    page = await open_page(permissions=CLIPBOARD)
    await begin(page)
    await expect(answers(page).locator("code")).to_contain_text("one")
    await expect(button(page, "Copy")).to_have_count(0)
    so_far = await answers(page).locator("code").text_content()
    await page.locator(".copy-code").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == so_far
    gate.open()
    await is_answered(page)
    await expect(button(page, "Copy")).to_have_count(1)


# Files


async def saved(page: Page, press: Callable[[], Awaitable[None]]) -> tuple[str, str]:
    """The name and the text of what is downloaded."""
    async with page.expect_download() as started:
        await press()
    download = await started.value
    return download.suggested_filename, (await download.path()).read_text()


@pytest.mark.parametrize("way", WAYS)
async def test_a_conversation_is_saved_from_the_top_bar(way: Way, open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hi **there**."))
    page = await open_page(**screen(way))
    await converse(page, "¿Qué es: una llama?")
    hand = Hand(page, way)
    await hand.press(page.get_by_role("button", name="Save or print"))
    menu = page.locator("#page-menu")
    name, text = await saved(page, lambda: hand.press(menu.get_by_role("menuitem", name="Save as Markdown")))
    assert name.endswith(".md")
    assert "Hi **there**." in text
    await expect(menu).to_be_hidden()


async def test_a_conversation_is_saved_from_the_list(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hi **there**."))
    await converse(page, "What is a llama?")
    await page.locator("#side .conversations li").hover()
    await page.locator("#side .icon-more").click()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#conversation-menu").get_by_role("menuitem", name="Save as Markdown")).to_be_focused()
    link = page.locator("#conversation-menu").get_by_role("menuitem", name="Save as JSON")
    name, text = await saved(page, link.click)
    assert name.endswith(".json")
    found = json.loads(text)
    assert found["format"] == "chaski-conversation-1"
    assert [one["text"] for one in found["messages"]] == ["What is a llama?", "Hi **there**."]
    await expect(page.locator("#conversation-menu")).to_be_hidden()


async def test_a_conversation_is_saved_without_script(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page, "Hello")
    found = await conversation_of(page)
    await page.goto(f"/c/?manage={found.id}")
    name, _ = await saved(page, page.get_by_role("link", name="Save as Markdown").click)
    assert name.endswith(".md")
    await page.goto(f"/c/{found.id}/")
    await page.get_by_role("button", name="Save or print").click()
    name, _ = await saved(page, page.locator("#page-menu").get_by_role("menuitem", name="Save as JSON").click)
    assert name.endswith(".json")


# Paper

CUT_OFF = """() => [...document.querySelectorAll(".thread *")].filter((one) => {
  const { display, overflowX } = getComputedStyle(one);
  return display !== "inline" && overflowX !== "visible" && one.scrollWidth > one.clientWidth + 2;
}).map((one) => one.className || one.tagName)"""
SEEN_CONTROLS = """() => [...document.querySelectorAll("button, input, textarea, select, .chip, nav, [popover]")]
  .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80))"""


async def test_a_conversation_on_paper_is_light_whole_and_without_controls(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    wide = " | ".join(f"column{number}" for number in range(14))
    line = "value = " + " + ".join(f"something_{number}" for number in range(40))
    table = f"{wide}\n{'---|' * 14}\n{wide}"
    fake_llama.script(says(f"See [this](https://example.com/long).\n\n```python\n{line}\n```\n\n{table}"))
    page = await open_page(color_scheme="dark")
    await converse(page, "How long?")
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    await page.emulate_media(media="print", color_scheme="dark")
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')") == "#fff"
    assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert await page.evaluate(SEEN_CONTROLS) == []
    assert await page.evaluate(CUT_OFF) == []
    await expect(page.locator(".print-title")).to_be_visible()
    await expect(page.locator(".print-head time")).to_be_visible()
    assert await page.locator(".speaker:visible").all_text_contents() == ["You", "Chaski"]
    after = "getComputedStyle(document.querySelector('.message-answer a'), '::after').content"
    assert "https://example.com/long" in await page.evaluate(after)
    await expect(page.locator(".link-host")).to_be_hidden()


async def test_printing_fetches_earlier_messages_and_unfolds_what_is_folded(page: Page, fake_llama: FakeLlama) -> None:
    await page.add_init_script(
        "window.print = () => { document.body.dataset.printed = document.querySelectorAll('.message').length }"
    )
    await converse(page, "Hello")
    await fill_up(page)
    await page.reload()
    await expect(page.locator(".earlier")).to_be_visible()
    await page.evaluate("document.querySelector('.prose').append(document.createElement('details'))")
    await page.get_by_role("button", name="Save or print").click()
    await page.get_by_role("menuitem", name="Print").click()
    await expect(page.locator("body")).to_have_attribute("data-printed", "122")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert await page.evaluate("document.querySelector('details').open")
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not await page.evaluate("document.querySelector('details').open")


async def fill_up(page: Page) -> None:
    """120 messages more."""
    found = await conversation_of(page)
    await in_thread(Message.objects.bulk_create)(
        Message(conversation=found, position=number, role="user", text=f"Message {number}") for number in range(3, 123)
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_picture_on_paper_has_its_words_and_no_controls(
    scheme: Literal["light", "dark"], open_page: OpenPage, alice: Visitor
) -> None:
    page = await open_page(color_scheme=scheme)
    await enter_as(page, alice)
    picture = await in_thread(lambda: drawn(alice.person.id, "a fox under a tree"))()
    child = await in_thread(lambda: drawn(alice.person.id, "a fox in the snow"))()
    await in_thread(Picture.objects.filter(pk=child.pk).update)(parent=picture, made=Picture.Made.EDITED)
    for one in (picture, child):
        await page.emulate_media(media="screen", color_scheme=scheme)
        await page.goto(f"/p/{one.id}/")
        await expect(page.get_by_role("button", name="Download").first).to_be_visible()
        await page.emulate_media(media="print", color_scheme=scheme)
        assert await page.evaluate(SEEN_CONTROLS) == []
        assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        await expect(page.locator(".picture .frame img")).to_be_visible()
        await expect(page.locator(".picture-words")).to_have_text(one.prompt)
