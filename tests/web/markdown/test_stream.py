import itertools
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.markdown.corpus import CORPUS, HUGE
from tests.web.markdown.safety import dangers, text_of
from web.markdown.blocks import render_blocks
from web.markdown.stream import Append, MarkdownStream

SECONDS = 4

ANSWER = r"""## A plan

Here is **what** to do, with `code_here` and a [link](https://good.example/page) to https://good.example.

1. First *this*:
   - a part
   - [x] done
2. Then ~~not~~ that, for $5 or \(x^2 + \frac{1}{2}\).

| Name | Price |
|------|------:|
| **One** | $x_1$ |
| Two | 2 |

```python
def add(a, b):
    return a + b  # `ticks` and ```

print(add(1, 2))
```

> It is so.
> Really.

$$
\sum_{i=0}^n i
$$

That is all, 2 * 3 = 6, snake_case stays. Goodbye!
"""


class Page:
    """What a browser shows: applies the frames as docs/protocol.md says."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def show(self, changes: list[tuple[int, str]] | Append) -> None:
        if isinstance(changes, Append):
            self.texts[changes.block] += changes.text
            return
        for index, html in changes:
            self.texts += [""] * (index + 1 - len(self.texts))
            self.texts[index] = text_of(html)

    @property
    def text(self) -> list[str]:
        return [text for text in self.texts if text]


def shown(stream: MarkdownStream) -> list[str]:
    return [text for block in stream.blocks if (text := text_of(block))]


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    ends = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def stream_through(pieces: list[str]) -> list[str]:
    """Feeds the pieces, checks at every step what is shown, and returns the blocks at the end."""
    stream, page = MarkdownStream(), Page()
    for piece in pieces:
        stream.feed(piece)
        page.show(stream.changes())
        assert page.text == shown(stream)
        assert [danger for block in stream.blocks for danger in dangers(block)] == []
    page.show(stream.finish())
    assert page.text == shown(stream)
    return stream.blocks


MARKS = st.sampled_from(
    [
        *"*_~`[]()<>|#-+=.:!$\\&\n\r \t1a",
        *("**", "```", "~~~", "\n\n", "\n- ", "\n1. ", "\n> ", "\n# ", "\n    ", "\n  ", "\n```py\n", "\n```\n"),
        *(
            "$$",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
            "](",
            "![",
            "https://a.example/",
            "<https://",
            "\n|a|b|\n|-|-|\n",
            "\n---\n",
        ),
        *(
            "[ ] ",
            "&amp;",
            "word",
            "Two words",
            " and",
            "é",
            "\u2028",
            "\x00",
            "\ud83d",
            "<script>",
            "x^2",
            "\\frac{1}{2}",
        ),
        *("<sub>", "</sub>", "<br>", "<!--", "-->", "<think>", "</think>"),
        *("<details>", "</details>", "<summary>", "</summary>"),
        *("[^1]", "\n[^1]: ", "\n> [!NOTE]\n", "www.a.example", "a@b.example", "，", "：**", "**（"),
        *("\n10. ", "\n   - ", "\n  1. ", "\n\\begin{align}", "\\end{align}", "US$5", "$HOME/", "R$ 1", "| `a || b` |"),
    ]
)


@settings(max_examples=300)
@given(st.lists(MARKS, max_size=40).map("".join), st.lists(st.integers(0, 500), max_size=30))
def test_however_a_text_is_cut_the_end_is_the_same_and_each_step_is_safe(text, cuts):
    assert stream_through(pieces_of(text, cuts)) == render_blocks(text)


@settings(max_examples=60)
@given(st.lists(st.integers(0, len(ANSWER)), max_size=200))
def test_however_a_real_answer_is_cut_the_end_is_the_same(cuts):
    assert stream_through(pieces_of(ANSWER, cuts)) == render_blocks(ANSWER)


@pytest.mark.parametrize("text", [ANSWER, *CORPUS])
def test_one_character_at_a_time_no_step_can_run_or_fetch(text):
    short = text[:3_000]
    assert stream_through(list(short)) == render_blocks(short)


def at_each_character(text: str) -> list[str]:
    stream = MarkdownStream()
    steps = []
    for character in text:
        stream.feed(character)
        stream.changes()
        steps.append("".join(text_of(block) for block in stream.blocks))
    return steps


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Some **bold** words", "*"),
        ("Some *slanted* and ***both*** words", "*"),
        ("Some ~~old~~ words", "~"),
        ("Some `code` words", "`"),
        ("A [link](https://good.example) here", "[]("),
        ("An ![image](https://good.example/p.png) here", "[]("),
        ("So \\(x^2\\) is", "\\^"),
        ("So $x^2$ is", "$^"),
        ("$$\nx^2\n$$\n\nis", "$^"),
        ("- one\n- **two** things\n* three", "-*"),
        ("1. one\n2. two", ".12"),
        ("# Title\n\nWords", "#"),
        ("| a | b |\n|---|---|\n| **c** | d |\n\nWords", "|-*"),
        ("```python\nx\n```\n\nWords", "`"),
        ("- [ ] one\n- [x] two", "[]"),
        ("Words\n\n---\n\nWords", "-"),
    ],
)
def test_marks_are_not_seen_while_they_are_written(text, marks):
    assert [step for step in at_each_character(text) if set(step) & set(marks)] == []


def test_words_that_only_look_like_marks_stay():
    assert at_each_character("2 * 3 costs $5, snake_case_name, a[0] and x < y!")[-1].endswith("a[0] and x < y!")


def test_plain_words_are_added_without_drawing_again():
    stream = MarkdownStream("Some **bold** words")
    assert isinstance(stream.changes(), list)
    stream.feed(" and more ")
    assert stream.changes() == Append(0, " and more")
    stream.feed("words")
    assert stream.changes() == Append(0, " words")
    assert stream.changes() == []
    assert stream.finish() == []
    assert stream.blocks == ["<p>Some <strong>bold</strong> words and more words</p>"]


def test_words_are_added_to_the_last_item_of_a_list():
    stream = MarkdownStream("Intro.\n\n- one\n- two")
    stream.changes()
    stream.feed(" things")
    assert stream.changes() == Append(1, " things")


def test_lines_are_added_to_open_code_and_coloured_at_its_end():
    stream = MarkdownStream("```python\nx = 1\n")
    assert "<span class=" not in stream.changes()[0][1].split("<pre")[1]
    stream.feed("if x < 2:\n")
    assert stream.changes() == Append(0, "\nif x < 2:")
    stream.feed("```\n")
    assert '<span class="k">if</span>' in stream.changes()[0][1]
    assert stream.finish() == []
    assert stream.blocks == render_blocks("```python\nx = 1\nif x < 2:\n```\n")


def test_a_block_that_ended_is_not_sent_again():
    stream = MarkdownStream("One.\n\nTwo.\n\n")
    assert [index for index, _ in stream.changes()] == [0, 1]
    stream.feed("**Three**\n\n")
    assert [index for index, _ in stream.changes()] == [2]
    assert stream.finish() == []


def test_after_too_long_a_block_everything_is_added_as_plain_text():
    stream = MarkdownStream("line\n" * 5_000)
    stream.changes()
    stream.feed("**more** <b>\n")
    assert stream.changes() == Append(0, "**more** <b>\n")
    assert stream.finish() == []
    assert stream.blocks == render_blocks("line\n" * 5_000 + "**more** <b>\n")


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_or_twisted_text_streams_in_time(name):
    text = HUGE[name]
    size = len(text) // 100 + 1
    stream, started = MarkdownStream(), time.process_time()
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
        stream.changes()
    stream.finish()
    assert time.process_time() - started < SECONDS
    assert stream.blocks == render_blocks(text)


def test_a_long_random_text_cut_anywhere_ends_the_same():
    chance = random.Random(7)
    words = ["word", "**", "\n\n", "\n- ", "`", "```\n", "\n|a|\n|-|\n", "$x$", "\n> ", "a " * 800, "b\n" * 900]
    for _ in range(2):
        text = "".join(chance.choice(words) for _ in range(400))
        stream = MarkdownStream()
        start = 0
        while start < len(text):
            end = start + chance.randrange(1, 4_000)
            stream.feed(text[start:end])
            stream.changes()
            start = end
        stream.finish()
        assert stream.blocks == render_blocks(text)
