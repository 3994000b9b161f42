"""A line in the signs of an app: marks where the tree has them, and none where it has not.

WhatsApp has no escapes. A mark opens after a blank, punctuation or nothing, and before anything but a blank; it closes
the other way round, on the same line. So 2*3*4 and snake_case stay, and so does a lone * or ~. Where two signs of a
text would pair, as in *this* with its stars escaped, a hair space (U+200A) within them parts each from its word: a mark
beside a blank is none, and signs of no width are no blanks. It is hardly seen, and a blank still when it is copied. In
addresses such signs are percent-encoded, which leads to the same place; at the start of a line the blank after them
becomes one that does not break. Backticks pair beside blanks too: those that would are shown as U+02CB.

Words within which a mark would not be seen, un**believ**able, lose it. Between letters of scripts that write without
blanks a hair space makes room for it: 这是**重点**内容.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.text.dialect import Dialect
from integrations.text.lines import Run, Style

HAIR = "\u200a"
# Looks like a backtick.
GRAVE = "\u02cb"
MARKS = re.compile(r"[*_~`]")
MARK_SIGNS = frozenset("*_~`")
# What would start a list or a quote.
AT_START = re.compile(r"(\s*(?:[*>-]|>+)) ")
NBSP = "\u00a0"
BOLD, ITALIC, STRIKE, CODE, LINK = map(int, (Style.BOLD, Style.ITALIC, Style.STRIKE, Style.CODE, Style.LINK))
SHOWN = Style.BOLD | Style.ITALIC | Style.STRIKE | Style.CODE


@dataclass(frozen=True, slots=True)
class Region:
    """Where a style reaches, from `start` to before `end`, and between which signs."""

    start: int
    end: int
    style: int
    mark: str
    room_before: bool
    room_after: bool


@dataclass(slots=True)
class Sign:
    """A sign of an app's marks at `place` of what is written: ours, or one of the text."""

    place: int
    opens: bool
    closes: bool
    ours: bool
    address: bool = False


def written(runs: Sequence[Run], dialect: Dialect, *, at_start: bool) -> str:
    """`runs` as the text to send; `at_start` says that nothing stands before them in their line."""
    text = "".join(run.text for run in runs)
    if not dialect.bold:
        return text
    styled = any(run.style & SHOWN for run in runs)
    if at_start and (found := AT_START.match(text)) and not (runs[0].style & SHOWN):
        text = f"{found[1]}{NBSP}{text[found.end() :]}"
    if not styled and not MARKS.search(text):
        return text
    # As numbers, which are compared faster.
    styles = [style for run in runs for style in [int(run.style)] * len(run.text)]
    return _marked(text, styles, _regions(text, styles, dialect) if styled else [])


def _regions(text: str, styles: Sequence[int], dialect: Dialect) -> list[Region]:
    """The regions whose marks an app will see, none crossing another, the outer ones first."""
    marks = [(BOLD, dialect.bold), (ITALIC, dialect.italic), (STRIKE, dialect.strike), (CODE, dialect.code)]
    found = [region for style, mark in marks for region in _of_style(text, styles, style, mark)]
    found.sort(key=lambda region: (region.start, -region.end, region.style))
    kept, open_ends = list[Region](), list[int]()
    for region in found:
        while open_ends and open_ends[-1] <= region.start:
            open_ends.pop()
        if not open_ends or region.end <= open_ends[-1]:
            kept.append(region)
            open_ends.append(region.end)
    return kept


def _of_style(text: str, styles: Sequence[int], style: int, mark: str) -> Iterable[Region]:
    start = 0
    while start < len(text):
        if not _has(styles[start], style):
            start += 1
            continue
        end = start
        while end < len(text) and _has(styles[end], style):
            end += 1
        following = end
        while end > start and text[end - 1].isspace():
            end -= 1
        while start < end and text[start].isspace():
            start += 1
        before, after = text[start - 1 : start] if start else "", text[end : end + 1]
        clash = style == CODE and mark in text[start:end]
        if start < end and not clash and _may_stand(before) and _may_stand(after):
            yield Region(start, end, style, mark, _is_word(before), _is_word(after))
        start = following


def _has(styles: int, style: int) -> bool:
    """Whether `style` is shown there: code has no other, an address none, as a mark may be taken for part of it."""
    return bool(styles & style) and (style == CODE or not styles & (CODE | LINK))


def _may_stand(beside: str) -> bool:
    """Whether a mark may stand beside this sign, if need be with a hair space between."""
    if not _is_word(beside):
        return True
    return unicodedata.category(beside) == "Lo" and unicodedata.bidirectional(beside) == "L"


def _is_word(sign: str) -> bool:
    return bool(sign) and (sign.isalnum() or unicodedata.category(sign)[0] == "M")


def _marked(text: str, styles: Sequence[int], regions: Sequence[Region]) -> str:
    """`text` with the marks of `regions`, and with its own signs parted where they would pair."""
    out, signs = list[str](), dict[str, list[Sign]]()
    starts, inside = list(reversed(regions)), list[Region]()
    for place in range(len(text) + 1):
        while inside and inside[-1].end == place:
            region = inside.pop()
            signs.setdefault(region.mark, []).append(Sign(len(out), opens=False, closes=True, ours=True))
            out.append(region.mark + (HAIR if region.room_after else ""))
        while starts and starts[-1].start == place:
            region = starts.pop()
            inside.append(region)
            signs.setdefault(region.mark, []).append(Sign(len(out), opens=True, closes=False, ours=True))
            out.append((HAIR if region.room_before else "") + region.mark)
        sign = text[place : place + 1]
        if sign in MARK_SIGNS and not (inside and inside[-1].style == CODE):
            opens, closes = _may_pair(text, place)
            # Beside a mark of ours it may do either.
            edge = any(place in (region.start, region.end - 1) for region in inside)
            found = Sign(len(out), opens or edge, closes or edge, ours=False, address=bool(styles[place] & LINK))
            signs.setdefault(sign, []).append(found)
        out.append(sign)
    for mark, found_signs in signs.items():
        _part(out, mark, found_signs)
    return "".join(out)


def _may_pair(text: str, place: int) -> tuple[bool, bool]:
    """Whether the sign of `text` at `place` may open and may close, by the signs beside it."""
    if text[place] == "`":
        return True, True
    first = last = place
    # Underscores side by side are at the edge of a word together, or not at all, as in file__name__x.
    while text[place] == "_" and first and text[first - 1] == "_":
        first -= 1
    while text[place] == "_" and text[last + 1 : last + 2] == "_":
        last += 1
    before, after = text[first - 1 : first] if first else "", text[last + 1 : last + 2]
    opens = text[place + 1 : place + 2].strip() != "" and not _is_word(before)
    closes = place > 0 and text[place - 1].strip() != "" and not _is_word(after)
    return opens, closes


def _part(out: list[str], mark: str, signs: Sequence[Sign]) -> None:
    """Part those of `signs`, all of them the same `mark`, that would pair and are not ours."""
    first_opening = next((sign.place for sign in signs if sign.opens), len(out))
    last_closing = next((sign.place for sign in reversed(signs) if sign.closes), -1)
    first, last = signs[0].place, signs[-1].place
    for sign in signs:
        place = sign.place
        # Something must stand between the two.
        opens, closes = sign.opens and place + 1 < last_closing, sign.closes and place - 1 > first_opening
        if sign.ours or not (opens or closes):
            continue
        if sign.address:
            out[place] = f"%{ord(mark):02X}"
        elif mark == "`":
            out[place] = GRAVE
        else:
            # Beside the blank that parts it on one side it may pair on the other, which it could not within a word.
            before = closes or (place > first and out[place - 1][-1:].strip() != "")
            after = opens or (place < last and out[place + 1][:1].strip() != "")
            out[place] = (HAIR if before else "") + mark + (HAIR if after else "")
