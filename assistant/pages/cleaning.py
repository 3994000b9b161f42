"""Characters that nobody sees, and marks that a model would take for its own, leave a page's text."""

import re

from assistant.llama.special import neutralise

# Zero width, marks of direction, fillers, variation selectors beyond those of emoji, musical and shorthand controls,
# tags (by which whole sentences hide), the byte order mark. https://www.unicode.org/reports/tr36/
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Persian, the scripts of India and emoji need single ones between their letters; a row of them spells a message.
JOINERS = re.compile("[\u200c\u200d]{2,}|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")
# Emoji need one behind them.
SELECTORS = re.compile("[\ufe0e\ufe0f]{2,}|(?<![^\x00-\x7f])[\ufe0e\ufe0f](?!\u20e3)")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Private use: the icons of fonts.
PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
EMPTY_LINES = re.compile(r"\n{3,}")
SPACES = re.compile(r"[^\S\n]+(?=\n|\Z)")


def clean_text(text: str) -> str:
    """The text without what is not seen, with line feeds only, and special tokens of models neutralised.

    Indents stay, as code needs them; two paragraphs are one empty line apart.
    """
    text = LINE_ENDS.sub("\n", text)
    for pattern in (CONTROL, PRIVATE, INVISIBLE, JOINERS, SELECTORS):
        text = pattern.sub("", text)
    text = EMPTY_LINES.sub("\n\n", SPACES.sub("", text)).strip("\n")
    # Last: what was between the letters of a token is gone now.
    return neutralise(text)


def clean_line(text: str, length: int) -> str:
    """The same in one line of at most `length` characters."""
    line = " ".join(clean_text(text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def cut(text: str, length: int) -> str:
    """At most `length` characters, ended at a paragraph, else at a line, a sentence, a word."""
    if len(text) <= length:
        return text
    head = text[:length]
    for end in ("\n\n", "\n", ". ", " "):
        # A cut far before the bound would lose more than it tidies.
        if (place := head.rfind(end)) > length // 2:
            return head[: place + (end == ". ")].rstrip()
    return head
