"""Normalize text against evasion: look-alike letters, digits for letters, marks and gaps within words."""

import re
import unicodedata

# Letters of other alphabets that look like Latin ones; capitals apart, as they may look like another letter. Unicode's
# list of confusables (UTS 39) has many more; these are enough to spell words with.
_ALIKE = (
    ("АВЕЅІЈКМНОРСТУХԌԚԜ", "ABESIJKMHOPCTYXGQW"),
    ("авеѕіјкмнорстухԁԛԝһгп", "abesijkmhopctyxdqwhrn"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("αβεικνορτυχηωγϲϳ", "abeikvoptuxnwycj"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    ("øłđðıɡɑ", "olddiga"),
)
LOOK_ALIKES = {ord(one): other for ours, theirs in _ALIKE for one, other in zip(ours, theirs, strict=True)}
# Hangul's fillers, letters without a glyph. Accents and all other invisible characters have the categories below.
BLANKS = {0x115F: None, 0x1160: None}
UNSEEN = ("Mn", "Mc", "Me", "Cf")

WORD = re.compile(r"[^\W_]+")
MARKS_WITHIN = re.compile(r"(?<=\w)[^\w\s]+(?=\w)|_")
LEET = re.compile(r"[0134578@$!]")
LEET_LETTERS = [str.maketrans("0134578@$!", f"o{one}eastbas{one}") for one in "il"]
LENGTHENED = re.compile(r"(.)\1{2,}")
SET_APART = re.compile(r"(?:(?<=\s)|^)\w(?: \w){2,}(?=\s|$)")

YOUNG = {str(age) for age in range(1, 18)}
YOUNG_AGE = "<18"
AGE = re.compile(r"\b(\d{1,2})(?=[^\W\d_])")


def plain(text: str) -> str:
    """Lower-case Latin as far as letters look like it, without accents and invisible characters."""
    text = unicodedata.normalize("NFKC", text).translate(LOOK_ALIKES).casefold()
    if text.isascii():
        return text
    letters = unicodedata.normalize("NFKD", text).translate(LOOK_ALIKES).translate(BLANKS)
    return "".join(letter for letter in letters if unicodedata.category(letter) not in UNSEEN)


def words(text: str) -> list[str]:
    """The words of a plain text; a number from 1 to 17 becomes YOUNG_AGE, for it may be somebody's age."""
    return [YOUNG_AGE if word in YOUNG else word for word in WORD.findall(AGE.sub(r"\1 ", text))]


def readings(text: str) -> set[str]:
    """A plain text, and what else it may be read as: without marks within words, digits as letters, loooong words."""
    found = {text, MARKS_WITHIN.sub("", text)}
    if LEET.search(text):
        found |= {_as_letters(reading, letters) for reading in found for letters in LEET_LETTERS}
    if LENGTHENED.search(text):
        found |= {LENGTHENED.sub(kept, reading) for reading in found for kept in (r"\1", r"\1\1")}
    return found


def set_apart(text: str) -> list[str]:
    """What single letters in a row spell, three or more of them, as in "w o r d" or "w.o.r.d"."""
    return [run.replace(" ", "") for run in SET_APART.findall(" ".join(WORD.findall(text)))]


def _as_letters(text: str, letters: dict[int, int]) -> str:
    """A number alone stays one."""
    return " ".join(part.translate(letters) if any(map(str.isalpha, part)) else part for part in text.split())
