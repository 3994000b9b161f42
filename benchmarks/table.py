"""Figures beside their aims, printed and kept as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One thing measured. `aim` is the most it should be, or the least with `more_is_better`; None: for information.

    `floor` is the same of a chat that does the least that one can, measured by turns with it.
    """

    what: str
    value: float
    unit: str = ""
    aim: float | None = None
    more_is_better: bool = False
    floor: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was reached; None where there is none."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim


def report(name: str, options: dict[str, object], figures: list[Figure], printed: str = "") -> None:
    """Print the table of the figures, or one that is made of them otherwise, and keep them as `results/NAME.json`."""
    words = ", ".join(f"{key} {value}" for key, value in options.items())
    print(f"\n{name}: {words}; {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(printed or table(figures))
    RESULTS.mkdir(exist_ok=True)
    kept = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "options": options,
        "figures": [{**asdict(figure), "met": figure.met} for figure in figures],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")


def table(figures: list[Figure]) -> str:
    """A Markdown table, lined up."""
    rows = [("what", "figure", "aim", "met", "bare", "÷ bare"), *map(_cells, figures)]
    if all(figure.floor is None for figure in figures):
        rows = [row[:4] for row in rows]
    return lined_up(rows)


def lined_up(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first of the rows is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.more_is_better else "≤"
    aim = "" if figure.aim is None else f"{sign} {number(figure.aim)} {figure.unit}".rstrip()
    met = {None: "", True: "yes", False: "NO"}[figure.met]
    floor = "" if figure.floor is None else f"{number(figure.floor)} {figure.unit}".rstrip()
    ratio = number(figure.value / figure.floor) if figure.floor and figure.floor > 0 else ""
    return figure.what, f"{number(figure.value)} {figure.unit}".rstrip(), aim, met, floor, ratio


def number(value: float) -> str:
    """As tables have it."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3f}" if value < 1 else f"{value:,.1f}"


def percentile(values: list[float], percent: float) -> float:
    """The value that `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
