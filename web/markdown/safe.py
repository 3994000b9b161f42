"""The sanitizer, the last step of every rendering: an allowlist of elements, attributes, classes and schemes."""

import nh3
from pygments.token import STANDARD_TYPES

from assistant.markdown.links import SCHEMES
from assistant.markdown.notes import ALERTS
from web.markdown.departure import is_departure
from web.markdown.mathml import TEX_CLASSES

TEXT = (
    "p h2 h3 h4 h5 h6 ul ol li blockquote strong em s code pre br hr a span div figure figcaption button"
    " sub sup kbd details summary"
)
TABLES = "table thead tbody tr th td"
# MathML Core, as far as math-core writes it: https://w3c.github.io/mathml-core/
FORMULAS = (
    "math semantics annotation mrow mi mo mn mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover"
    " mmultiscripts mprescripts mstyle mpadded mphantom mtable mtr mtd"
)
# Within the text of a formula.
TEXT_OF_FORMULAS = "b i u"
# Nothing that names an address, a style or a class: a formula cannot dress up as a part of the page.
FORMULA_ATTRIBUTES = (
    "accent accentunder depth displaystyle fence form height largeop linethickness lspace mathvariant"
    " maxsize minsize movablelimits rspace scriptlevel separator stretchy symmetric voffset width"
)
COLOURS = {name for name in STANDARD_TYPES.values() if name}

_cleaner = nh3.Cleaner(
    tags={*TEXT.split(), *TABLES.split(), *FORMULAS.split(), *TEXT_OF_FORMULAS.split()},
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title", "data-to"},
        "button": {"aria-label", "data-copy"},
        "ol": {"start"},
        "details": {"open"},
        **{tag: set(FORMULA_ATTRIBUTES.split()) for tag in FORMULAS.split()},
        "math": {"display"},
    },
    tag_attribute_values={
        "button": {"type": {"button"}},
        "pre": {"tabindex": {"0"}},
        "annotation": {"encoding": {"application/x-tex"}},
        **{tag: {"dir": {"auto"}} for tag in ("th", "td")},
        "table": {"dir": {"rtl"}},
        "div": {"tabindex": {"0"}},
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    allowed_classes={
        "a": {"cite"},
        "span": COLOURS | TEX_CLASSES | {"code-language", "link-host"},
        "code": {"formula"},
        "figure": {"code"},
        "button": {"copy-code"},
        "div": {"table", "formula", "footnote"},
        "ul": {"code-issues"},
        "details": {"code-folded"},
        "th": {"center", "right"},
        "td": {"center", "right"},
        "li": {"task-item"},
        "p": {"footnote", "alert-name"},
        "blockquote": {"alert", *(f"alert-{kind}" for kind in ALERTS)},
        **{tag: TEX_CLASSES for tag in FORMULAS.split()},
    },
    url_schemes=SCHEMES,
    url_relative=is_departure,
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def safe(html: str) -> str:
    """`html` without everything that is not allowed, and without newlines before closing tags, so that the end of the
    text is always the last child of the innermost last element."""
    return _cleaner.clean(html).strip().replace("\n</", "</")
