"""Lines packed into bubbles: few of them, cut between blocks, else between lines, sentences, words, graphemes."""

import re
import unicodedata
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from integrations.text.dialect import Dialect
from integrations.text.graphemes import boundaries
from integrations.text.lines import Line, Run, Style
from integrations.text.marks import written

# A bubble that is this full ends before a block or a line that does not fit; else these are cut.
FULL = 0.5
SENTENCE = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？]+[”’」』）]*")
BLANK = re.compile(r"\s+")
# What does not begin a line in scripts without blanks.
CLOSING = frozenset("、。，．！？；：）」』】》〉”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%％")
OPENING = frozenset("（「『【《〈“‘")
WIDE_FROM = "\u2e80"
# Three backticks within code would end its block.
IN_FENCE = re.compile(r"``(?=`)")
ZERO_WIDTH = "\u200b"
TOO_LONG = 1_000_000_000


@dataclass(slots=True)
class _Placed:
    """A line of a bubble with what is written of it and how much of the limit that takes, without what joins it."""

    line: Line
    text: str
    size: int


class Packer:
    """Packs lines into bubbles. `reserved(n)` is how much of the limit of bubble `n`, from 0, is kept free."""

    def __init__(self, dialect: Dialect, reserved: Callable[[int], int] = lambda number: 0) -> None:
        self._dialect = dialect
        self._reserved = reserved
        self._placed = list[_Placed]()
        self._size = 0
        self._count = 0

    def bubbles(self, lines: Iterable[Line]) -> Iterator[str]:
        """The bubbles, each within the limit, none empty."""
        for block in _blocks(lines):
            yield from filter(None, self._pack(block))
        if self._placed and (last := self._flushed(final=True)):
            yield last

    @property
    def _limit(self) -> int:
        return self._dialect.limit - self._reserved(self._count)

    def _pack(self, block: list[Line]) -> Iterator[str]:
        placed = [self._placing(line) for line in block]
        if self._fits(placed):
            self._add(placed)
            return
        alone = self._cost(placed, None) <= self._dialect.limit - self._reserved(self._count + 1)
        if self._placed and (self._size >= self._limit * FULL or (alone and block[0].together)):
            yield self._flushed()
            if self._fits(placed):
                self._add(placed)
                return
        for one in placed:
            yield from self._place(one)

    def _place(self, one: _Placed) -> Iterator[str]:
        """Add a line, whatever bubbles that takes."""
        line, rest = one.line, None
        while not self._fits([one]):
            if self._placed and self._size >= self._limit * FULL:
                yield self._flushed()
                continue
            rest = deque(line.runs) if rest is None else rest
            room = self._limit - self._size - self._cost([_Placed(line, "", 0)], self._last)
            room -= self._dialect.size("" if line.code else line.prefix + line.marker)
            head = _cut(rest, room, line, self._dialect, force=not self._placed)
            if head:
                self._add([self._placing(replace(line, runs=head))])
                line = replace(line, marker="", gap=False)
            yield self._flushed(final=bool(head))
            if not rest:
                return
            one = self._placing(replace(line, runs=list(rest))) if self._may_fit(rest) else _Placed(line, "", TOO_LONG)
        self._add([one])

    def _may_fit(self, runs: Iterable[Run]) -> bool:
        """Whether `runs` are not too long for a bubble, marks not counted."""
        size = 0
        for run in runs:
            size += len(run.text)
            if size > self._dialect.limit:
                return False
        return True

    @property
    def _last(self) -> Line | None:
        return self._placed[-1].line if self._placed else None

    def _placing(self, line: Line) -> _Placed:
        start = line.prefix + line.marker
        if line.code:
            text = line.text
            if self._dialect.fence:
                text = IN_FENCE.sub(f"``{ZERO_WIDTH}", text)
        else:
            text = (start + written(line.runs, self._dialect, at_start=not start)).rstrip()
        return _Placed(line, text, self._dialect.size(text))

    def _fits(self, placed: list[_Placed]) -> bool:
        return self._size + self._cost(placed, self._last) <= self._limit

    def _cost(self, placed: list[_Placed], last: Line | None) -> int:
        """How much of the limit these lines take after `last`, with what joins them and the fences of code."""
        cost = 0
        for one in placed:
            joint = len(_joint(last, one.line)) if last else 0
            opens = one.line.code and not (last and _continues(last, one.line))
            cost += joint + one.size + (2 * len(self._dialect.fence) + 2 if opens and self._dialect.fence else 0)
            last = one.line
        return cost

    def _add(self, placed: list[_Placed]) -> None:
        self._size += self._cost(placed, self._last)
        self._placed += placed

    def _flushed(self, *, final: bool = False) -> str:
        """The text of the bubble, empty where it has no words. The next is begun.

        Lines that announce what follows go along, unless `final`.
        """
        kept = list[_Placed]()
        while not final and len(self._placed) > 1 and self._placed[-1].line.keep:
            kept.insert(0, self._placed.pop())
        if not self._placed or (kept and all(one.line.keep for one in self._placed)):
            self._placed, kept = self._placed + kept, []
        text = self._written() if any(one.text.strip() for one in self._placed) else ""
        self._placed, self._size, self._count = [], 0, self._count + bool(text)
        self._add(kept)
        return text

    def _written(self) -> str:
        out, last, fence = list[str](), None, self._dialect.fence
        for one in self._placed:
            continues = last is not None and _continues(last, one.line)
            if last is not None and last.code and not continues and fence:
                out.append(f"\n{fence}")
            out.append(_joint(last, one.line) if last else "")
            if one.line.code and not continues and fence:
                out.append(f"{fence}\n")
            out.append(one.text)
            last = one.line
        if last is not None and last.code and fence:
            out.append(f"\n{fence}")
        return "".join(out)


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines of each block, which an empty line parts from others."""
    block = list[Line]()
    for line in lines:
        if line.gap and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _continues(last: Line, line: Line) -> bool:
    """Whether `line` is of the same block of code as `last`."""
    return last.code and line.code and not line.gap


def _joint(last: Line, line: Line) -> str:
    return "\n\n" if line.gap else "\n"


def _cut(runs: deque[Run], room: int, line: Line, dialect: Dialect, *, force: bool) -> list[Run]:
    """Take off `runs` what fits into `room`, up to the best place; without `force` nothing, where that is in a word."""
    window = _window(runs, room)
    text = "".join(run.text for run in window)
    whole = [one for run in window for one in [bool(run.style & Style.WHOLE)] * len(run.text)]
    sizes = list(accumulate((dialect.size(sign) for sign in text), initial=0))
    ends = [end for end in boundaries(text) if end < len(text) or len(text) == sum(len(run.text) for run in runs)]
    target = room
    while True:
        ends = ends[: bisect_right(ends, target, key=lambda end: sizes[end])]
        if not ends:
            if not force:
                return []
            # Not even one grapheme fits: one character does.
            return _taken(runs, max(1, bisect_right(sizes, room) - 1))
        end = _best(text, whole, ends, line, force)
        if not end:
            return []
        head = _taken_copy(window, end)
        taken = dialect.size(_code(head, dialect) if line.code else written(head, dialect, at_start=True))
        if taken <= room:
            break
        target = min(sizes[end] - 1, sizes[end] * room // taken)
    head = _taken(runs, end)
    if not line.code:
        _strip(runs)
    return head


def _code(runs: list[Run], dialect: Dialect) -> str:
    text = "".join(run.text for run in runs)
    return IN_FENCE.sub(f"``{ZERO_WIDTH}", text) if dialect.fence else text


def _best(text: str, whole: list[bool], ends: list[int], line: Line, force: bool) -> int:
    """The best of the `ends` of graphemes at which to cut `text`; 0 for none."""
    last = ends[-1]
    if last == len(text):
        return last
    allowed = {end for end in ends if not (whole[end - 1] and end < len(whole) and whole[end])}
    sentences = [found.end() for found in SENTENCE.finditer(text, 0, min(last + 1, len(text)))]
    sentence = max((end for end in sentences if end in allowed), default=0)
    if sentence >= last * FULL and not line.code:
        return sentence
    blanks = (found.end() if found.end() <= last else found.start() for found in BLANK.finditer(text, 0, last + 1))
    first = len(text) - len(text.lstrip())
    blank = max((end for end in blanks if first < end and end in allowed), default=0)
    wide = next((end for end in reversed(ends) if end in allowed and _parts_wide(text, end)), 0)
    return max(blank, wide) or (max(allowed, default=last) if force else 0)


def _parts_wide(text: str, end: int) -> bool:
    """Whether a line may end there in a script without blanks."""
    before, after = text[end - 1], text[end : end + 1]
    if not after or after in CLOSING or before in OPENING:
        return False
    return (before >= WIDE_FROM and _is_wide(before)) or (after >= WIDE_FROM and _is_wide(after))


def _is_wide(sign: str) -> bool:
    """Whether it is of such a script, or its punctuation; Korean has blanks."""
    if "\uac00" <= sign <= "\ud7a3":
        return False
    return unicodedata.east_asian_width(sign) in "WF" and unicodedata.category(sign) in ("Lo", "Po", "Ps", "Pe")


def _window(runs: deque[Run], room: int) -> list[Run]:
    """The first `runs`, up to a little more than `room` characters."""
    out, left = list[Run](), room + 64
    for run in runs:
        if left <= 0:
            break
        out.append(replace(run, text=run.text[:left]))
        left -= len(run.text)
    return out


def _taken_copy(runs: Iterable[Run], count: int) -> list[Run]:
    return _taken(deque(runs), count)


def _taken(runs: deque[Run], count: int) -> list[Run]:
    """The first `count` characters of `runs`, taken off."""
    out = list[Run]()
    while count > 0 and runs:
        run = runs.popleft()
        if len(run.text) > count:
            runs.appendleft(replace(run, text=run.text[count:]))
            run = replace(run, text=run.text[:count])
        out.append(run)
        count -= len(run.text)
    return out


def _strip(runs: deque[Run]) -> None:
    """Take the blanks off the start of `runs`."""
    while runs and not runs[0].text.strip():
        runs.popleft()
    if runs:
        runs[0] = replace(runs[0], text=runs[0].text.lstrip())
