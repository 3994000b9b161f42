"""Names that people give, of conversations and of themselves: one line that can be seen and stays in its place."""

import re
from unicodedata import bidirectional, category

from django.utils.translation import get_language_bidi

# Embeddings, overrides and isolates would turn the page around them; names need none, as they stand in elements of
# their own with `dir="auto"`: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Letters and symbols by category that are drawn as nothing: fillers of Hangul, the empty pattern of Braille and others.
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159\ufffc")
ZERO_WIDTH_JOINER = "\u200d"


def clean_name(text: str, length: int) -> str:
    """`text` on one line, without what turns its neighbours around, at most `length` characters; empty if invisible."""
    line = " ".join(CONTROL.sub(" ", BIDI.sub("", text)).split())
    return cut(line, length).rstrip() if is_visible(line) else ""


def isolated(name: str) -> str:
    """`name` for a sentence, whose direction it does not change: in the isolates that `clean_name` takes out of it."""
    return f"\u2068{name}\u2069"


def in_plain_text(name: str) -> str:
    """`name` for a sentence of plain text in the language of now: isolated only where it reads in another direction.

    Whoever copies a message of an app, or looks for it, meets no invisible signs that nobody needs.
    """
    other = {"L"} if get_language_bidi() else {"R", "AL"}
    return isolated(name) if any(bidirectional(sign) in other for sign in name) else name


def is_visible(text: str) -> bool:
    """Whether there is anything to see: marks, spaces, tags and characters of format alone are not."""
    return any(sign not in BLANK and _is_drawn(sign) for sign in text)


def cut(text: str, length: int) -> str:
    """At most `length` characters, never within an accented letter, a flag or a family of emoji, if they fit at all."""
    end = min(length, len(text))
    while 0 < end < len(text) and _belongs(text, end):
        end -= 1
    return text[: end or length]


def _is_drawn(sign: str) -> bool:
    kind = category(sign)
    if kind == "Cn":
        # Signs that are newer than our tables, such as emoji, but not those set aside to be invisible.
        return not (0xE0000 <= ord(sign) <= 0xE0FFF or 0xFFF0 <= ord(sign) <= 0xFFFF or ord(sign) & 0xFFFE == 0xFFFE)
    return kind[0] in "LNPS" or kind == "Co"


def _belongs(text: str, index: int) -> bool:
    """Whether the character there is one with that before it."""
    sign, before = text[index], text[index - 1]
    if category(sign)[0] == "M" or ZERO_WIDTH_JOINER in (sign, before):
        return True
    if "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f" or "\u1160" <= sign <= "\u11ff":
        return True
    flags = re.search("[\U0001f1e6-\U0001f1ff]*\\Z", text[:index])
    return "\U0001f1e6" <= sign <= "\U0001f1ff" and flags is not None and len(flags.group()) % 2 == 1
