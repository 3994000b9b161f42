"""A text in parts, each parsed by itself, so that the time for any text grows with its length only."""

import re
from dataclasses import dataclass

from assistant.markdown.parser import Block, parse

# A block longer than this, and all that follows it, is shown as plain text; a block of code may be longer.
BLOCK_CHARACTERS = 20_000
CODE_CHARACTERS = 200_000
# And so is everything that starts after this many characters.
MARKDOWN_CHARACTERS = 100_000
# A cell of a table counts as so many at least: it takes so much more work, and may be one that nobody wrote.
CELL_CHARACTERS = 16

INVALID = re.compile(r"\r\n?|[\x00\ud800-\udfff]")
THOUGHTS = re.compile(r"\A\s*(?:<(think|thinking|reasoning)>.*?</\1>|</think>)\s*", re.DOTALL | re.IGNORECASE)
THOUGHT_MARKS = ("<think>", "<thinking>", "<reasoning>", "</think>")
FENCE = re.compile(r"(?:[ \t]*\n)*(?P<line> {0,3}(?P<mark>`{3,}|~{3,})[^\n]*\n)")
# Blocks of these kinds end for good at an empty line.
ENDED_BY_EMPTY_LINE = frozenset({"paragraph_open", "heading_open", "table_open", "blockquote_open", "hr", "math_block"})


def without_thoughts(text: str) -> str:
    """`text` without what a model thought before it answered."""
    return THOUGHTS.sub("", text, count=1)


def may_be_thoughts(text: str) -> bool:
    """Whether `text`, of which more will come, starts with thoughts that have not ended."""
    start = text.lstrip()[:20].lower()
    return any(mark.startswith(start[: len(mark)]) for mark in THOUGHT_MARKS) and not THOUGHTS.match(text)


def cleaned(text: str) -> str:
    """`text` with line ends as newlines, and U+FFFD for NUL and lone surrogates."""
    return INVALID.sub(lambda found: "\n" if found[0][0] == "\r" else "\ufffd", text)


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks that later text cannot change, the `source` whose lines they count, and the position after them.

    `counted` characters count towards MARKDOWN_CHARACTERS: theirs but for those of long code, and more for tables.
    `plain_after`: everything after them is shown as plain text.
    """

    blocks: list[Block]
    source: str
    end: int
    counted: int
    plain_after: bool = False


def next_part(text: str, offset: int, sources: int, *, final: bool) -> Part:
    """The first blocks of cleaned `text`, which starts with a block, `offset` characters into the whole.

    `sources` is how many sources it may cite. `final` says that nothing will follow `text`. Otherwise only its whole
    lines count, and of the blocks in them those that have ended.
    """
    if len(text) > BLOCK_CHARACTERS and (fence := FENCE.match(text)) and offset < MARKDOWN_CHARACTERS:
        end = _end_of_code(text, fence)
        if end > BLOCK_CHARACTERS:
            return _code_part(text, end, final)
    whole = final and len(text) <= BLOCK_CHARACTERS
    window = text if whole else text[: text.rfind("\n", 0, BLOCK_CHARACTERS) + 1]
    starts = [0, *(newline.end() for newline in re.finditer("\n", window)), len(window)]
    blocks, end, more = parse(window, sources=sources), 0, 0
    complete = list[Block]()
    for block in blocks if whole else _ended(blocks, window):
        if offset + starts[block.first] + more >= MARKDOWN_CHARACTERS:
            return Part(complete, window, end, end + more, plain_after=True)
        complete.append(block)
        end = starts[block.last]
        more += max(0, _cells(block) * CELL_CHARACTERS - (end - starts[block.first]))
    if whole:
        return Part(complete, window, len(text), len(text) + more)
    return Part(complete, window, end, end + more, plain_after=not complete and len(text) > BLOCK_CHARACTERS)


def _cells(block: Block) -> int:
    """How many cells of tables are in a block."""
    return sum(token.type in ("td_open", "th_open") for token in block.tokens)


def _end_of_code(text: str, fence: re.Match[str]) -> int:
    """The position after the line that closes the code which `fence` opens, or beyond the end of `text`."""
    closing = re.compile(rf"^ {{0,3}}{re.escape(fence['mark'])}{fence['mark'][0]}*[ \t]*(?:\n|\Z)", re.MULTILINE)
    found = closing.search(text, fence.end())
    return found.end() if found else len(text) + 1


def _code_part(text: str, end: int, final: bool) -> Part:
    """A block of code that is longer than other blocks may be, up to `end`."""
    if end > CODE_CHARACTERS:
        return Part([], "", 0, 0, plain_after=True)
    if end >= len(text) and not final:
        return Part([], "", 0, 0)
    return Part(parse(text[:end]), text[:end], min(end, len(text)), 0)


def _ended(blocks: list[Block], window: str) -> list[Block]:
    """The `blocks` of `window`, which holds whole lines, that no further line can change."""
    if blocks and blocks[-1].kind in ENDED_BY_EMPTY_LINE and window.endswith("\n\n"):
        return blocks
    return blocks[:-1]
