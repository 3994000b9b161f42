"""How WhatsApp reads its marks, for tests: a mark at a word's edge pairs with another on the same line."""

import re

FENCED = re.compile(r"```.*?```", re.DOTALL)
HAIR = "\u200a"


def formatted(text: str) -> list[tuple[str, str]]:
    """What WhatsApp formats in `text`, without blocks of code: each mark with the words between, mark by mark."""
    text = FENCED.sub("", text)
    found = [("`", words) for words in re.findall(r"`([^`\n]+)`", text)]
    text = re.sub(r"`[^`\n]+`", "", text)
    for mark in "*_~":
        # Several underscores are one sign, as in file__name__x.
        sign, word = re.escape(mark), r"\w" if mark == "_" else r"[^\W_]"
        pairs = re.findall(rf"(?<!{word}){sign}(?=\S)([^\n]+?)(?<=\S){sign}(?!{word})", text)
        found += [(mark, words) for words in pairs]
    return found


def starts_block(line: str) -> bool:
    """Whether WhatsApp makes an item of a list or a quote of `line`."""
    return bool(re.match(r"[*>-] ", line))


def visible(text: str) -> str:
    """`text` with blanks as people see them."""
    return text.replace(HAIR, "").replace("\u00a0", " ").replace("\u200b", "").replace("\u02cb", "`")
