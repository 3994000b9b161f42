"""Tables, which no app has: as a block of even columns where that fits a phone, else line by line."""

import unicodedata
from collections.abc import Sequence

from integrations.text.dialect import Dialect
from integrations.text.lines import Line, Run, Style, text_of

Cell = Sequence[Run]
GAP = 2


def table_lines(rows: Sequence[Sequence[Cell]], dialect: Dialect, prefix: str = "") -> list[Line]:
    """The lines of a table whose first row is its head. A cell is its runs, without line breaks."""
    words = [[text_of(cell).strip() for cell in row] for row in rows]
    width = max((len(row) for row in rows), default=0)
    widths = [max((_columns(row[column]) for row in words if column < len(row)), default=0) for column in range(width)]
    linked = any(run.style & Style.LINK for row in rows for cell in row for run in cell)
    narrow = sum(widths) + GAP * (len(widths) - 1) <= dialect.columns
    if narrow and not linked and dialect.fence and not prefix:
        return [Line((Run(_even(row, widths)),), code=True, gap=not place) for place, row in enumerate(words)]
    return _listed(rows, prefix)


def _even(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell + " " * (width - _columns(cell) + GAP) for cell, width in zip(row, widths, strict=False)]
    return "".join(cells).rstrip()


def _listed(rows: Sequence[Sequence[Cell]], prefix: str) -> list[Line]:
    """Each row as lines "Head: value", with an empty line before it."""
    head, *body = rows
    if not body:
        names = [text_of(cell).strip() for cell in head]
        return [Line((Run(" | ".join(name for name in names if name)),), prefix, gap=True)]
    lines = list[Line]()
    for row in body:
        gap = True
        for name, cell in zip(head, row, strict=False):
            if not text_of(cell).strip():
                continue
            label = text_of(name).strip().rstrip(":：")
            runs = [Run(f"{label}: "), *cell] if label else list(cell)
            lines.append(Line(runs, prefix, gap=gap, together=True))
            gap = False
    return lines


def _columns(text: str) -> int:
    """How wide `text` is in letters of one width."""
    seen = (sign for sign in text if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in seen)
