"""Formulas as MathML Core, by math-core, within bounds of size, depth and time."""

import re

from math_core import LatexError, LatexToMathML

from assistant.markdown.tex import MACROS, rewritten

FORMULA_CHARACTERS = 2_000
FORMULA_DEPTH = 40

# Definitions could double at each step.
REFUSED = re.compile(
    r"\\(?:[xge]?def|let|(?:re)?new(?:command|environment)|providecommand|DeclareMathOperator)(?![a-zA-Z])"
)
# The time that math-core 0.9 takes doubles with each opening delimiter that is not closed in its group.
MAX_UNMATCHED = 8
DELIMITERS = re.compile(
    r"\\text[a-z]*\s*\{[^{}]*\}|\\(?:left|right|middle)\s*(?:\\[a-zA-Z]+|\\?.)"
    r"|(?P<open>[(\[\u27e6-\u27ef\u2308\u230a\u2329]|\\\{|\\(?:l|ul|ll)(?:angle|floor|ceil|vert|Vert|brace|brack|group|moustache"
    r"|corner|bracket)(?![a-zA-Z])|\\mathopen(?![a-zA-Z]))"
    r"|(?P<close>[)\]]|\\\}|\\(?:r|ur|lr|rr)(?:angle|floor|ceil|vert|Vert|brace|brack|group|moustache|corner|bracket)(?![a-zA-Z]))"
    r"|(?P<group>[{}])|\\."
)

_converter = LatexToMathML(macros=MACROS, allow_unreliable_rendering=True, fancy_error=False)


class FormulaError(Exception):
    """The formula is too large, refused, or not understood."""


def convert(tex: str, *, block: bool) -> str:
    """`tex` as math-core writes it, one element `math`; `block` says that it stands on lines of its own.

    Its styles and attributes may be what a hostile text wants: no page takes it as it is. Raises FormulaError.
    """
    if len(tex) > FORMULA_CHARACTERS or REFUSED.search(tex) or _depth(tex) > FORMULA_DEPTH:
        raise FormulaError(tex)
    try:
        known = rewritten(tex, block=block)
        if _unmatched(known) > MAX_UNMATCHED:
            raise FormulaError(tex)
        return str(_converter.convert_with_local_state(known, displaystyle=block))
    except (LatexError, ValueError) as error:
        raise FormulaError(tex) from error


def _depth(tex: str) -> int:
    """How deep the braces go, and at least how many commands follow one another without one between them."""
    depth = deepest = chained = 0
    for character in re.finditer(r"\\[a-zA-Z]+\s*|[_^{}]|[^\\_^{}]", tex):
        mark = character[0][0]
        depth += (mark == "{") - (mark == "}") + character[0].startswith(("\\left", "\\begin"))
        depth -= character[0].startswith(("\\right", "\\end"))
        chained = chained + 1 if mark in "\\^_" else chained if mark == "{" else 0
        deepest = max(deepest, depth, chained)
    return deepest


def _unmatched(tex: str) -> int:
    """How many opening delimiters of `tex` are not closed in the group that they stand in."""
    groups, unmatched = [0], 0
    for found in DELIMITERS.finditer(tex):
        if found["open"]:
            groups[-1] += 1
        elif found["close"]:
            groups[-1] = max(0, groups[-1] - 1)
        elif found["group"] == "{":
            groups.append(0)
        elif found["group"] and len(groups) > 1:
            unmatched += groups.pop()
    return unmatched + sum(groups)
