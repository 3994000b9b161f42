"""Links: only addresses of known schemes, bare ones linkified, and pictures as links, never fetched."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from linkify_it.main import LinkifyIt, Match
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

SCHEMES = {"http", "https", "mailto"}
LINK_CHARACTERS = 2_000
# Punctuation that stands within words of other scripts, and so within addresses.
WITHIN_WORDS = frozenset("\u00b7\u2019\u2027\u30fb\uff65")
NOT_ASCII = re.compile(r"[^\x00-\x7f]")
SPACED = re.compile(
    r"\[([^\[\]\n]{1,300})\]\(((?:https?://|mailto:)[^\s()<>\"']{1,500}(?: [^\s()<>\"']{1,200}){1,30})\)"
)
WORDS = ("text", "text_special", "code_inline", "picture")


def use_links(parser: MarkdownIt) -> None:
    """Restrict `parser` to addresses of known schemes, linkify bare ones, and turn pictures into links."""
    parser.validateLink = lambda url: bool(host(url))  # type: ignore[method-assign]
    parser.options["linkify"] = True
    parser.linkify = BareLinks()
    parser.inline.ruler.after("link", "spaced_link", _spaced_link)
    parser.core.ruler.push("pictures", _link_pictures)


def _spaced_link(state: StateInline, silent: bool) -> bool:
    """An inline rule: [file](https://example.com/a b.pdf), which CommonMark wants with <..> around the address."""
    found = SPACED.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if not found or state.linkLevel:
        return False
    url = state.md.normalizeLink(found[2].replace(" ", "%20"))
    if not state.md.validateLink(url):
        return False
    if not silent:
        last = state.posMax
        state.push("link_open", "a", 1).attrs = {"href": url}
        state.pos, state.posMax = found.start(1), found.end(1)
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.posMax = last
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


class BareLinks(LinkifyIt):
    """Finds addresses with a scheme, "www." names and e-mail addresses; no other names: README.md is a file.

    An address ends at the punctuation of any script: https://example.com/a，and so on.
    """

    def __init__(self) -> None:
        super().__init__(options={"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})
        for schema in ("ftp:", "//"):
            self.add(schema, None)
        # As GitHub has it: https://github.github.com/gfm/#extended-www-autolink
        self.add("www.", {"validate": _length_of_name, "normalize": _with_scheme})

    def pretest(self, text: str) -> bool:
        """Whether `text` may hold a link: quicker than the library's search for all schemes and names."""
        return "://" in text or "@" in text or "www." in text.lower()

    def match(self, text: str) -> "list[Match] | None":
        """The links in `text`, or None."""
        found: list[Match] | None = super().match(_with_ends(text))
        return found

    def match_at_start(self, text: str) -> "Match | None":
        """The link that `text` starts with, or None."""
        found: Match | None = super().match_at_start(_with_ends(text))
        return found


def _with_ends(text: str) -> str:
    """`text` with a space for each sign that ends an address and that is not ASCII."""
    return text if text.isascii() else NOT_ASCII.sub(lambda found: _end(found[0]), text)


@lru_cache(maxsize=4096)
def _end(sign: str) -> str:
    kind = unicodedata.category(sign)
    return " " if kind[0] == "P" and kind not in ("Pd", "Pc") and sign not in WITHIN_WORDS else sign


def _length_of_name(linkify: LinkifyIt, text: str, position: int) -> int:
    """How many characters after "www.", which ends at `position`, belong to the address; none within another name."""
    if text[position - 5 : position - 4] in (".", "/", "@", "-") and position > 4:
        return 0
    pattern = linkify.re["src_domain"] + r"(?:\." + linkify.re["src_domain"] + ")+" + linkify.re["src_host_terminator"]
    found = re.match(f"{pattern}(?:{linkify.re['src_path']})?", text[position:], re.IGNORECASE)
    return found.end() if found else 0


def _with_scheme(linkify: LinkifyIt, found: Any) -> None:
    found.url = f"http://{found.url}"


def host(url: str) -> str:
    """The host of `url`, or its address for mailto:; empty where it does not become a link."""
    if len(url) > LINK_CHARACTERS:
        return ""
    try:
        parts = urlsplit(url)
        name = parts.path if parts.scheme == "mailto" else parts.hostname
    except ValueError:
        return ""
    return name or "" if parts.scheme in SCHEMES else ""


def text_of(tokens: Iterable[Token]) -> str:
    """The words of inline `tokens`, without their marks."""
    return "".join(token.content for token in tokens if token.type in WORDS)


def hidden_host(words: str, url: str) -> str:
    """The host of a link, where the text `words` of the link does not show it; else empty."""
    if "@" not in urlsplit(url).netloc and _bare(words) in (_bare(url), _bare(host(url))):
        return ""
    return host(url)


def _link_pictures(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and any(child.type == "image" for child in token.children or []):
            token.children = list(_linked(token.children or []))


def _linked(tokens: list[Token]) -> Iterator[Token]:
    """Each picture as a link to it around a token `picture`, or as that token where it stands in a link already.

    Its content is the picture's description; where there is none, the renderer adds a text of its own.
    """
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "image":
            yield token
            continue
        words = Token("picture", "", 0, content=text_of(token.children or []), level=1)
        if depth:
            yield words
        else:
            yield Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
            yield words
            yield Token("link_close", "a", -1)


def _bare(address: str) -> str:
    without = address.strip().lower().removeprefix("mailto:").removeprefix("https://").removeprefix("http://")
    return unquote(without).removeprefix("www.").rstrip("/")
