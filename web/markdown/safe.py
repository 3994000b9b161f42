"""The sanitizer, the last step of every rendering: an allowlist of elements, attributes, classes and schemes."""

import nh3
from pygments.token import STANDARD_TYPES

from assistant.markdown.links import SCHEMES

TEXT = "p h2 h3 h4 h5 h6 ul ol li blockquote strong em s code pre br hr a span div figure figcaption button"
TABLES = "table thead tbody tr th td"
# MathML Core, as far as latex2mathml writes it: https://w3c.github.io/mathml-core/
FORMULAS = (
    "math mrow mi mo mn mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover"
    " mstyle mpadded mphantom mtable mtr mtd"
)
# Nothing that names an address, a style or a class: a formula cannot dress up as a part of the page.
FORMULA_ATTRIBUTES = (
    "accent columnalign columnlines depth displaystyle fence form height largeop linethickness lspace mathvariant"
    " maxsize minsize movablelimits rowlines rspace scriptlevel separator stretchy symmetric voffset width"
)
COLOURS = {name for name in STANDARD_TYPES.values() if name}

_cleaner = nh3.Cleaner(
    tags={*TEXT.split(), *TABLES.split(), *FORMULAS.split()},
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title"},
        "button": {"aria-label", "data-copy"},
        "ol": {"start"},
        **{tag: set(FORMULA_ATTRIBUTES.split()) for tag in FORMULAS.split()},
        "math": {"display"},
    },
    tag_attribute_values={"button": {"type": {"button"}}, "pre": {"tabindex": {"0"}}},
    set_tag_attribute_values={"a": {"target": "_blank"}},
    allowed_classes={
        "span": COLOURS | {"code-language", "link-host"},
        "code": {"formula"},
        "figure": {"code"},
        "button": {"copy-code"},
        "div": {"table", "formula"},
        "th": {"center", "right"},
        "td": {"center", "right"},
        "li": {"task-item"},
    },
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def safe(html: str) -> str:
    """`html` without everything that is not allowed, and without newlines before closing tags, so that the end of the
    text is always the last child of the innermost last element."""
    return _cleaner.clean(html).strip().replace("\n</", "</")
