"""The text of a page out of its bytes. Runs in a child process (`reader.py`): what it is given is hostile."""

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from trafilatura.core import extract
from trafilatura.metadata import extract_metadata

from assistant.pages.charsets import decode
from assistant.pages.cleaning import clean_line, clean_text, cut
from assistant.pages.hidden import drop_hidden
from assistant.pages.page import Page

# A page has 4 to 8 thousand tokens mostly; nobody is shown more of one source than this.
TEXT_CHARACTERS = 50_000
TITLE_CHARACTERS = 200
SITE_CHARACTERS = 80
ICON_CHARACTERS = 1_000
# Below this the extractor takes the page as a whole, line by line; here words of one sentence stay on one.
LEAST_CHARACTERS = 250
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROLS = 0.005
# Over this the extractor needs seconds: such a page is a long list or a table, or an attack, and is taken as a whole.
MOST_ELEMENTS = 25_000
# When it was published, not when it was changed; dates somewhere in the text are of something else.
DATES = {"original_date": True, "extensive_search": False}
# What trafilatura escapes outside of code, as its text is Markdown; here it is text.
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&])")
FENCE = re.compile(r"^(```.*?^```[^\S\n]*$)", re.MULTILINE | re.DOTALL)
BLOCK_TAGS = """
address article aside blockquote br dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr
legend li main nav ol option p pre section summary table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(BLOCK_TAGS.split())
CELLS = frozenset({"td", "th"})
ASIDES = frozenset({"nav", "footer", "aside", "header"})
RASTER_TYPES = {"", "image/png", "image/x-icon", "image/vnd.microsoft.icon", "image/ico", "image/icon", "image/gif"}
ICON_SIDE = 32


class NoTextInPageError(Exception):
    """There is none, or it is no text."""


def read_page(body: bytes, url: str, kind: str, charset: str, *, was_cut: bool) -> Page:
    """The page in `body`, of that media type. Raises NoTextInPageError."""
    source = decode(body, charset)
    if "\x00" in source or len(BINARY.findall(source)) > len(source) * MOST_CONTROLS:
        raise NoTextInPageError("binary")
    if kind == "text/plain":
        return _page(url, text=source, was_cut=was_cut)
    tree, whole = _parse(source)
    if tree is None:
        raise NoTextInPageError("no element")
    icon = icon_of(tree, url)
    if tree.xpath("count(//*)") > MOST_ELEMENTS:
        drop_hidden(tree)
        return _page(
            url, text=_plain_text(tree), title=_first_text(tree, "title"), icon=icon, was_cut=was_cut or not whole
        )
    # Before what it stands in, as JSON-LD, is dropped.
    known = extract_metadata(tree, url, DATES | {"max_date": date.today().isoformat()})
    drop_hidden(tree)
    return _page(
        url,
        text=_main_text(tree, url),
        title=known.title or _first_text(tree, "title") or _first_text(tree, "h1"),
        site=known.sitename or "",
        published=known.date or "",
        icon=icon,
        was_cut=was_cut or not whole,
    )


def icon_of(tree: HtmlElement, url: str) -> str:
    """The address of the raster icon that is nearest to 32 pixels, by default /favicon.ico."""
    base = tree.find(".//base[@href]")
    start = _joined(url, base.get("href") or "") if base is not None else url
    ranked: list[tuple[int, str]] = []
    for link in tree.iter("link"):
        rel = set((link.get("rel") or "").lower().split())
        href = (link.get("href") or "").strip()
        raster = (link.get("type") or "").lower() in RASTER_TYPES and not urlsplit_path(href).endswith(".svg")
        if href and raster and rel & {"icon", "apple-touch-icon"} and "mask-icon" not in rel:
            target = _joined(start or url, href)
            if target.startswith(("http://", "https://")) and len(target) <= ICON_CHARACTERS:
                ranked.append((_distance(link.get("sizes") or "", touch="icon" not in rel), target))
    best = min(ranked, default=(0, _joined(url, "/favicon.ico")))
    return best[1]


def urlsplit_path(address: str) -> str:
    """The path of an address, lower case; empty for one that does not parse."""
    try:
        return urlsplit(address).path.lower()
    except ValueError:
        return ""


def _parse(source: str) -> tuple[HtmlElement | None, bool]:
    """The tree, and whether all of the page is in it: the parser stops where elements are nested too deep."""
    # As bytes, since lxml refuses a str that declares an encoding.
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None, True
    return tree, not any("depth" in error.message.lower() for error in parser.error_log)


def _main_text(tree: HtmlElement, url: str) -> str:
    found = extract(
        tree, url=url, output_format="markdown", include_comments=False, include_tables=True, include_formatting=True
    )
    text = _unescaped(found or "")
    if len(text) < LEAST_CHARACTERS:
        return _plain_text(tree)
    return text


def _unescaped(text: str) -> str:
    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else ESCAPED.sub(r"\1", part) for part in parts)


def _plain_text(tree: HtmlElement) -> str:
    """All text that is seen, a line for each block; what stands around the page's content only where nothing else."""
    body = tree.find("body")
    root = tree if body is None else body
    return _lines(root, ASIDES) or _lines(root, frozenset())


def _lines(root: HtmlElement, left_out: frozenset[str]) -> str:
    lines = (" ".join(line.split()).strip("| ") for line in "".join(_words(root, left_out)).split("\n"))
    return "\n".join(line for line in lines if line)


def _words(root: HtmlElement, left_out: frozenset[str]) -> Iterator[str]:
    """The texts in their order, with line feeds around blocks. Without recursion, however deep elements nest."""
    skipped = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if skipped is None and element is not root and element.tag in left_out:
            skipped = element
        if event == "start" and skipped is None:
            yield "\n" if element.tag in BLOCKS else " | " if element.tag in CELLS else ""
            yield element.text or ""
        if event == "end":
            if skipped is element:
                skipped = None
            if skipped is None and element is not root:
                yield "\n" if element.tag in BLOCKS else ""
                yield element.tail or ""


def _page(
    url: str, *, text: str, was_cut: bool, title: str = "", site: str = "", published: str = "", icon: str = ""
) -> Page:
    """The page in its bounds, cleaned. Raises NoTextInPageError."""
    # Cleaning is work for each letter, so what is far over the bound is left out before.
    text = clean_text(text[: TEXT_CHARACTERS * 2])
    if not text.strip():
        raise NoTextInPageError("empty")
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    kept = cut(text, TEXT_CHARACTERS)
    return Page(
        url=url,
        title=clean_line(title, TITLE_CHARACTERS) or host,
        site=clean_line(site, SITE_CHARACTERS) or host,
        date=published if re.fullmatch(r"\d{4}-\d\d-\d\d", published) else "",
        text=kept,
        icon=icon or _joined(url, "/favicon.ico"),
        cut=was_cut or len(kept) < len(text),
    )


def _first_text(tree: HtmlElement, tag: str) -> str:
    found = tree.find(f".//{tag}")
    return "" if found is None else found.text_content()


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def _distance(sizes: str, *, touch: bool) -> int:
    """How far an icon of these sizes is from ICON_SIDE; one without a size may be of any."""
    sides = [int(side) for side in re.findall(r"(\d{1,4})x\d", sizes.lower())]
    # A smaller one would be blurred, which is worse than work.
    distance = min((side - ICON_SIDE if side >= ICON_SIDE else 500 for side in sides), default=ICON_SIDE)
    return distance + (200 if touch else 0)
