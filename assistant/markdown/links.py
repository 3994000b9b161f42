"""Links: only addresses of known schemes, bare ones linkified, and pictures as links, never fetched."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

SCHEMES = {"http", "https", "mailto"}
LINK_CHARACTERS = 2_000
WORDS = ("text", "text_special", "code_inline", "picture")


def use_links(parser: MarkdownIt) -> None:
    """Restrict `parser` to addresses of known schemes, linkify bare ones, and turn pictures into links."""
    parser.validateLink = lambda url: bool(host(url))  # type: ignore[method-assign]
    parser.options["linkify"] = True
    if parser.linkify:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        for schema in ("ftp:", "//"):
            parser.linkify.add(schema, None)
    parser.core.ruler.push("pictures", _link_pictures)


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
    return without.removeprefix("www.").rstrip("/")
