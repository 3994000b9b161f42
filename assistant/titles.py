"""Titles of conversations that no person has named: the first words, then one from the model."""

import re

from assistant.names import BIDI, CONTROL, cut, is_visible

TITLE_LENGTH = 60

# Marks of Markdown that stand where they mean something, so that `__init__`, `C#`, `#1`, `*args` and `a_b_c` stay.
BLOCK_MARKS = re.compile(r"^\s*(?:(?:#{1,6}|>+|[-*+])(?=\s|$)\s*)+")
FENCE = re.compile(r"^\s*(?:```|~~~).*$")
RULE = re.compile(r"^[\s*_=~-]+$")
CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^`]+)(?<!`)\1(?!`)")
STARS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*]+)(?<=[^\s*])\1(?![\w*])")
TITLE = "title|titel|titre|título|titulo|titolo|tytuł|название|标题|標題|タイトル|제목"
LABEL = re.compile(rf"^(?:(?:conversation|chat) )?(?:{TITLE})\s*[:：]\s*", re.IGNORECASE)
PAIRS = ('""', "''", "“”", "„“", "„”", "‘’", "«»", "»«", "‹›", "「」", "『』", "《》", "``")
APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
ENDS = ".:。：,"


def first_words(text: str) -> str:
    """A title of at most `TITLE_LENGTH` characters from the first message, cut between words."""
    line = " ".join(plain_lines(text))
    if not is_visible(line):
        return ""
    if len(line) <= TITLE_LENGTH:
        return line
    head = cut(line, TITLE_LENGTH)
    words, _, _ = head.rpartition(" ")
    return (words if len(words) > TITLE_LENGTH // 2 else cut(line, TITLE_LENGTH - 1)).rstrip(" ,.;:-") + "…"


def clean_title(answer: str) -> str:
    """The title in a model's answer: its first real line, without label and quotes; empty if that is long or blank."""
    lines = [line for line in map(unwrap, plain_lines(answer)) if is_visible(line)]
    while len(lines) > 1 and lines[0].endswith((":", "：")):
        lines.pop(0)
    line = lines[0] if lines else ""
    # A full stop goes, but not that of an abbreviation.
    if line.endswith(tuple(ENDS)) and "." not in line.split()[-1][:-1]:
        line = line.rstrip(ENDS)
    line = unwrap(line)
    return line if len(line) <= TITLE_LENGTH and is_visible(line) else ""


def plain_lines(text: str) -> list[str]:
    """The lines of `text` that hold words, without marks of Markdown, each with single blanks."""
    lines = []
    for line in BIDI.sub("", text).splitlines():
        if not FENCE.match(line) and not RULE.match(line):
            line = STARS.sub(r"\2", CODE.sub(r"\2", BLOCK_MARKS.sub("", line)))
            lines.append(" ".join(CONTROL.sub(" ", line).split()))
    return [line for line in lines if line]


def unwrap(line: str) -> str:
    """`line` without a label before it and without quotes and underscores around the whole of it."""
    before = None
    while line != before:
        before, line = line, LABEL.sub("", line).strip()
        inner = line[1:-1]
        opens, closes = line[:1], line[-1:]
        if len(line) > 1 and opens + closes in PAIRS and not set(opens + closes) & set(APOSTROPHE.sub("", inner)):
            line = inner
        # `__init__` is a name, `__Two words__` is strong.
        for mark in ("__", "_"):
            words = line.removeprefix(mark).removesuffix(mark)
            if len(words) == len(line) - 2 * len(mark) and " " in words and "_" not in words:
                line = words
    return line
