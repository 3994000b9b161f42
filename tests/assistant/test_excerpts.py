"""A text is shown by the words around what was found."""

import time

import pytest

from assistant.excerpts import LENGTH, Piece, excerpt, marked
from assistant.search import query_words


def shown(pieces: list[Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Über die Straße", "strasse uber", "[Über] die [Straße]"),
        ("A lantern and lamps", "lam", "A lantern and [lamps]"),
        ("A lantern and lamps", "lam lantern", "A [lantern] and lamps"),
        ("我爱北京大学很多", "北京大学", "我爱[北京大学]很多"),
        ("猫が猫を", "猫", "[猫]が[猫]を"),
        ("ｶﾞｲﾄﾞ", "ガイ", "[ｶﾞｲﾄﾞ]"),
        ("<b>x</b> & y", "x", "<b>[x]</b> & y"),
        ("", "x", ""),
        ("nothing", "other", "nothing"),
    ],
)
def test_the_words_that_were_asked_for_are_marked(text: str, query: str, expected: str) -> None:
    assert shown(marked(text, query_words(query))) == expected


def test_an_excerpt_shows_where_most_words_stand_together() -> None:
    text = "lamp " + "and so on " * 60 + "a lamp of paper " + "and more " * 60
    found = shown(excerpt(text, query_words("paper lamp")))
    assert "a [lamp] of [paper]" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) < LENGTH + 30


def test_an_excerpt_leaves_the_signs_of_markdown_out() -> None:
    text = "# A title\n\n**Bold** and `code` [here](http://x.de/zebra)\n\n| a | b |\n|---|---|\n"
    text += "```python\nsnake_case\n```"
    assert shown(excerpt(text, query_words("here"), markdown=True)) == ("A title Bold and code [here] a b snake_case")
    assert "[zebra]" in shown(excerpt(text, query_words("zebra"), markdown=True))
    assert shown(excerpt("2 * 3 * 4", query_words("3"))) == "2 * [3] * 4"


def test_long_and_hostile_texts_take_no_time() -> None:
    begun = time.perf_counter()
    for text in ("[" * 100_000, "*_" * 50_000, "|-" * 50_000, "lamp " * 40_000, "猫" * 200_000, "`" * 200_000):
        excerpt(text, query_words("lamp 猫"), markdown=True)
    assert time.perf_counter() - begun < 20
