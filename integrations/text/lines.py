"""A rendered answer before it is written in an app's signs: lines of runs of one style."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag


class Style(IntFlag):
    """How a run is shown. What is WHOLE is not cut; a LINK may be percent-encoded instead of getting other signs."""

    BOLD = 1
    ITALIC = 2
    STRIKE = 4
    CODE = 8
    LINK = 16
    WHOLE = 32


PLAIN = Style(0)
LINK = Style.LINK | Style.WHOLE


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style, without line breaks."""

    text: str
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `prefix` starts it, and what is cut off it too; `marker` comes after it, once.

    `gap`: an empty line stands before it, as before each block. `code`: it is a line of a block of code, whose text is
    its only run. `keep`: it announces what follows, and does not end a bubble. `together`: its block is not cut if
    it fits into one bubble.
    """

    runs: Sequence[Run]
    prefix: str = ""
    marker: str = ""
    gap: bool = False
    code: bool = False
    keep: bool = False
    together: bool = False

    @property
    def text(self) -> str:
        """The words, without marks."""
        return text_of(self.runs)


def text_of(runs: Iterable[Run]) -> str:
    """The words of `runs`."""
    return "".join(run.text for run in runs)
