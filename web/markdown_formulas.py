"""Formulas: $..$ and \\(..\\) within a line, $$..$$ and \\[..\\] on lines of their own; shown as MathML."""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from xml.etree.ElementTree import tostring

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath.index import math_inline_dollar

FORMULA_CHARACTERS = 2_000
FORMULA_DEPTH = 40

# Definitions could double at each step, addresses, styles and classes reach out of the formula, and free distances
# could move it over the rest of the page.
REFUSED = re.compile(
    r"\\(?:def|let|newcommand|renewcommand|newenvironment|DeclareMathOperator|href|class|style|verb|unicode"
    r"|raise|lower|moveleft|moveright|kern|mkern|hskip|mskip|hspace|mspace|rule|above|abovewithdelims|genfrac|skew)"
    r"(?![a-zA-Z])"
)
# The converter names characters as references, which the XML writer has escaped once more.
REFERENCE = re.compile(r"&amp;(#x[0-9A-Fa-f]{1,6};)")
# What the converter raises for input that is not TeX: its own errors, and slips of its walker.
FAILURES: tuple[type[Exception], ...] = (
    *(kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    StopIteration,
    RuntimeError,
)
CLOSERS = {"$$": "$$", "\\[": "\\]"}


@lru_cache(maxsize=1024)
def mathml(tex: str, display: str) -> str | None:
    """`tex` as MathML, `display` being "inline" or "block"; None where it is too large or not understood."""
    if len(tex) > FORMULA_CHARACTERS or REFUSED.search(tex) or _depth(tex) > FORMULA_DEPTH:
        return None
    try:
        return REFERENCE.sub(r"&\1", tostring(convert_to_element(tex, display=display), encoding="unicode"))
    except FAILURES:
        return None


def _depth(tex: str) -> int:
    """How deep the braces go, and at least how many commands follow one another without one between them."""
    depth = deepest = chained = 0
    for character in re.finditer(r"\\[a-zA-Z]+\s*|[_^{}]|[^\\_^{}]", tex):
        mark = character[0][0]
        depth += (mark == "{") - (mark == "}")
        chained = chained + 1 if mark in "\\^_" else chained if mark == "{" else 0
        deepest = max(deepest, depth, chained)
    return deepest


def use_formulas(parser: MarkdownIt) -> None:
    """Teach `parser` both kinds of formulas."""
    parser.inline.ruler.before(
        "escape", "formula", math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
    )
    parser.inline.ruler.before("escape", "formula_brackets", _brackets)
    parser.block.ruler.before("fence", "formula_block", _block, {"alt": ["paragraph", "blockquote", "list"]})
    parser.add_render_rule("math_inline", _show_inline)
    parser.add_render_rule("math_inline_double", _show_inline)
    parser.add_render_rule("math_block", _show_block)


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
    """A block rule. A block that is never closed ends at the first empty line and is shown as a paragraph, so
    that what a line belongs to never depends on lines far below it."""
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


def _show_inline(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    display = "block" if token.type == "math_inline_double" else "inline"
    return mathml(token.content.strip(), display) or f'<code class="formula">{escape(token.content)}</code>'


def _show_block(self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    tex = tokens[index].content.strip()
    shown = mathml(tex, "block") or f'<code class="formula">{escape(tex)}</code>'
    return f'<div class="formula">{shown}</div>\n'
