"""What Llama Guard says: "safe", or "unsafe" and in the next line the codes of what is violated, "S1,S10".

Nothing else is a verdict, and "safe" stands alone: what cannot be read is never safe.
"""

import re
from dataclasses import dataclass

from assistant.guard.categories import Category, Version
from assistant.guard.errors import VerdictError
from assistant.llama.special import TOKEN

UNSAFE = re.compile(r"unsafe(?![a-z0-9_-])[\s.:]*(.*)", re.DOTALL)
SEPARATORS = re.compile(r"[\s,;]+")
CODE = re.compile(r"s0?([1-9][0-9]?)[.:]?")


@dataclass(frozen=True)
class Verdict:
    """What is violated: nothing, where it is safe."""

    categories: frozenset[Category] = frozenset()

    @property
    def is_safe(self) -> bool:
        """Whether nothing is."""
        return not self.categories


def parse_verdict(text: str, version: Version, *, cut: bool = False) -> Verdict:
    """The verdict in what the model said; `cut`: it was stopped before its end.

    "unsafe" is unsafe whatever follows: what is no code of the version, or where none follows, is OTHER.
    Raises VerdictError, without words of the model.
    """
    plain = TOKEN.sub(" ", text).strip().lower()
    if plain == "safe" and not cut:
        return Verdict()
    unsafe = UNSAFE.fullmatch(plain)
    if unsafe is None:
        raise VerdictError(f"the guard model said {len(text)} characters that are no verdict")
    codes = [word for word in SEPARATORS.split(unsafe[1]) if word]
    # The last code of what was cut may be the beginning of another.
    found = {_category(word, version) for word in (codes[:-1] if cut else codes)}
    return Verdict(frozenset(found | {Category.OTHER} if cut or not found else found))


def _category(word: str, version: Version) -> Category:
    code = CODE.fullmatch(word)
    return version.category(int(code[1])) if code else Category.OTHER
