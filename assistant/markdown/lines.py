"""Lines as models write them, before they are parsed: children of numbered items that are indented too little, and
pipes within code and formulas of table rows.

Each rule keeps the number of lines, which tells the blocks apart.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

NUMBERED = re.compile(r"( *)(\d{1,9}[.)])( {1,4})(?=\S)")
ANY_NUMBERED = re.compile(r"^ *\d{1,9}[.)] ", re.MULTILINE)
FENCE = re.compile(r" *(`{3,}|~{3,})")
LEAST_INDENT = 2
# A number itself may be indented by less to stand under the number above: " 9." over "10.".
LEAST_INDENT_OF_NUMBER = 3

# Stands for a pipe that parts no cells; no text contains it: https://www.unicode.org/faq/private_use.html#noncharacters
PIPE = "\ufdd0"
HOLDS_PIPES = re.compile(r"[`$]|\\\(")
IN_ROW = re.compile(
    r"(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)|(?<![\w$\\])\$(?![\s$])([^$\n]*?[^\s$\\])\$(?![\w$])|\\\(((?:(?!\\\)).){0,300})\\\)"
)


def use_lines(parser: MarkdownIt) -> None:
    """Add these rules to `parser`."""
    parser.core.ruler.after("normalize", "indent_children", _indent_children)
    parser.core.ruler.after("normalize", "protect_pipes", _protect_pipes)
    parser.core.ruler.after("block", "restore_pipes", _restore_pipes)


@dataclass(slots=True)
class Item:
    """A numbered item: where its number and its text start, and where a line below it starts too early."""

    number: int
    text: int
    child: int | None = None


def _indent_children(state: StateCore) -> None:
    """A core rule. Under "10. " a line belongs to the item from four spaces on, and models write two or three:
    https://spec.commonmark.org/0.31.2/#list-items. GitHub shows them as a list of their own; nobody means that."""
    if not ANY_NUMBERED.search(state.src):
        return
    items, fence, shift, lines = list[Item](), "", 0, state.src.split("\n")
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        if fence:
            mark = FENCE.match(line)
            fence = "" if mark and mark[1].startswith(fence) and line.strip() == mark[1] else fence
        else:
            shift = _shift(items, line)
            fence = mark[1] if (mark := FENCE.match(line)) else ""
        if shift:
            lines[place] = " " * shift + line
    state.src = "\n".join(lines)


def _shift(items: list[Item], line: str) -> int:
    """How far `line` moves to the right, below the open `items`, which it may end or add to."""
    indent = len(line) - len(line.lstrip(" "))
    while items and indent <= items[-1].number:
        items.pop()
    numbered = NUMBERED.match(line)
    item = items[-1] if items else None
    restarts = numbered and numbered[2] in ("1.", "1)")
    least = LEAST_INDENT_OF_NUMBER if numbered and not restarts else LEAST_INDENT
    if item and item.child is None and item.number + least <= indent < item.text:
        item.child = indent
    shift = sum(one.text - one.child for one in items if one.child is not None and indent >= one.child)
    if numbered:
        items.append(Item(indent, indent + len(numbered[2]) + len(numbered[3])))
    return shift


def _protect_pipes(state: StateCore) -> None:
    """A core rule. In a row of a table a pipe parts cells even within code, by GFM; here not, nor within a formula."""
    if "|" not in state.src or not HOLDS_PIPES.search(state.src):
        return
    lines = state.src.split("\n")
    for place, line in enumerate(lines):
        if line.count("|") > 1 and HOLDS_PIPES.search(line):
            lines[place] = IN_ROW.sub(_protected, line)
    state.src = "\n".join(lines)


def _protected(found: re.Match[str]) -> str:
    code, tex = found[2], found[3] or found[4]
    if code is not None:
        # The one that GFM asks to be escaped loses its backslash in a table; both ways show one pipe.
        return found[0] if "\\|" in code else found[0].replace("|", PIPE)
    pipes = tex.count("|")
    return (
        found[0].replace("|", PIPE)
        if pipes and (found[4] or pipes % 2 == 0 or "\\|" in tex or "\\mid" in tex)
        else found[0]
    )


def _restore_pipes(state: StateCore) -> None:
    if PIPE in state.src:
        for token in state.tokens:
            token.content = token.content.replace(PIPE, "|")
