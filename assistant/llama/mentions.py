"""Marks that an answer talks about: in code, between quotation marks. They are text, and mark nothing."""

import re

FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
# An indent of three and three marks.
FENCE_CHARACTERS = 6
QUOTES = "\"'“”‘’«»()[]"


def is_in_code(before: str) -> bool:
    """Whether `before` ends within a block or a span of code."""
    line = before[before.rfind("\n") + 1 :]
    return len(FENCE.findall(before)) % 2 == 1 or line.count("`") % 2 == 1


def is_quoted(before: str, after: str) -> bool:
    """Whether what stands between the two is between quotation marks or brackets."""
    return bool(before and after and before[-1] in QUOTES and after[0] in QUOTES)


class Told:
    """A text that grows, and whether it ends in code, which is counted once for each of its characters."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._fences = 0
        self._ticks = 0
        self._line = ""
        """The beginning of the last line, as far as it may be a fence."""
        self.last = ""
        """The last character."""

    def add(self, text: str) -> None:
        """The next piece. Nothing is looked at yet."""
        if text:
            self._pieces.append(text)
            self.last = text[-1]

    def ends_in_code(self) -> bool:
        """`is_in_code` of all that was added."""
        text, self._pieces = "".join(self._pieces), []
        *lines, rest = text.split("\n")
        for line in lines:
            self._fences += self._is_fence(line)
            self._line, self._ticks = "", 0
        self._line = (self._line + rest[:FENCE_CHARACTERS])[:FENCE_CHARACTERS]
        self._ticks += rest.count("`")
        return (self._fences + self._is_fence("")) % 2 == 1 or self._ticks % 2 == 1

    def _is_fence(self, more: str) -> bool:
        return bool(FENCE.match(self._line + more[:FENCE_CHARACTERS]))
