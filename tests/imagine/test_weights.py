"""Marks of weights are not drawn; what only looks like them stays."""

import time

import pytest

from imagine.weights import unweighted


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
    assert unweighted(prompt) == read


@pytest.mark.parametrize("sign", ["(", "((", "[a:", "(a:1", "<lora:", "(a:1.2)", "((a))", "a "])
def test_a_prompt_of_nothing_but_marks_is_read_in_no_time(sign: str) -> None:
    began = time.monotonic()
    unweighted(sign * 2_000)
    assert time.monotonic() - began < 1
