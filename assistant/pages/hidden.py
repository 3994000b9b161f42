"""Elements of a page that nobody sees leave its tree, before its text is looked for.

Most instructions that pages hide for models stand there: in attributes, comments, styles and places off the screen.
What a page's scripts or its linked style sheets hide is not known here; its own `<style>` is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cssselect import HTMLTranslator, SelectorError
from lxml.etree import Comment, Entity, ProcessingInstruction, XPathError
from lxml.html import HtmlElement

# Never text of the page: programs, forms, pictures, what is shown only without scripts.
DROPPED_TAGS = """
script style noscript template iframe frame frameset object embed applet svg canvas audio video map
input select option datalist textarea button progress meter noembed noframes link base
"""
DROPPED = frozenset({*DROPPED_TAGS.split(), Comment, ProcessingInstruction, Entity})
# Around everything: styles hide it until scripts have run, and readers see it then.
WHOLE = frozenset({"html", "body", "head", "title", "meta"})
HIDING_CLASSES = """
sr-only visually-hidden visuallyhidden screen-reader-text screen-reader-only screenreader-only assistive-text
d-none hidden is-hidden hide u-hidden invisible element-invisible element-hidden aria-hidden
"""
CLASSES = frozenset(HIDING_CLASSES.split())
ATTRIBUTES = frozenset({"hidden", "inert", "popover"})
# A class that hides on some screens only, beside one that shows: `hidden md:block`, `d-none d-lg-flex`.
RESPONSIVE = re.compile(r"(?:\w+:|d-\w+-)(?:block|flex|grid|inline|table|contents|visible|not-sr-only|inline-\w+)")
ZERO = r"0*\.?0+(?:px|r?em|pt|%|vh|vw|ch)?"
# Lengths that put something out of sight, either way.
FAR = (
    r"(?:-(?:\d{4,}|999)|[5-9]\d{3}|\d{5,})(?:\.\d+)?(?:px|pt)?|-\d{2,}(?:\.\d+)?r?em|-\d{3,}(?:\.\d+)?(?:%|vw|vh)"
    r"|[2-9]\d{2}(?:vw|vh)|calc\(-\d{3,}.*\)"
)
HIDING = {
    "display": re.compile(r"none"),
    "visibility": re.compile(r"hidden|collapse"),
    "content-visibility": re.compile(r"hidden"),
    "opacity": re.compile(r"0*\.?0+%?|0*\.0\d*|[0-9](?:\.\d*)?%"),
    "filter": re.compile(r".*opacity\(0*\.?0+%?\).*"),
    "font-size": re.compile(
        rf"{ZERO}|(?:[0-3]|[0-3]?\.\d+|[0-3]\.)px|0*\.[01]\d*r?em|(?:[0-2]|[0-2]?\.\d+)pt|[0-9](?:\.\d+)?%"
    ),
    "font": re.compile(rf"(?:.* )?{ZERO}(?:/.*| .*)"),
    "clip": re.compile(r"rect\((?:[01](?:px)?[, ]*){4}\)"),
    "clip-path": re.compile(r"inset\((?:[5-9]\d|100)%.*\)|circle\(0.*\)|polygon\((?:0(?:px|%)?[, ]*)+\)"),
    "text-indent": re.compile(FAR),
    "letter-spacing": re.compile(rf"{FAR}|-\d{{2,}}px|-[1-9](?:\.\d+)?em"),
    "transform": re.compile(
        r".*(?:scale[xy3d]*\(0*\.?0+[),].*|rotate[xy]\(-?(?:90|270)deg\).*|matrix\(0,0,0,0.*"
        rf"|translate[xy3d]*\((?:[^)]*,)?(?:{FAR})[),].*)"
    ),
    "scale": re.compile(r"0*\.?0+%?"),
    "translate": re.compile(rf"(?:.* )?(?:{FAR})(?: .*)?"),
    "inset": re.compile(rf"(?:.* )?(?:{FAR})(?: .*)?"),
    "z-index": re.compile(r"-\d+"),
    "zoom": re.compile(r"0*\.?0+%?"),
    **{side: re.compile(FAR) for side in ("left", "top", "right", "bottom", "margin-left", "margin-top")},
}
SIZES = ("width", "height", "max-width", "max-height", "inline-size", "block-size", "max-block-size")
TINY = re.compile(rf"{ZERO}|[01]px")
TEXT_COLOURS = ("color", "-webkit-text-fill-color")
BACKGROUNDS = ("background-color", "background")
BACKGROUND_CLIPS = ("background-clip", "-webkit-background-clip")
HEX_COLOUR = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
RGB_COLOUR = re.compile(r"rgba?\((\d{1,3})[, ]+(\d{1,3})[, ]+(\d{1,3})(?:[,/ ]+([\d.]+)%?)?\)")
WHITE_HSL = re.compile(r"hsla?\([^,]*,[^,]*,(?:9[5-9](?:\.\d+)?|100)%(?:,1)?\)|hsla?\(\S+ \S+ (?:9[5-9]|100)%\)")
CLEAR_COLOUR = re.compile(r"transparent|hsla?\([^)]*[,/] *0*\.?0+%?\)")
WHITE = (255, 255, 255)
WHITES = ("white", "snow", "ivory", "ghostwhite", "floralwhite", "whitesmoke", "azure", "mintcream", "canvas")
NAMED_COLOURS = {**dict.fromkeys(WHITES, WHITE), "black": (0, 0, 0)}
# Of each channel, within which two colours look alike.
ALIKE = 24
# A calculation of one number, which is that number.
CALC = re.compile(r"calc\(\s*([^()+*/\s]+)\s*\)")
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
SELECTOR = re.compile(r"([a-z][a-z0-9]*|\*)?([.#])(-?[_a-z][_a-z0-9-]*)", re.IGNORECASE)
# Blocks of rules that hold on every screen; those for paper or small screens say nothing about what is seen.
HOLDS = re.compile(r"@(?:layer\b|supports\b|media\s+(?:only\s+)?(?:screen|all)\Z)", re.IGNORECASE)
STYLE_CHARACTERS = 300_000
MOST_BLOCKS = 8
# Selectors of more than one name: each is a walk through the page.
MOST_SELECTORS = 60
SELECTOR_CHARACTERS = 200


@dataclass
class HiddenNames:
    """What a page's own style hides: classes and ids, and the elements that its other selectors choose."""

    classes: set[str] = field(default_factory=lambda: set(CLASSES))
    ids: set[str] = field(default_factory=set)
    elements: set[HtmlElement] = field(default_factory=set)


def drop_hidden(tree: HtmlElement) -> None:
    """Take out of `tree` what is not seen, and what is no text. The text behind an element stays."""
    names = _hidden_names(tree)
    for element in list(tree.iter()):
        if element.tag not in WHOLE and (element.tag in DROPPED or _is_hidden(element, names)):
            _drop(element)


def _drop(element: HtmlElement) -> None:
    parent = element.getparent()
    # Without a parent it is the root, or was dropped with one around it.
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + " " + element.tail
        else:
            before.tail = (before.tail or "") + " " + element.tail
    parent.remove(element)


def _is_hidden(element: HtmlElement, names: HiddenNames) -> bool:
    attributes: Mapping[str, str] = element.attrib
    if element in names.elements:
        return True
    if not attributes:
        return bool(element.tag == "dialog")
    if not ATTRIBUTES.isdisjoint(attributes) or attributes.get("aria-hidden", "").strip().lower() == "true":
        return True
    if element.tag == "dialog" and "open" not in attributes:
        return True
    classes = attributes.get("class", "").split()
    if attributes.get("id") in names.ids:
        return True
    if not names.classes.isdisjoint(classes) and not any(map(RESPONSIVE.fullmatch, classes)):
        return True
    if element.tag == "font" and "color" in attributes and _style_hides(f"color:{attributes['color']}", element):
        return True
    return _style_hides(attributes.get("style", ""), element)


def _style_hides(style: str, element: HtmlElement | None = None) -> bool:
    """Whether these declarations, of `element` if they are its own, keep text from being seen."""
    declared = dict(_declarations(style))
    if any((pattern := HIDING.get(name)) and pattern.fullmatch(value) for name, value in declared.items()):
        return True
    if any(TINY.fullmatch(declared.get(name, "")) for name in SIZES):
        return any(word in declared.get(name, "") for name in ("overflow", "overflow-y") for word in ("hidden", "clip"))
    return _colour_hides(declared, element)


def _colour_hides(declared: dict[str, str], element: HtmlElement | None) -> bool:
    """Whether text has the colour of what is behind it, as far as that is known."""
    if any(declared.get(name) == "text" for name in BACKGROUND_CLIPS):
        # Letters filled by a gradient are transparent themselves.
        return False
    colours = [_colour(declared[name]) for name in TEXT_COLOURS if name in declared]
    background = next((colour for name in BACKGROUNDS if (colour := _colour(declared.get(name, "")))), None)
    for colour in colours:
        if colour == ():
            return True
        if colour and background:
            return _alike(colour, background)
        if colour and element is not None and _alike(colour, WHITE):
            return not _has_background(element)
    return False


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in COMMENT.sub("", style).split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            value = CALC.sub(r"\1", _unescaped(value).lower().replace("!important", ""))
            yield _unescaped(name).strip().lower(), re.sub(r"\s*([,()])\s*", r"\1", " ".join(value.split()))


def _unescaped(text: str) -> str:
    r"""Without CSS escapes, by which `d\69splay` is `display`."""
    if "\\" not in text:
        return text
    text = re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda found: chr(min(int(found[1], 16), 0x10FFFF)), text)
    return text.replace("\\", "")


def _colour(value: str) -> tuple[int, ...] | None:
    """Red, green and blue; nothing in it if nothing is seen of it; None if it is not known."""
    if CLEAR_COLOUR.fullmatch(value):
        return ()
    if HEX_COLOUR.fullmatch(value):
        digits = value[1:] if len(value) > 5 else "".join(digit * 2 for digit in value[1:])
        channels = tuple(int(digits[place : place + 2], 16) for place in range(0, len(digits), 2))
        return channels[:3] if len(channels) == 3 or channels[3] else ()
    if found := RGB_COLOUR.fullmatch(value):
        return () if found[4] and not found[4].strip("0.") else tuple(int(channel) for channel in found.groups()[:3])
    return WHITE if WHITE_HSL.fullmatch(value) else NAMED_COLOURS.get(value)


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(here - there) <= ALIKE for here, there in zip(one, other, strict=False))


def _has_background(element: HtmlElement) -> bool:
    """Whether something dark may lie behind it: an element around it has a background of its own."""
    return any(
        "bgcolor" in here.attrib or "background" in here.attrib or "background" in here.get("style", "").lower()
        for here in (element, *element.iterancestors())
    )


def _hidden_names(tree: HtmlElement) -> HiddenNames:
    """From rules that hold on every screen. A later rule that shows again is not believed."""
    names = HiddenNames()
    others: list[str] = []
    sheets = "\n".join(style.text or "" for style in tree.iter("style"))[:STYLE_CHARACTERS]
    for selectors, declarations in _rules(COMMENT.sub("", sheets)):
        if not _style_hides(declarations):
            continue
        for selector in selectors.split(","):
            found = SELECTOR.fullmatch(selector.strip())
            if not found:
                others.append(selector.strip())
            elif (found[1] or "").lower() not in WHOLE:
                (names.classes if found[2] == "." else names.ids).add(found[3])
    for selector in others[:MOST_SELECTORS]:
        names.elements.update(_chosen(tree, selector))
    return names


def _chosen(tree: HtmlElement, selector: str) -> list[HtmlElement]:
    """The elements that a selector chooses: none where it is of a state, of a part, or not understood."""
    if len(selector) > SELECTOR_CHARACTERS:
        return []
    try:
        found = tree.xpath(HTMLTranslator().css_to_xpath(selector))
    except (SelectorError, XPathError, ValueError):
        return []
    return [element for element in found if element.tag not in WHOLE]


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """The selectors and declarations of each rule that holds on every screen."""
    opened: list[str] = []
    before = ""
    for part in re.split(r"([{}])", sheet):
        if part == "{":
            opened.append(before.rpartition(";")[2].strip())
            before = ""
        elif part == "}":
            selectors = opened.pop() if opened else ""
            if selectors[:1] not in ("", "@") and len(opened) < MOST_BLOCKS and all(map(HOLDS.match, opened)):
                yield selectors, before
            before = ""
        else:
            before = part
