"""Numbers in brackets lead to the sources that they name, and other brackets stay as they are."""

import re

import pytest

from web.markdown.blocks import render_blocks
from web.markdown.stream import MarkdownStream

SOURCES = ("https://example.org/a?b=1&c=2", "https://example.net/")


def cited(text: str) -> str:
    """What the page shows of one block, chips as <1>."""
    [html] = render_blocks(text, SOURCES)
    return re.sub(r'<a class="cite" [^>]*>(\d+)</a>', r"<\1>", html)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It rains [1].", "<p>It rains<1>.</p>"),
        ("It rains[1], it snows [2]", "<p>It rains<1>, it snows<2></p>"),
        ("Both [1, 2]; both [1][2]; both [2;1]", "<p>Both<1><2>; both<1><2>; both<2><1></p>"),
        ("Es regnet【1】", "<p>Es regnet<1></p>"),
        ("It rains 【2†source】.", "<p>It rains<2>.</p>"),
        ("雨です[1]。", "<p>雨です<1>。</p>"),
        ("**So [1]**", "<p><strong>So<1></strong></p>"),
        ("[1] says so", "<p><1> says so</p>"),
    ],
)
def test_a_number_in_brackets_is_a_citation(text: str, shown: str) -> None:
    assert cited(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "A third [3]",
        "None [0]",
        "One of many [1, 3]",
        "rows[1].name",
        "a[1]b",
        "f[1](x)",
        "[01/02]",
        "`a[1]`",
        "$a[1]$",
    ],
)
def test_other_brackets_are_no_citations(text: str) -> None:
    assert 'class="cite"' not in "".join(render_blocks(text, SOURCES))


def test_without_sources_nothing_is_a_citation() -> None:
    assert render_blocks("It rains [1] 【1】.") == ["<p>It rains [1] 【1】.</p>"]


def test_a_link_keeps_its_words() -> None:
    [html] = render_blocks("[1](https://example.com/)", SOURCES)
    assert html.startswith('<p><a href="https://example.com/"')


def test_a_chip_leads_to_its_source_and_tells_it_nothing() -> None:
    [html] = render_blocks("It rains [1]", SOURCES)
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_letter_by_letter_it_ends_as_the_whole() -> None:
    text = "Rain [1]. Snow [1, 2] a[1]b 【2†x】.\n\n- item [2]\n\n| a [1] | b |\n|---|---|\n| c | d [2] |\n"
    stream = MarkdownStream("", SOURCES)
    for letter in text:
        stream.feed(letter)
        stream.changes()
    stream.finish()
    assert stream.blocks == render_blocks(text, SOURCES)
