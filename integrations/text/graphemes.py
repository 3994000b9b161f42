"""Graphemes: what a person sees as one sign, so that no text is cut within an emoji, a flag or an accented letter.

The rules are those of Unicode, https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundaries, told by what
`unicodedata` knows of each character; they join a little more than these where newer emoji are unknown to it.
"""

import unicodedata
from collections.abc import Iterator

JOINER = "\u200d"
MARKS = frozenset({"Mn", "Me", "Mc"})
FLAG_LETTERS = range(0x1F1E6, 0x1F200)
SKIN_TONES = range(0x1F3FB, 0x1F400)
TAGS = range(0xE0020, 0xE0080)
NEW_EMOJI = range(0x1F000, 0x20000)
VIRAMA = 9
HANGUL_LEAD, HANGUL_VOWEL, HANGUL_TAIL = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
HANGUL_SYLLABLE = range(0xAC00, 0xD7A4)


def boundaries(text: str) -> Iterator[int]:
    """The positions in `text` at which a grapheme ends, the last of which is its length."""
    flags = 0
    for position in range(1, len(text)):
        before, after = text[position - 1], text[position]
        flags = flags + 1 if ord(before) in FLAG_LETTERS else 0
        if after < "\u0300" and before < "\u0300":
            if before + after != "\r\n":
                yield position
        elif not _joined(before, after, flags):
            yield position
    if text:
        yield len(text)


def _joined(before: str, after: str, flags: int) -> bool:
    """Whether no grapheme ends between two characters; `flags` letters of flags stand before."""
    code, kind = ord(after), unicodedata.category(after)
    if before in "\r\n" or after in "\r\n":
        return False
    if kind in MARKS or after in (JOINER, "\u200c") or code in SKIN_TONES or code in TAGS:
        return True
    if before == JOINER:
        return kind == "So" or code in NEW_EMOJI
    if code in FLAG_LETTERS:
        return flags % 2 == 1
    if unicodedata.combining(before) == VIRAMA:
        return kind == "Lo"
    return _is_one_syllable(ord(before), code)


def _is_one_syllable(before: int, after: int) -> bool:
    """Whether two letters of Hangul are of one syllable."""
    if before in HANGUL_LEAD:
        return after in HANGUL_LEAD or after in HANGUL_VOWEL or after in HANGUL_SYLLABLE
    open_syllable = before in HANGUL_SYLLABLE and (before - HANGUL_SYLLABLE.start) % 28 == 0
    if before in HANGUL_VOWEL or open_syllable:
        return after in HANGUL_VOWEL or after in HANGUL_TAIL
    return (before in HANGUL_TAIL or before in HANGUL_SYLLABLE) and after in HANGUL_TAIL
