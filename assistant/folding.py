"""Words as they are searched: of any script, without case and accents, each with its place in the text.

Scripts that put no spaces between words come in runs, which `terms` cuts into pairs of characters.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# A longer word is found by its beginning.
WORD_LENGTH = 40

# What people type for letters that Unicode does not decompose, and letters that have a form for the end of a word.
LETTERS = {
    **dict(zip("đðɖɗłøħŧıȷəɛɔɨʉɓƙŋƴ", "ddddlohtijeeoiubkny", strict=True)),
    **{"æ": "ae", "œ": "oe", "þ": "th", "ґ": "г"},
    **{"ٱ": "ا", "ى": "ي", "ی": "ي", "ے": "ي", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ک": "ك"},
    **dict(zip("ךםןףץ", "כמנפצ", strict=True)),
    "ـ": "",
}

# Marks that a word may have or lack. All others belong to the letters, as the vowels of Hindi and Thai do.
OPTIONAL_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711\u0730-\u074a"
    "\u08ca-\u08ff\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U000e0100-\U000e01ef]"
)
# Thai, Lao, Myanmar, Khmer, Tai Tham; Korean, whose endings stick to its words; Japanese, Chinese, Yi.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    "\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"
)
# Letters to Unicode, apostrophes to those who type them.
APOSTROPHES = "ʹʻʼʽˈ"
ZERO_WIDTH_SPACE = "\u200b"

WORD, RUN, SYMBOL, SEPARATOR = "wrs "
PIECES = re.compile(f"{WORD}+|{RUN}+|{SYMBOL}")


class Word(NamedTuple):
    """A word, a run of a script without spaces, or a symbol. `text` is folded; it stands at `start` to `end`."""

    text: str
    start: int
    end: int
    is_run: bool = False

    @property
    def terms(self) -> list[str]:
        """What an index keeps of it: of a run each two neighbours, and the last character alone."""
        if not self.is_run:
            return [self.text]
        return [self.text[at : at + 2] for at in range(len(self.text))]


class _Kinds(dict[int, str]):
    """What each character is to a search: one of WORD, RUN, SYMBOL, SEPARATOR."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind(chr(code))
        return kind


class _Folded(dict[int, str]):
    """What each character becomes."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


KINDS, FOLDED = _Kinds(), _Folded()


def normalized(text: str) -> str:
    """The same text to the eye, in the form that `words` counts its places in."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def words(text: str) -> Iterator[Word]:
    """The words of a normalized text, in order."""
    for piece in PIECES.finditer(text.translate(KINDS)):
        start, end = piece.span()
        is_run = piece[0][0] == RUN
        folded = fold(text[start:end])
        if folded:
            yield Word(folded if is_run else folded[:WORD_LENGTH], start, end, is_run)


def fold(word: str) -> str:
    """A word without case, accents and other forms of the same letters; may be empty."""
    if word.isascii():
        return word.lower()
    # Korean syllables and Japanese sounds come back in one piece.
    return unicodedata.normalize("NFC", word.translate(FOLDED))


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if character == ZERO_WIDTH_SPACE or character in APOSTROPHES:
        return SEPARATOR
    if category[0] in "LNM":
        return RUN if UNSPACED.match(character) and category != "Nd" else WORD
    # Characters of format, such as soft hyphens, part no word.
    return {"So": SYMBOL, "Cf": WORD}.get(category, SEPARATOR)


def _fold(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_fold_one(one) for one in OPTIONAL_MARKS.sub("", decomposed))


def _fold_one(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if "\u30a1" <= character <= "\u30f6":
        return chr(ord(character) - 0x60)  # Katakana as hiragana.
    if category[0] not in "LNM" and category != "So":
        return ""
    return LETTERS.get(character, character)
