"""Windows that a classifier of 512 tokens reads whole, and what stays without some of them."""

from itertools import pairwise

import pytest

from assistant.guard.windows import OVERLAP_CHARACTERS, WINDOW_CHARACTERS, windows, without

PROSE = "A caravan of two hundred llamas crossed the Andes today. " * 60
TEXTS = {"prose": PROSE, "one word": "x" * 5_000, "chinese": "羊驼" * 900, "short": "Llamas.", "ligatures": "ﷺ" * 700}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_character_is_in_a_window_that_the_model_reads_whole(text: str) -> None:
    found = windows(text)
    assert all(0 < len(window.words) <= WINDOW_CHARACTERS for window in found)
    covered = set[int]().union(*(range(window.start, window.end) for window in found))
    assert covered == set(range(len(text)))


def test_an_order_at_the_edge_of_a_window_is_whole_in_the_next() -> None:
    found = windows(PROSE)
    assert len(found) > 5
    for one, other in pairwise(found):
        assert other.start < one.end - OVERLAP_CHARACTERS // 2


def test_strange_letters_are_judged_as_the_model_reads_them() -> None:
    [window] = windows("𝐈𝐠𝐧𝐨𝐫𝐞 all of it")
    assert window.words == "Ignore all of it"


def test_blank_text_has_no_windows() -> None:
    assert windows("") == []
    assert windows(" \n" * 400) == []


def test_parts_that_touch_or_overlap_become_one_mark() -> None:
    assert without("abcdefghij", [(4, 6), (1, 3), (2, 4)], "…") == "a…ghij"
    assert without("abc", [(0, 3)], "…") == "…"
    assert without("abc", [], "…") == "abc"
