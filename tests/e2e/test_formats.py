"""Tables, code, formulas: how an answer looks when it is whole, and on its way there."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.talk import answers, begin, composer, converse, is_answered
from tests.fake_llama import FakeLlama, says

RICH = """Here is **what to know**, with `inline code` and a [link](https://example.org/path).

# A heading

| Planet | Radius |
|:-------|-------:|
| Earth  | 6371   |
| Mars   | 3390   |

```python
def area(r):
    return 3.14 * r ** 2
```

The area is $A = \\pi r^2$, and on its own:

$$\\int_0^1 x^2 \\, dx = \\frac{1}{3}$$

- one *soft* word
- two

> Measured, not guessed.
"""


async def test_an_answer_has_tables_code_formulas_and_links(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(RICH))
    await converse(page, "Show me all you can")
    answer = answers(page)
    await expect(answer.get_by_role("columnheader")).to_have_text(["Planet", "Radius"])
    await expect(answer.get_by_role("cell", name="3390")).to_have_css("text-align", "end")
    await expect(answer.get_by_role("heading", name="A heading")).to_be_visible()
    await expect(answer.locator("figure.code pre")).to_have_text(re.compile(r"return 3\.14 \* r \*\* 2"))
    await expect(answer.locator("math")).to_have_count(2)
    await expect(answer.locator("math[display=block] mfrac")).to_be_visible()
    await expect(answer.get_by_role("listitem")).to_have_text(["one soft word", "two"])
    await expect(answer.get_by_role("blockquote")).to_have_text("Measured, not guessed.")
    await expect(answer.get_by_role("link", name="link")).to_have_attribute("rel", re.compile("noopener"))


async def test_code_has_colours(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(RICH))
    await converse(page, "Show me some code")
    code = answers(page).locator("pre")
    word = code.get_by_text("def", exact=True)
    colour = "element => getComputedStyle(element).color"
    assert await word.evaluate(colour) != await code.evaluate(colour)


async def test_what_a_person_writes_stays_as_they_wrote_it(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("**Not bold**\n# not a heading <b>nor this</b>")
    await composer(page).press("Enter")
    await page.wait_for_url("**/c/**")
    own = page.locator(".message-user .prose")
    assert await own.inner_text() == "**Not bold**\n# not a heading <b>nor this</b>"
    await expect(own.locator("strong, b, h1")).to_have_count(0)


# Keeps all that a reader ever sees of the answer, without code and formulas, where stars and dollars are at home.
KEEP_ALL = """
window.seen = new Set();
const keep = () => {
  const copy = document.querySelector(".message-answer .prose")?.cloneNode(true);
  copy?.querySelectorAll("pre, code, math").forEach(part => part.remove());
  if (copy) window.seen.add(copy.textContent);
};
new MutationObserver(keep).observe(document, { subtree: true, childList: true, characterData: true });
"""


async def test_unfinished_marks_are_never_seen(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(RICH, chunk="char", pace=0.01))
    await page.add_init_script(KEEP_ALL)
    await begin(page, "Slowly, please")
    await is_answered(page)
    seen: list[str] = await page.evaluate("[...window.seen]")
    assert len(seen) > 10
    assert [text for text in seen if re.search(r"\*|```|\$|#|\]\(|\||:---|^>", text)] == []


@pytest.mark.parametrize("direction", ["rtl", "ltr"])
async def test_each_message_is_set_in_its_own_direction(page: Page, fake_llama: FakeLlama, direction: str) -> None:
    arabic, english = "مرحبا، كيف حالك؟", "Fine, thank you."
    question, answer = (arabic, english) if direction == "rtl" else (english, arabic)
    fake_llama.script(says(answer))
    await converse(page, question)
    other = {"rtl": "ltr", "ltr": "rtl"}[direction]
    await expect(page.locator(".message-user .block")).to_have_css("direction", direction)
    await expect(answers(page).locator(".block")).to_have_css("direction", other)


async def test_a_huge_answer_falls_back_to_plain_text(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("**x** " * 5_000, chunk="all"))
    await begin(page, "All of it")
    await expect(answers(page)).to_contain_text("**x** **x**", timeout=15_000)
    await is_answered(page)


async def test_nothing_in_an_answer_runs(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(
        says("<img src=x onerror=\"document.title='gone'\"> [go](javascript:alert(1)) <script>x()</script>")
    )
    await converse(page, "Try to break out")
    await expect(answers(page).locator("img, script, a[href^='javascript']")).to_have_count(0)
    await expect(page).not_to_have_title("gone")


LONG_FORMULA = " + ".join("abcdefgh" * 8)
WHERE: dict[str, tuple[str, str]] = {
    "on a line of its own": (f"$$\n{LONG_FORMULA}\n$$", ".formula"),
    "within a line": (f"So ${LONG_FORMULA}$ is long.", ".block"),
    "large within a line": (f"So $${LONG_FORMULA}$$ is long.", ".block"),
    "in an item": (f"- one\n- two ${LONG_FORMULA}$", ".block"),
    "in a cell": (f"| a |\n|---|\n| ${LONG_FORMULA}$ |", ".table"),
}


@pytest.mark.parametrize("where", WHERE)
async def test_a_formula_that_is_too_wide_is_scrolled_in_its_place(
    phone: Page, fake_llama: FakeLlama, where: str
) -> None:
    text, place = WHERE[where]
    fake_llama.script(says(text))
    await converse(phone, "A long formula")
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scrolled = "one => { one.scrollLeft = 50; return one.scrollLeft; }"
    assert await answers(phone).locator(place).last.evaluate(scrolled) == 50
