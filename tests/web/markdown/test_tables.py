"""Tables: what people write in them is shown, and a kilobyte does not become a megabyte."""

import pytest
from django.utils import translation

from tests.web.markdown.corpus import HUGE
from web.markdown.blocks import render_blocks
from web.markdown.kept import LEAST, KeptBlocks
from web.markdown.stream import MarkdownStream


def html_of(text: str) -> str:
    return "\n".join(render_blocks(text))


def cells(text: str) -> int:
    html = html_of(text)
    return html.count("<td") + html.count("<th>") + html.count("<th ")


def row(cell: str, number: int) -> str:
    return "|" + f"{cell}|" * number + "\n"


FULL = row("a", 5) + row("-", 5) + row("b", 5) * 400
WITH_GROUPS = row("a", 5) + row("-", 5) + (row("Group", 1) + row("b", 5) * 2) * 100
SPARSE = row("a", 8) + row("-", 8) + row("b", 3) * 50


@pytest.mark.parametrize(("text", "number"), [(FULL, 2005), (WITH_GROUPS, 1505), (SPARSE, 408)])
def test_a_table_that_people_write_is_one(text: str, number: int) -> None:
    assert cells(text) == number
    assert html_of(text).count("<table") == 1


HOSTILE = {
    "rows of nothing": row("a", 150) + row("-", 150) + "|\n" * 440,
    "narrower rows of nothing": row("a", 60) + row("-", 60) + "|\n" * 2000,
    "words for rows": row("a", 60) + row("-", 60) + "a\n" * 2000,
    "many small ones": (row("a", 60) + row("-", 60) + "a\n" * 8 + "\n") * 200,
    "many full ones": (row("a", 60) + row("-", 60) + row("a", 60) * 90 + "\n") * 8,
    "escaped pipes": "|\\" * 60 + "|\n" + row("-", 60) + "a\n" * 2000,
    "in a quotation": "".join(f"> {line}\n" for line in (row("a", 60) + row("-", 60) + "a\n" * 2000).split("\n")),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_text_has_so_many_cells_and_no_more(text: str) -> None:
    assert cells(text) < 13_000
    assert len(html_of(text)) < max(400_000, 10 * len(text))
    # Whatever is no table is shown all the same.
    assert html_of(text).count("a") >= text.count("a")


@pytest.mark.parametrize("text", [FULL, WITH_GROUPS, *HOSTILE.values(), HUGE["table"], HUGE["rows"]])
def test_a_table_looks_the_same_while_it_is_written_and_later(text: str) -> None:
    stream = MarkdownStream()
    for start in range(0, len(text), 997):
        stream.feed(text[start : start + 997])
        stream.changes()
    stream.finish()
    assert stream.blocks == render_blocks(text)


# Answers that are rendered once


class Counting:
    """Renders, and counts how often."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str, sources: object, marks: object) -> list[str]:
        self.asked.append(text)
        return [f"{translation.get_language()} {sources} {text}"]


def test_a_long_answer_is_rendered_once() -> None:
    render = Counting()
    kept = KeptBlocks(render)
    text = "x" * LEAST
    assert kept.blocks(text) is kept.blocks(text)
    assert len(render.asked) == 1
    assert kept.blocks(text, ["https://a.example/"]) != kept.blocks(text)
    with translation.override("de"):
        assert kept.blocks(text)[0].startswith("de ")
    assert len(render.asked) == 3


def test_a_short_answer_is_not_kept() -> None:
    render = Counting()
    kept = KeptBlocks(render)
    kept.blocks("x")
    kept.blocks("x")
    assert len(render.asked) == 2


def test_what_was_not_looked_at_for_long_makes_room() -> None:
    render = Counting()
    kept = KeptBlocks(render, 3 * LEAST + 100)
    texts = [letter * LEAST for letter in "abcd"]
    for text in (*texts[:3], texts[0], texts[3]):
        kept.blocks(text)
    render.asked.clear()
    for text in (texts[0], texts[3], texts[2], texts[1]):
        kept.blocks(text)
    assert render.asked == [texts[1]]
