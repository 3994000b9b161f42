"""What a conversation is called before anybody has named it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.titles import TITLE_LENGTH, clean_title, first_words


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is a llama?", "What is a llama?"),
        ("  # Plan\n\n* a weekend *in* `Cusco`", "Plan a weekend in Cusco"),
        ("¿Qué es una llama?", "¿Qué es una llama?"),
        ("***", ""),
    ],
)
def test_first_words_are_a_title(text: str, title: str) -> None:
    assert first_words(text) == title


def test_long_first_words_are_cut_between_words() -> None:
    title = first_words("Write a kind reply, " * 10)
    assert title == "Write a kind reply, Write a kind reply, Write a kind reply…"


def test_one_endless_word_is_cut_where_it_must() -> None:
    assert first_words("a" * 500) == "a" * (TITLE_LENGTH - 1) + "…"


@given(st.text(max_size=300))
def test_any_first_words_make_a_title_of_one_short_line(text: str) -> None:
    title = first_words(text)
    assert len(title) <= TITLE_LENGTH
    assert title == title.strip()
    assert "\n" not in title


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Llamas in Peru", "Llamas in Peru"),
        ('"Llamas in Peru."', "Llamas in Peru"),
        ("**Title:** Llamas in Peru\n\nI chose this because …", "Llamas in Peru"),
        ("\n\n  «Lamas au Pérou»  \n", "Lamas au Pérou"),
        ("# Llamas", "Llamas"),
        ("", ""),
        (" \n\t", ""),
        ('"."', ""),
        ("Sure, here is a title for a conversation about llamas in the high Andes of Peru:", ""),
    ],
)
def test_a_models_answer_is_cleaned_to_a_title_or_none(answer: str, title: str) -> None:
    assert clean_title(answer) == title


@given(st.text(max_size=300))
def test_any_answer_makes_a_title_of_one_short_line_or_none(answer: str) -> None:
    title = clean_title(answer)
    assert len(title) <= TITLE_LENGTH
    assert "\n" not in title
