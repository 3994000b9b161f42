"""Long answers come in few bubbles, each within the limit, cut where people would pause."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.sources import Source
from integrations.text.dialect import INSTAGRAM, MESSENGER, WHATSAPP, Dialect
from integrations.text.graphemes import boundaries
from integrations.text.render import MOST_BUBBLES, render
from tests.integrations.text.whatsapp_rules import formatted

DIALECTS = [WHATSAPP, MESSENGER, INSTAGRAM]
FAMILY, FLAG, TONE, KEYCAP, HEART = "👨‍👩‍👧", "🇩🇪", "👍🏽", "1️⃣", "❤️‍🔥"
SECONDS = 8
SOURCES = (Source("https://example.org/a_b", "One"), Source("https://example.net/", "Two"))


def letters(bubbles: list[str]) -> str:
    return "".join(sign for bubble in bubbles for sign in bubble if sign.isalnum())


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("extra", "bubbles"), [(-1, 1), (0, 1), (1, 2)])
def test_a_bubble_is_filled_to_its_limit(dialect: Dialect, extra: int, bubbles: int) -> None:
    text = "ab " * (dialect.limit // 3 - 1)
    text += "x" * (dialect.limit + extra - len(text))
    shown = render(text, dialect)
    assert len(shown) == bubbles
    assert "".join(shown).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("emoji", [FAMILY, FLAG, TONE, KEYCAP, HEART, "é", "e\u0301", "क्षि", "한", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
@pytest.mark.parametrize("over", range(-1, 12))
def test_no_emoji_is_cut_at_the_edge(dialect: Dialect, emoji: str, over: int) -> None:
    text = "x" * (dialect.limit - dialect.size(emoji) + over) + emoji
    shown = render(text, dialect)
    assert "".join(shown) == text
    assert shown[-1].endswith(emoji)
    assert all(dialect.size(bubble) <= dialect.limit for bubble in shown)


@pytest.mark.parametrize("emoji", [FAMILY, FLAG, TONE, KEYCAP, HEART])
def test_a_row_of_emoji_is_cut_between_them(emoji: str) -> None:
    for bubble in render(emoji * 600, INSTAGRAM):
        assert bubble == emoji * (len(bubble) // len(emoji))


def test_a_word_stays_whole_and_a_huge_one_is_cut() -> None:
    first, second = render("a" * 1_500 + " " + "b" * 1_900, MESSENGER)
    assert (first, second) == ("a" * 1_500, "b" * 1_900)
    assert [len(bubble) for bubble in render("a" * 5_000, MESSENGER)] == [2_000, 2_000, 1_000]


def test_an_address_stays_whole() -> None:
    address = "https://example.org/" + "path/" * 40
    for place in range(1_700, 2_010, 7):
        text = "word " * (place // 5) + address + " and more words"
        assert any(address in bubble for bubble in render(text, MESSENGER))
        assert any(f"({address})" in bubble for bubble in render(f"{'word ' * (place // 5)}[t]({address})", MESSENGER))


def test_a_paragraph_stays_whole_where_the_bubble_is_nearly_full() -> None:
    first, second = render("a " * 700 + "\n\n" + "b " * 400, MESSENGER)
    assert set(first) == {"a", " "}
    assert set(second) == {"b", " "}


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    shown = render("One sentence is here. " * 200, MESSENGER)
    assert all(bubble.endswith(".") for bubble in shown)
    assert len(shown) == 3


def test_scripts_without_blanks_are_cut_before_no_closing_sign() -> None:
    shown = render("漢字、" * 400 + "漢字" * 300, INSTAGRAM)
    assert all(not bubble.startswith("、") for bubble in shown)
    assert "".join(shown) == "漢字、" * 400 + "漢字" * 300


def test_korean_is_cut_between_words() -> None:
    assert all(set(bubble.split()) == {"한국어"} for bubble in render("한국어 " * 400, INSTAGRAM))


def test_a_heading_goes_with_what_it_announces() -> None:
    first, second = render("a " * 900 + "\n\n## Next\n\n" + "b " * 300, MESSENGER)
    assert "Next" not in first
    assert second.startswith("Next\n\nb b")


def test_items_of_a_list_stay_whole() -> None:
    shown = render("".join(f"- item {number} with some words\n" for number in range(200)), MESSENGER)
    assert all(re.fullmatch(r"• item \d+ with some words", line) for bubble in shown for line in bubble.split("\n"))


def test_code_that_is_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line_{number} = '*{number}*'" for number in range(400))
    shown = render(f"Here:\n\n```python\n{code}\n```\n\nDone.", WHATSAPP)
    assert len(shown) > 1
    assert all(bubble.count("```") == 2 for bubble in shown)
    assert all(bubble.startswith("```\n") for bubble in shown[1:])
    inside = [line for bubble in shown for line in bubble.split("\n") if line.startswith("line_")]
    assert "\n".join(inside) == code


def test_a_line_of_code_that_is_too_long_keeps_every_sign() -> None:
    code = "x = [" + "1,  " * 2_000 + "]"
    shown = render(f"```\n{code}\n```", WHATSAPP)
    assert "".join(bubble.removeprefix("```\n").removesuffix("\n```") for bubble in shown) == code


def test_bold_words_that_are_cut_are_bold_in_both_bubbles() -> None:
    first, second = render(f"**{'word ' * 1_000}end**", WHATSAPP)
    assert [mark for bubble in (first, second) for mark, _ in formatted(bubble)] == ["*", "*"]


def test_a_quote_that_is_cut_goes_on_as_a_quote() -> None:
    assert all(bubble.startswith("> word") for bubble in render(f"> {'word ' * 2_000}", WHATSAPP))


def test_the_list_of_sources_has_its_own_bubble_only_where_it_does_not_fit() -> None:
    assert len(render("a " * 900 + "[1] [2]", MESSENGER, SOURCES)) == 1
    first, second = render("a " * 980 + "[1] [2]", MESSENGER, SOURCES)
    assert first.endswith("a [1][2]")
    assert second == "1. One – https://example.org/a_b\n2. Two – https://example.net/"


def test_a_very_long_answer_ends_with_the_way_to_the_whole() -> None:
    text, more = "One sentence is here. " * 1_000, "https://chaski.example/c/1"
    shown = render(text, MESSENGER, more=more)
    assert len(shown) == MOST_BUBBLES
    assert shown[-1].endswith(f"One sentence is here.\n\nThe whole answer: {more}")
    assert all(len(bubble) <= MESSENGER.limit for bubble in shown)
    assert len(render(text, MESSENGER)) > MOST_BUBBLES


@pytest.mark.parametrize(("size", "cut"), [(6_000, False), (6_001, True)])
def test_an_answer_that_just_fits_is_not_cut(size: int, cut: bool) -> None:
    shown = render("x" * size, MESSENGER, more="https://chaski.example/c/1")
    assert len(shown) == MOST_BUBBLES
    assert shown[-1].endswith("https://chaski.example/c/1") is cut


SIGNS = st.text(alphabet=st.sampled_from("ab *_~`[]()<>#-+|$\\.!1é漢👍🏽\u0301\u200d\n"), max_size=120)
PIECES = [
    "**",
    "*",
    "_",
    "~~",
    "`",
    "```\n",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "> ",
    "# ",
    "word ",
    "Words. ",
    "a_b ",
    "漢字。",
]
PIECES += ["| a | b |\n|---|---|\n| c | d |\n", "https://example.org/a_b ", "[t](https://e.example/x)", "$x^2$", "[1]"]
PIECES += [
    "مرحبا ",
    "\\*",
    "<br>",
    "    ",
    "[ ] ",
    "<b>",
    "$$\\frac{a}{b}$$",
    "__init__",
    "한국어 ",
    FLAG,
    FAMILY,
    "x" * 50,
]
PARTS = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)


@given(text=SIGNS | PARTS | st.text(max_size=300), limit=st.integers(30, 300), dialect=st.sampled_from(DIALECTS))
@example(text="- " * 30 + "a", limit=30, dialect=INSTAGRAM)
def test_any_text_is_within_the_limit_and_keeps_its_words(text: str, limit: int, dialect: Dialect) -> None:
    whole = render(text, replace(dialect, limit=1_000_000))
    shown = render(text, replace(dialect, limit=limit))
    assert all(bubble.strip() and dialect.size(bubble) <= limit for bubble in shown)
    assert letters(shown) == letters(whole)


@example(text="_a_._a_")
@given(text=st.text(alphabet=st.sampled_from("ab *_~`.,'漢\n"), max_size=60))
def test_escaped_signs_never_format(text: str) -> None:
    escaped = re.sub(r"([*_~`])", r"\\\1", re.sub(r"\s+", " ", text))
    assert [pair for bubble in render(escaped, WHATSAPP) for pair in formatted(bubble)] == []


TO_JOIN = ["a", "e", "\u0301", "\u0308", "\u200d", "\ufe0f", "\u20e3", "1", *"👍🏽🏿👨👩👧🇩🇪🇫क्ष한각\r\n"]


@given(text=st.text(alphabet=st.sampled_from(TO_JOIN), max_size=40))
def test_graphemes_are_the_whole_text(text: str) -> None:
    ends = list(boundaries(text))
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(text)


GRAPHEMES = [FAMILY, FLAG, TONE, KEYCAP, HEART, "e\u0301", "क्षि", "한", "\r\n", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏿‍🚀", "각"]


@pytest.mark.parametrize("grapheme", GRAPHEMES)
def test_a_grapheme_is_one(grapheme: str) -> None:
    assert list(boundaries(grapheme * 3)) == [len(grapheme) * times for times in (1, 2, 3)]


HUGE = {
    "a word": "x" * 200_000,
    "words": "word " * 40_000,
    "stars": "*a " * 66_000,
    "bold": "**b** " * 33_000,
    "lines": "line\n" * 40_000,
    "code": "```\n" + "code line\n" * 19_000 + "```",
    "scripts without blanks": "漢字。" * 66_000,
    "emoji": FAMILY * 40_000,
    "brackets": "[" * 200_000,
    "lists": "- item **b**\n" * 15_000,
    "escapes": "\\*a " * 50_000,
    "backticks": "` " * 100_000,
    "tables": "| a | b |\n|---|---|\n" + "| c | d |\n" * 20_000,
    "formulas": "$x^2$ " * 33_000,
    "marks that combine": "e" + "\u0301" * 199_999,
    "blanks": "a" + " " * 199_998 + "b",
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_text_takes_little_time(name: str) -> None:
    for dialect in (WHATSAPP, INSTAGRAM):
        started = time.process_time()
        shown = render(HUGE[name], dialect)
        assert time.process_time() - started < SECONDS
        assert all(dialect.size(bubble) <= dialect.limit for bubble in shown)
