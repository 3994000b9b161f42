"""Formulas as MathML Core, by math-core, with the styles that it writes as classes: the page allows no style attribute.

Each holds its TeX as an annotation, which is not shown, so that what is copied can give it back:
https://w3c.github.io/mathml-core/#semantics-and-presentation
"""

import colorsys
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from assistant.markdown.mathml import FormulaError, convert

# Lengths in em, beyond which a formula could reach over other parts of the page.
WIDEST, HIGHEST, FURTHEST_BACK = 20.0, 3.0, 2.0

TAG = re.compile(r"<(/?)([a-z]+)((?: [a-z-]+=\"[^\"]*\")*)(/?)>")
ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
LENGTH = re.compile(r"(-?\d*\.?\d+)(em|ex|pt|px|mu|cm|mm|in|pc|rem)")
EM = {"em": 1, "ex": 0.5, "pt": 0.08, "px": 0.06, "mu": 0.06, "cm": 2.4, "mm": 0.24, "in": 6, "pc": 1, "rem": 1}
WIDTHS = frozenset({"width", "lspace", "rspace"})
HEIGHTS = frozenset({"height", "depth", "voffset", "minsize", "maxsize", "linethickness"})
SPACES = {"0": "0", "0.1em": "1", "0.1667em": "2", "0.2222em": "3", "0.2778em": "4", "1em": "5"}
# The declarations that math-core writes, each as a class of css/formulas.css.
CLASSES = {
    **{f"padding-left:{length}": f"tex-left-{name}" for length, name in SPACES.items()},
    **{f"padding-right:{length}": f"tex-right-{name}" for length, name in SPACES.items()},
    **{f"border-{side}:0.05em solid currentcolor": f"tex-solid-{side}" for side in ("top", "left", "right")},
    **{f"border-{side}:0.05em dashed currentcolor": f"tex-dashed-{side}" for side in ("top", "left", "right")},
    "padding-top:0": "tex-tight",
    "padding-bottom:0": "tex-tight",
    "padding-top:0.1667em": "tex-low",
    "text-align:left": "tex-start",
    "text-align:right": "tex-end",
    "justify-items:start": "tex-start",
    "justify-items:end": "tex-end",
    "width:100%": "tex-full",
    "width:50%": "tex-half",
    "width:7.5%": "tex-edge",
    "math-shift:compact": "",
    "font-variant-caps:small-caps": "tex-small-caps",
    "math-core-sans-serif-font": "tex-sans",
    "math-core-serif-font": "tex-serif",
}
ENCLOSURES = {"box": "tex-box", "updiagonalstrike": "tex-strike-up", "downdiagonalstrike": "tex-strike-down"}
COLOURS = ("red", "orange", "green", "teal", "blue", "purple", "red")
# Where the hue of each of them ends, in parts of the circle.
HUES = (0.04, 0.18, 0.45, 0.53, 0.7, 0.9, 1.0)
TEX_CLASSES = frozenset(
    {*CLASSES.values(), *ENCLOSURES.values(), *(f"tex-{colour}" for colour in COLOURS), "tex-gray"}
    | {f"tex-back-{steps}" for steps in range(1, 6)}
) - {""}


class _UnknownError(Exception):
    """math-core wrote what is not in the tables."""


@lru_cache(maxsize=1024)
def mathml(tex: str, display: str) -> str | None:
    """`tex` as MathML, `display` being "inline" or "block"; None where it is too large, refused or not understood."""
    try:
        shown = _in_classes(convert(tex, block=display == "block"))
    except (FormulaError, _UnknownError):
        return None
    start, end = shown.index(">") + 1, shown.rindex("<")
    source = f'<annotation encoding="application/x-tex">{escape(tex, quote=False)}</annotation>'
    return f"{shown[:start]}<semantics><mrow>{shown[start:end]}</mrow>{source}</semantics></math>"


def _in_classes(html: str) -> str:
    """The output of math-core with its styles as classes. Raises _UnknownError for one that has none."""
    back = 0.0

    def tag(found: re.Match[str]) -> str:
        nonlocal back
        end, name, attributes, closed = found.groups()
        new = "mrow" if name == "menclose" else name
        if end or not attributes:
            return f"<{end}{new}>{'</' + new + '>' if closed else ''}"
        classes, kept = list[str](), ""
        for key, value in ATTRIBUTE.findall(attributes):
            if key == "style":
                back += _styles(value, classes)
            elif key == "class":
                classes.append(_known(CLASSES, value) if not value.startswith("menclose-") else "")
            elif key == "notation":
                classes += [_known(ENCLOSURES, kind) for kind in value.split()]
            elif key not in ("id", "href"):
                kept += f' {key}="{_bounded(key, value)}"'
        shown = " ".join(sorted({one for one in classes if one}))
        kept += f' class="{shown}"' if shown else ""
        return f"<{new}{kept}>{'</' + new + '>' if closed else ''}"

    shown = TAG.sub(tag, html)
    if back > FURTHEST_BACK:
        raise _UnknownError(html)
    return shown


def _styles(value: str, classes: list[str]) -> float:
    """Add the classes of the declarations in `value`; returns by how many em they move what follows back."""
    back = 0.0
    for declaration in value.split(";"):
        name, _, setting = (part.strip() for part in declaration.partition(":"))
        if name == "color":
            classes.append(_colour(setting))
        elif name == "margin-left" and setting.endswith("em"):
            moved = round(-float(setting[:-2]) * 18)
            if not 0 < moved <= 5:
                raise _UnknownError(value)
            back += moved / 18
            classes.append(f"tex-back-{moved}")
        elif name and not name.startswith("font-size"):
            classes.append(_known(CLASSES, f"{name}:{setting}"))
    return back


def _known(table: dict[str, str], key: str) -> str:
    if key not in table:
        raise _UnknownError(key)
    return table[key]


def _bounded(name: str, value: str) -> str:
    """`value`, a length where `name` takes one. Raises _UnknownError where it is too large."""
    most = WIDEST if name in WIDTHS else HIGHEST if name in HEIGHTS else None
    length = LENGTH.fullmatch(value) if most else None
    if most and length and abs(float(length[1])) * EM[length[2]] > most:
        raise _UnknownError(value)
    return value


def _colour(value: str) -> str:
    """The class of the page's own colour that is nearest to `value`, #RRGGBB: the page is light or dark."""
    parts = re.fullmatch(r"#([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})", value, re.IGNORECASE)
    if parts is None:
        raise _UnknownError(value)
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(part, 16) / 255 for part in parts.groups()))
    if saturation < 0.2 or not 0.05 < lightness < 0.95:
        return "tex-gray" if 0.2 < lightness < 0.9 else ""
    return "tex-" + next(colour for colour, end in zip(COLOURS, HUES, strict=True) if hue <= end)


def show_inline(self: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for formulas within a line; as code where they do not become MathML."""
    token = tokens[idx]
    display = "block" if token.type == "math_inline_double" else "inline"
    return mathml(token.content.strip(), display) or f'<code class="formula">{escape(token.content)}</code>'


def show_block(self: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for formulas on lines of their own; as code where they do not become MathML."""
    tex = tokens[idx].content.strip()
    shown = mathml(tex, "block") or f'<code class="formula">{escape(tex)}</code>'
    return f'<div class="formula" tabindex="0">{shown}</div>\n'
