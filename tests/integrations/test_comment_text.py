"""An answer as a comment: plain, short, one address, nobody else named, and the notice that an AI wrote it."""

import pytest

from assistant.sources import Source
from integrations.text.comment import comment

SOURCES = [Source("https://a.example/1", "One"), Source("https://b.example/2", "Two")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**In** winter.", "In winter. (AI)"),
        ("# Best\n\n- one\n- two", "Best • one • two (AI)"),
        ("In winter [2].", "In winter. (AI)\nhttps://b.example/2"),
        ("In winter [9].", "In winter. (AI)"),
        ("See [this](https://c.example/) [1].", "See this. (AI)\nhttps://a.example/1"),
        ("See https://c.example/x and https://d.example/ [1]", "See https://c.example/x and (AI)"),
        ("Ask @bob, @ada or me@mail.example", "Ask bob, ada or me@mail.example (AI)"),
        ("#a #b #c #d #e", "#a #b #c #d e (AI)"),
        ("`code` and ~~old~~", "code and old (AI)"),
        ("", ""),
        ("[1]", ""),
    ],
)
def test_an_answer_as_a_comment(text: str, shown: str) -> None:
    assert comment(text, 300, SOURCES) == shown


@pytest.mark.parametrize("text", ["word " * 500, "x" * 2000, "雪" * 2000, "👩‍👩‍👧 " * 300, "word [1] " * 200])
def test_it_keeps_the_limit(text: str) -> None:
    shown = comment(text, 300, SOURCES)
    assert 100 < len(shown) <= 300
    assert "(AI)" in shown
