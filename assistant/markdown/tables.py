"""Tables, with a bound: markdown-it fills rows up to the head of their table, a kilobyte of text to 65,536 cells.

GFM: https://github.github.com/gfm/#tables-extension-. What goes beyond the bound is shown as text.
"""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table

# As wide as a spreadsheet on a large screen.
COLUMNS = 64
# Of one table; a page of text has a few hundred. Each table by itself, so that it looks the same while it is written.
CELLS = 6_000
# Rows may lack cells: one for a heading among them has a single one. In all so many times those that are there.
FILLED = 3


def use_tables(parser: MarkdownIt) -> None:
    """Bound the tables that `parser` reads."""
    parser.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """markdown-it's block rule, up to the bound."""
    if not table(state, start, end, True):
        return False
    columns = _cells(state, start)
    if silent or columns > COLUMNS:
        return columns <= COLUMNS
    return table(state, start, _last_row(state, start, end, columns), False)


def _last_row(state: StateBlock, start: int, end: int, columns: int) -> int:
    """The line after the last row within the bound."""
    rows = written = 0
    line = start
    while line < end and not state.isEmpty(line):
        if line != start + 1:
            rows += 1
            written += min(columns, _cells(state, line))
            if rows * columns > min(CELLS, written * (1 + FILLED)):
                break
        line += 1
    return line


def _cells(state: StateBlock, line: int) -> int:
    """How many cells a row has, at most: escaped pipes count too, as they are rare."""
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
    return text.count("|") + 1 - text.startswith("|") - (text.endswith("|") and len(text) > 1)
