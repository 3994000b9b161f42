"""Formulas as MathML."""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from xml.etree.ElementTree import tostring

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

FORMULA_CHARACTERS = 2_000
FORMULA_DEPTH = 40

# Definitions could double at each step, addresses, styles and classes reach out of the formula, and free distances
# could move it over the rest of the page.
REFUSED = re.compile(
    r"\\(?:def|let|newcommand|renewcommand|newenvironment|DeclareMathOperator|href|class|style|verb|unicode"
    r"|raise|lower|moveleft|moveright|kern|mkern|hskip|mskip|hspace|mspace|rule|above|abovewithdelims|genfrac|skew)"
    r"(?![a-zA-Z])"
)
# The converter writes characters as references, which the XML writer escapes once more.
REFERENCE = re.compile(r"&amp;(#x[0-9A-Fa-f]{1,6};)")
# What latex2mathml raises for input that is not TeX: its own errors, and those of bugs in its walker.
FAILURES: tuple[type[Exception], ...] = (
    *(kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    StopIteration,
    RuntimeError,
)


@lru_cache(maxsize=1024)
def mathml(tex: str, display: str) -> str | None:
    """`tex` as MathML, `display` being "inline" or "block"; None where it is too large, refused or not parsed."""
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


def show_inline(self: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for formulas within a line; as code where they do not become MathML."""
    token = tokens[idx]
    display = "block" if token.type == "math_inline_double" else "inline"
    return mathml(token.content.strip(), display) or f'<code class="formula">{escape(token.content)}</code>'


def show_block(self: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for formulas on lines of their own; as code where they do not become MathML."""
    tex = tokens[idx].content.strip()
    shown = mathml(tex, "block") or f'<code class="formula">{escape(tex)}</code>'
    return f'<div class="formula">{shown}</div>\n'
