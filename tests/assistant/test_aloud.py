"""What is read out of an answer, and in which pieces."""

import time

import pytest

from assistant import aloud
from assistant.aloud import MOST_LENGTH, MOST_SENTENCES, Sentence, sentences


def read(text: str, sources: int = 0) -> list[str]:
    return [sentence.text for sentence in sentences(text, sources)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("---", []),
        ("# Llamas\n\nThey *live* in the **Andes**.", ["Llamas", "They live in the Andes."]),
        ("- one\n- [x] two\n\n1. three", ["one", "☑ two", "three"]),
        ("Look:\n\n```python\nprint(1)\n```\n\nDone", ["Look:", "Code.", "Done"]),
        ("    indented", ["Code."]),
        ("Call `run()` now", ["Call run() now"]),
        ("See [the map](https://example.com/map) there", ["See the map there"]),
        ("See https://example.com/a?b=c.", ["See link."]),
        ("Go to www.example.com/x, please", ["Go to link, please"]),
        ("Seen [1][2]. Or not [3] there.", ["Seen. Or not [3] there."]),
        ("Area $a + b$, then $\\frac{a}{b}$.", ["Area a + b, then formula."]),
        ("$$\n\\int x\n$$", ["formula"]),
        ("| a | b |\n|---|---|\n| 1 | **2** |", ["a, b", "1, 2"]),
        ("One line\nand one more", ["One line", "and one more"]),
        ("<details><summary>More</summary>\n\nHidden\n\n</details>", ["More", "Hidden"]),
        ("<script>alert(1)</script>", ["<script>alert(1)</script>"]),
        ("<think>Hm.</think>Yes", ["Yes"]),
        ("Hi\u202e\u200b\U000e0041 there<|eot_id|>", ["Hi there< |eot_id|>"]),
        ("![A cat](https://example.com/cat.png)", ["A cat"]),
    ],
)
def test_what_a_person_would_read_out(text: str, words: list[str]) -> None:
    assert read(text, sources=2) == words


def test_sentences_are_parted_and_short_ones_kept_together() -> None:
    text = "Dr. Ana Quispe keeps three hundred llamas near Cusco. She knows each by its name. And by its hum!"
    assert read(text) == [
        "Dr. Ana Quispe keeps three hundred llamas near Cusco.",
        "She knows each by its name. And by its hum!",
    ]
    assert read(
        "駱馬住在安地斯山脈的高原上，牠們在那裡吃草，也在那裡生活，已經有好幾千年的歷史了，大家都知道。牠們很安靜。"
    ) == [
        "駱馬住在安地斯山脈的高原上，牠們在那裡吃草，也在那裡生活，已經有好幾千年的歷史了，大家都知道。",
        "牠們很安靜。",
    ]


def test_each_sentence_knows_its_block() -> None:
    assert sentences("# One\n\nTwo\n\n- three\n- four") == [
        Sentence(0, "One"),
        Sentence(1, "Two"),
        Sentence(2, "three"),
        Sentence(2, "four"),
    ]


def test_long_sentences_are_cut_and_nothing_is_lost() -> None:
    words = [f"word{number}" for number in range(500)]
    found = read(" ".join(words))
    assert max(map(len, found)) <= MOST_LENGTH
    assert " ".join(found).split() == words
    assert max(map(len, read("x" * 5_000))) <= MOST_LENGTH


@pytest.mark.parametrize("text", ["a. " * 30_000, "- x\n" * 20_000, "> " * 20_000, "[" * 50_000, "|a" * 20_000])
def test_every_answer_is_bounded_in_sentences_and_time(text: str) -> None:
    began = time.perf_counter()
    assert len(sentences(text)) <= MOST_SENTENCES
    assert time.perf_counter() - began < 3


def test_an_answer_is_parsed_once_for_all_its_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    next_part = aloud.next_part
    monkeypatch.setattr(
        aloud, "next_part", lambda text, *rest, **more: parsed.append(text) or next_part(text, *rest, **more)
    )
    text = "Llamas hum when they are parsed for the first time."
    assert [read(text) for _ in range(3)] == [[text]] * 3
    assert parsed == [text]
