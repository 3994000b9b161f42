"""The syntax of formulas: $..$ and \\(..\\) within a line, $$..$$ and \\[..\\] on lines of their own.

The rules for $ are Pandoc's, https://pandoc.org/MANUAL.html#extension-tex_math_dollars, by the dollarmath plugin of
https://github.com/executablebooks/mdit-py-plugins. The brackets are LaTeX's, which models write as often.
"""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath.index import math_inline_dollar

CLOSERS = {"$$": "$$", "\\[": "\\]"}


def use_formulas(parser: MarkdownIt) -> None:
    """Add both kinds of formulas to `parser`."""
    parser.inline.ruler.before(
        "escape", "formula", math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
    )
    parser.inline.ruler.before("escape", "formula_brackets", _brackets)
    parser.block.ruler.before("fence", "formula_block", _block, {"alt": ["paragraph", "blockquote", "list"]})


def _brackets(state: StateInline, silent: bool) -> bool:
    """An inline rule for \\(..\\), and for \\[..\\] within a paragraph."""
    opener = state.src[state.pos : state.pos + 2]
    if opener not in ("\\(", "\\["):
        return False
    end = state.src.find("\\)" if opener == "\\(" else "\\]", state.pos + 2, state.posMax)
    if end < 0 or not state.src[state.pos + 2 : end].strip():
        return False
    if not silent:
        token = state.push("math_inline" if opener == "\\(" else "math_inline_double", "math", 0)
        token.content = state.src[state.pos + 2 : end]
    state.pos = end + 2
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule. A block that is never closed ends at the first empty line and is shown as a paragraph, so that the
    block of a line never depends on lines far below it."""
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    closer = CLOSERS.get(first[:2])
    if closer is None or (closer in first[2:] and not first[2:].rstrip().endswith(closer)):
        return False
    if silent:
        return True
    line, closed = start, first[2:].rstrip().endswith(closer)
    while not closed and line + 1 < end and not state.isEmpty(line + 1) and state.sCount[line + 1] >= state.blkIndent:
        line += 1
        closed = state.src[state.bMarks[line] : state.eMarks[line]].rstrip().endswith(closer)
    state.line = line + 1
    content = state.getLines(start, line + 1, state.blkIndent, False).strip()
    if closed:
        token = state.push("math_block", "math", 0)
        token.content, token.map = content[2:-2], [start, state.line]
    else:
        _push_paragraph(state, content, [start, state.line])
    return True


def _push_paragraph(state: StateBlock, content: str, lines: list[int]) -> None:
    state.push("paragraph_open", "p", 1).map = lines
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = content, lines, []
    state.push("paragraph_close", "p", -1)
