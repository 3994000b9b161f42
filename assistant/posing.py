"""Names that look like another's: letters that can be taken for one another count as the same.

The pairs are those of Unicode, as the library confusable_homoglyphs has them (https://www.unicode.org/reports/tr39/);
on top of them digits and signs that people write for letters.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from django.conf import settings

from assistant.names import clean_name

NAME_CHARACTERS = 40
# What ends a name in a line of a talk, and what calls somebody: neither is part of one.
SIGNS = str.maketrans("", "", ":\uff1a\ufe55\ua789\u2236@\uff20\ufe6b<>[]{}|*_`~#")
# What ends a sentence, in many scripts: behind it a name goes on as if the page did.
ENDS = re.compile(
    "[.!?\u2026\u203c\u203d\u2047-\u2049\u3002\uff0e\uff61\uff01\uff1f\u061f\u06d4\u0589\u0964\u0965\u1362]+"
)
# Behind these a full stop ends none: a letter that stands alone, and titles.
TITLES = "dra?|prof|m[rsx]|mrs|mme|mlle|ste?|[js]r|srt?a|fr|hr|ing|mag|lic|dipl|med|phil|ph|sc"
SHORTENED = re.compile(rf"(?<![^\W\d_])(?:[^\W\d_]|{TITLES})\Z", re.IGNORECASE)
# As letters, after the pairs of Unicode.
LETTERS = str.maketrans("01345789l|!$", "oieastbgiiis")
PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# What only the assistant, the house and nobody is called.
RESERVED = (
    "assistant",
    "the assistant",
    "chatbot",
    "bot",
    "system",
    "host",
    "moderator",
    "admin",
    "administrator",
    "everyone",
    "everybody",
    "somebody",
    "you",
    "Meta AI",
    "Assistent",
    "Asistente",
    "Assistente",
    "Ассистент",
    "助手",
    "アシスタント",
    "مساعد",
)
# Beside another's name these only lend it weight: "the real Ana", "Ana (host)".
WEIGHTS = (
    "the",
    "real",
    "true",
    "really",
    "official",
    "original",
    "verified",
    "echte",
    "vrai",
    "verdadero",
    "verdadera",
)


def chosen_name(name: str) -> str:
    """A name as somebody chose it, without signs that end a name or a sentence, or call somebody; it may be empty."""
    return clean_name(ENDS.sub(_sign, name.translate(SIGNS)), NAME_CHARACTERS)


def _sign(end: re.Match[str]) -> str:
    """What stays of signs that may end a sentence: all of it within a word, and after "Dr" and "J"."""
    sign, before, after = end.group(), end.string[: end.start()], end.string[end.end() :]
    in_word = sign in (".", "!", "?") and before[-1:].isalnum() and (after[:1].islower() or after[:1].isdigit())
    return sign if in_word or (sign == "." and SHORTENED.search(before)) else " "


def skeleton(name: str) -> str:
    """What a name looks like in small letters: two with one skeleton can be taken for each other."""
    return _folded(name.casefold()) or unicodedata.normalize("NFKC", name).casefold()


def _looks(name: str) -> set[str]:
    """What a name looks like as it is written, and in small letters: capitals of other scripts look like others."""
    return {skeleton(name), _folded(name)} - {""}


def _folded(name: str) -> str:
    for _again in range(2):
        # Before and after its parts are told apart: either may hide what a letter looks like.
        name = "".join(_as_latin(letter) for letter in name)
        name = unicodedata.normalize("NFKD", name)
    folded = "".join(_as_latin(letter) for letter in name).casefold().translate(LETTERS)
    found = "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LN")
    for pair, letter in PAIRS:
        found = found.replace(pair.translate(LETTERS), letter)
    return found


def poses_as(name: str, others: Sequence[str]) -> bool:
    """Whether a name looks like one of `others`, or like the assistant's, with words around it or not."""
    looks = _looks(name)
    ours = skeleton(settings.SITE_NAME)
    words = [word for word in name.split() if not _looks(word) & _weights()]
    if any((looks | _looks(" ".join(words))) & _looks(one) for one in (*others, *RESERVED)):
        return True
    # "Chaski Support", "the real Chaski".
    inside = len(ours) > 3 and any(ours in one for one in looks)
    return inside or any(ours in _looks(word) for word in name.split())


@cache
def _weights() -> frozenset[str]:
    """What words look like that make a name no other one."""
    return frozenset(look for word in (*WEIGHTS, *RESERVED) for look in _looks(word))


@cache
def _as_latin(letter: str) -> str:
    """The ASCII letter or digit that a letter looks like, or itself."""
    if letter.isascii():
        return letter
    if unicodedata.category(letter)[0] in "MC":
        return ""
    # Here, as it takes 7 MB: most processes never meet such a letter.
    from confusable_homoglyphs.confusables import confusables_data

    for pair in confusables_data.get(letter, ()):
        like = pair["c"]
        if like.isascii() and like.isalnum():
            return str(like).casefold()
    return letter
