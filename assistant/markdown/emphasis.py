"""Bold and struck words beside punctuation: **注意：**请 and **Note:**next.

CommonMark lets a mark between punctuation and a letter only open: https://spec.commonmark.org/0.31.2/#right-flanking-delimiter-run.
Scripts without spaces write so all the time, and models in any script. Here a mark that found no partner by those rules
may close as well; a single * only beside a sign that is not ASCII, as .* and src/*.js are no emphasis.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

# Bounds the time for hostile text.
MAX_RUNS = 60
# x**2, 2*3, src/**/a, src/*.js
OPERATOR = re.compile(r"[A-Za-z0-9)\]][0-9]|/[/.]")
MARKERS = frozenset({ord("*"), ord("~")})


@dataclass(slots=True)
class Run:
    """Delimiters without a partner that stand side by side: their first index, their number, the signs around them."""

    first: int
    length: int
    marker: int
    before: str
    after: str

    @property
    def opens(self) -> bool:
        return bool(self.after) and not self.after.isspace() and not self.is_operator

    @property
    def is_operator(self) -> bool:
        return self.marker == ord("*") and bool(OPERATOR.fullmatch(self.before + self.after))

    @property
    def closes(self) -> bool:
        return bool(self.before) and not self.before.isspace() and not (self.is_operator and self.before == "/")

    def pairs_with(self, closer: "Run") -> bool:
        """Whether this run may open what `closer` closes."""
        if (self.marker, self.length) != (closer.marker, closer.length) or not self.opens:
            return False
        signs = (self.before, self.after, closer.before, closer.after)
        return self.length > 1 or self.marker == ord("~") or not all(sign.isascii() for sign in signs)


def use_emphasis(parser: MarkdownIt) -> None:
    """Add this rule to `parser`."""
    parser.inline.ruler2.before("balance_pairs", "sides", _set_sides)
    parser.inline.ruler2.after("balance_pairs", "loose_pairs", _pair_loosely)


def _set_sides(state: StateInline) -> None:
    """A rule of the second pass: what a mark may do by the signs beside it, where CommonMark has it otherwise.

    Between signs of a script without spaces it may open and close, so that **「a」**と**（b）** are two. None opens in
    x**2, 2*3 and src/**/a.
    """
    for delimiters in (
        state.delimiters,
        *(meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta),
    ):
        for run in _runs(state, delimiters, range(len(delimiters))):
            own = delimiters[run.first : run.first + run.length]
            if (run.opens and run.closes and run.marker in MARKERS) and not (run.before + run.after).isascii():
                for one in own:
                    one.open = one.close = True
            elif run.is_operator:
                for one in own:
                    one.open, one.close = False, one.close and run.closes


def _pair_loosely(state: StateInline) -> None:
    """A rule of the second pass."""
    _pair(state, state.delimiters)
    for meta in state.tokens_meta:
        if meta and "delimiters" in meta:
            _pair(state, meta["delimiters"])


def _pair(state: StateInline, delimiters: list[Delimiter]) -> None:
    if len(delimiters) < 2:
        return
    runs = _unpaired(state, delimiters)
    if not 1 < len(runs) <= MAX_RUNS:
        return
    pairs = [(index, one.end) for index, one in enumerate(delimiters) if one.end >= 0]
    openers = list[Run]()
    for run in runs:
        opener = next((one for one in reversed(openers) if one.pairs_with(run)), None) if run.closes else None
        if opener is None or _crosses(pairs, opener.first, run.first):
            openers.append(run)
            continue
        for step in range(run.length):
            delimiters[opener.first + step].end = run.first + run.length - 1 - step
        pairs.append((opener.first, run.first + run.length - 1))
        del openers[openers.index(opener) :]


def _unpaired(state: StateInline, delimiters: list[Delimiter]) -> list[Run]:
    closing = {one.end for one in delimiters if one.end >= 0}
    free = (index for index, one in enumerate(delimiters) if one.end < 0 and index not in closing)
    return _runs(state, delimiters, free)


def _runs(state: StateInline, delimiters: list[Delimiter], indices: Iterable[int]) -> list[Run]:
    """The runs of those delimiters that stand at `indices`."""
    runs = list[Run]()
    for index in indices:
        one = delimiters[index]
        if one.marker not in MARKERS:
            continue
        last = runs[-1] if runs else None
        beside = last and last.first + last.length == index and delimiters[index - 1].token == one.token - 1
        if last and beside and last.marker == one.marker:
            last.length += 1
            last.after = _sign(state, one.token + 1, first=True)
        else:
            before, after = _sign(state, one.token - 1, first=False), _sign(state, one.token + 1, first=True)
            runs.append(Run(index, 1, one.marker, before, after))
    return runs


def _sign(state: StateInline, token: int, *, first: bool) -> str:
    """The sign of the token `token` that is next to a delimiter: nothing at the ends, _ for what is no text."""
    if not 0 <= token < len(state.tokens):
        return ""
    found = state.tokens[token]
    if found.type in ("softbreak", "hardbreak"):
        return "\n"
    return (found.content[:1] if first else found.content[-1:]) if found.type == "text" and found.content else "_"


def _crosses(pairs: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < start < last < end or start < first < end < last for first, last in pairs)
