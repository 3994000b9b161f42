"""Marks of weights are not drawn; what only looks like them stays."""

import time

import pytest

from imagine.spoken import spoken
from imagine.weights import Piece, beginning, joined, pieces, weighed


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a (red:1.2) fox", "a red fox"),
        ("a [red : 0.8] fox, (in the snow:1.15)", "a red fox, in the snow"),
        ("((a fox)), [[blurry]]", "a fox, blurry"),
        ("(((a (red:1.3) fox)))", "(a red fox)"),
        ("a fox <lora:snow-v2:0.8> at dawn", "a fox at dawn"),
        # No weights.
        ("a fox (red) at (10:30), 16:9", "a fox (red) at (10:30), 16:9"),
        ("a sign that says <3", "a sign that says <3"),
        ("a sign: (one:two)", "a sign: (one:two)"),
        ("C++ [draft]", "C++ [draft]"),
    ],
)
def test_marks_of_weights_are_taken_away(prompt: str, read: str) -> None:
    assert weighed(prompt) == read


@pytest.mark.parametrize("sign", ["(", "((", "[a:", "(a:1", "<lora:", "(a:1.2)", "((a))", "a "])
def test_a_prompt_of_nothing_but_marks_is_read_in_no_time(sign: str) -> None:
    began = time.monotonic()
    weighed(sign * 2_000)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a (red:1.2) fox", [("a", 1), ("red", 1.2), ("fox", 1)]),
        ("((a fox)), [[blurry]]", [("a fox,", 1.21), ("blurry", 0.826)]),
        ("(a ((red)) fox:0.5)", [("a", 0.5), ("red", 0.605), ("fox", 0.5)]),
        ("(red:9) (blue:-3) (old:) [new:0.3]", [("red", 2), ("blue", 0.1), ("old new", 1)]),
        ("a (🦊:1.3)", [("a", 1), ("fox", 1.3)]),
        # A word is read whole, and one mark more or less in it changes nothing.
        ("na(ked:1.4)", [("naked", 1)]),
        ("a (fox:1) in C++ (red)", [("a fox in C++ (red)", 1)]),
    ],
)
def test_words_count_as_their_marks_say(prompt: str, read: list[tuple[str, float]]) -> None:
    assert pieces(spoken(prompt)) == [Piece(text, pytest.approx(weight, abs=0.001)) for text, weight in read]


def test_weights_go_with_their_words_where_prompts_are_cut_and_joined() -> None:
    prompt = joined([beginning(weighed("a  (red:1.2) fox"), 6), weighed("(hat:0.5)"), "pixels"])
    assert prompt == "a red, hat, pixels"
    assert pieces(prompt) == [("a", 1), ("red,", 1.2), ("hat,", 0.5), ("pixels", 1)]
