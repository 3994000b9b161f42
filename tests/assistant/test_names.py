"""Names can be seen, and turn nothing around."""

import pytest
from django.utils import translation

from assistant.names import clean_name, in_plain_text, is_visible

INVISIBLE = ["", " ", "\u200b", "\u200d\u2060", "\u202e\u202c", "\u200e\u200f\u061c", "\u3164", "\uffa0"]
INVISIBLE += ["\u2800", "\U000e0041\U000e007f", "\ufe0f", "\u034f", "\u180e", "\u00ad", "\ufeff", "\u17b4"]
INVISIBLE += ["\u115f\u1160", "\U0001d159", "\x00"]


@pytest.mark.parametrize("text", [*INVISIBLE, "".join(INVISIBLE)])
def test_a_name_of_nothing_but_invisible_signs_is_none(text: str) -> None:
    assert clean_name(text, 120) == ""


@pytest.mark.parametrize("text", ["a", "羊驼", "هوش", "🦙", "👍🏽", "1", "?", "ᄀ", "अ", "©", "\U0001fae9"])
def test_every_script_and_sign_is_a_name(text: str) -> None:
    assert is_visible(text)
    assert clean_name(f" {text}\n{text} ", 120) == f"{text} {text}"


def test_what_turns_the_page_around_is_dropped() -> None:
    assert clean_name("a\u202eb\u2066c\u2069\u202c", 120) == "abc"


def test_a_name_is_cut_between_its_signs() -> None:
    assert clean_name("e\u0301" * 10, 5) == "e\u0301" * 2
    assert clean_name("ab cd", 3) == "ab"


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("en", "Ana", "Ana"),
        ("en", "عمر", "\u2068عمر\u2069"),
        ("en", "דנה 2", "\u2068דנה 2\u2069"),
        ("en", "🦙 7", "🦙 7"),
        ("ar", "عمر", "عمر"),
        ("ar", "Ana", "\u2068Ana\u2069"),
    ],
)
def test_a_name_in_a_plain_sentence_turns_nothing_around(language: str, name: str, shown: str) -> None:
    with translation.override(language):
        assert in_plain_text(name) == shown
