"""Whether words name us: `@` and one of our names, in any script, and not in words of somebody else.

A name that merely contains ours is another's: "@chaskifans" and "@chaski.fans" are not "@chaski".
"""

import re
import unicodedata
from collections.abc import Sequence

# Full width, and small, as keyboards of some languages write it.
AT = "@＠﹫"
# Lines that quote, and words between quotation marks; in Sweden and Finland both marks are the same.
QUOTED = re.compile(
    r"^[ \t]*>.*$|“[^”“]*[”“]|„[^“”]*[“”]|”[^”]*”|«[^»]*»|»[^«]*«|‹[^›]*›|「[^」]*」|『[^』]*』|《[^》]*》"
    r'|"[^"\n]*"|`[^`\n]*`'
    r"|(?<!\w)['‘‚][^'‘’\n]*['’‘](?!\w)",
    re.MULTILINE,
)
# Scripts that write words without spaces between them: what follows a name there is the next word.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
# What joins letters to one name.
JOINTS = ".-·&"
MOST_SPACES = 3


def may_name(text: str) -> bool:
    """Whether it could name somebody at all; it costs nothing to ask."""
    return any(sign in text for sign in AT)


def is_named(text: str, names: Sequence[str], *, tagged: bool = False) -> bool:
    """Whether `text` names one of `names`. `tagged`: the app itself says so, and shows the name without a sign."""
    return bool(_places(without_quotations(text), names, tagged=tagged))


def without(text: str, names: Sequence[str], *, tagged: bool = False) -> str:
    """The words besides our name: what is asked; empty where nothing is. In the middle of a sentence a name stays."""
    text = unicodedata.normalize("NFC", text)
    kept, last = [], 0
    for start, end in _places(text, names, tagged=tagged):
        inside = any(map(_is_letter, text[last:start])) and any(map(_is_letter, text[end:]))
        if start >= last and not inside:
            kept.append(text[last:start])
            last = end
    whole = "".join([*kept, text[last:]]).strip(" \t\n,:;，、：\u3000")
    return whole if any(map(_is_letter, whole)) else ""


def without_quotations(text: str) -> str:
    """`text` without what is quoted in it, and without code."""
    return QUOTED.sub(" ", unicodedata.normalize("NFC", text))


def places(text: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Where one of `names` stands in `text`, with the sign or without."""
    return _places(text, names, tagged=True)


def _places(text: str, names: Sequence[str], *, tagged: bool) -> list[tuple[int, int]]:
    """Where `text` names us, in order."""
    found: set[tuple[int, int]] = set()
    for name in names:
        if not (pattern := _pattern(name, tagged=tagged)):
            continue
        for match in pattern.finditer(text):
            if _begins(text, match.start()) and _ends(text, match.end()):
                found.add(match.span())
    # Of two names that begin together the longer one counts.
    return sorted(found, key=lambda span: (span[0], -span[1]))


def _pattern(name: str, *, tagged: bool) -> re.Pattern[str] | None:
    """A name with its words together or apart, after the sign, with or without a space."""
    parts = unicodedata.normalize("NFC", name).strip().strip(AT).split()
    if not parts:
        return None
    sign = rf"[{AT}]\s{{0,{MOST_SPACES}}}"
    words = rf"[\s_]{{0,{MOST_SPACES}}}".join(map(re.escape, parts))
    return re.compile((f"(?:{sign})?" if tagged else sign) + words, re.IGNORECASE)


def _begins(text: str, start: int) -> bool:
    """Whether a name can begin there: not in an address, not in the middle of a word."""
    before = text[start - 1] if start else " "
    return not (_is_letter(before) and not is_unspaced(before)) and before not in "/_%+-" + AT


def _ends(text: str, end: int) -> bool:
    """Whether a name ends there, and no longer one goes on."""
    after, next_one = text[end : end + 1], text[end + 1 : end + 2]
    if not after or after.isspace():
        return True
    if _is_letter(after) or unicodedata.category(after).startswith("M"):
        return is_unspaced(after) and _script(after) != _script(text[end - 1])
    return after not in AT and not (after in JOINTS and _is_letter(next_one))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that puts no spaces between words."""
    return _script(character) in UNSPACED


def _script(character: str) -> str:
    """The first word of its name, which is its script for letters."""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
