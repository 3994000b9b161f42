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
        ("Fix __init__ in C# for #1", "Fix __init__ in C# for #1"),
        ("What does *args do? And **kwargs", "What does *args do? And **kwargs"),
        ("a_b_c, $PATH and 2 * 3 * 4", "a_b_c, $PATH and 2 * 3 * 4"),
        ("`__init__`", "__init__"),
        ("<think> is what?", "<think> is what?"),
        ("#1", "#1"),
        ("> quoted\n\n1. 🦙 one", "quoted 1. 🦙 one"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\u3164\u200b", ""),
    ],
)
def test_first_words_are_a_title(text: str, title: str) -> None:
    assert first_words(text) == title


def test_long_first_words_are_cut_between_words() -> None:
    title = first_words("Write a kind reply, " * 10)
    assert title == "Write a kind reply, Write a kind reply, Write a kind reply…"


def test_one_endless_word_is_cut_where_it_must() -> None:
    assert first_words("a" * 500) == "a" * (TITLE_LENGTH - 1) + "…"


def test_no_emoji_flag_or_accent_is_cut_in_two() -> None:
    family = "👨\u200d👩\u200d👧"
    for sign in (family, "🇵🇪", "e\u0301", "👍🏽"):
        title = first_words(sign * 100).removesuffix("…")
        assert len(title) > TITLE_LENGTH - 12
        assert title == sign * (len(title) // len(sign))


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
        ("__init__", "__init__"),
        ("__Soft Llamas__", "Soft Llamas"),
        ("Using `*args` in C#", "Using *args in C#"),
        ("a_b_c, $PATH, <think> and #1", "a_b_c, $PATH, <think> and #1"),
        (".NET basics", ".NET basics"),
        ("The U.S.A.", "The U.S.A."),
        ("'It's fine'", "It's fine"),
        ('"A" and "B"', '"A" and "B"'),
        ('Here is one:\n\n**"Llamas"**', "Llamas"),
        ("```\nLlamas\n```", "Llamas"),
        ("Título: «Llamas»", "Llamas"),
        ("标题：羊驼。", "羊驼"),
        ("「羊驼」", "羊驼"),
        ("🦙 Llamas", "🦙 Llamas"),
        ("\u2800\u200b", ""),
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
