"""Links and pictures: where a link really leads is shown, and no picture is ever fetched from another site."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from web.markdown_safe import SCHEMES

LINK_CHARACTERS = 2_000


def use_links(parser: MarkdownIt) -> None:
    """Let `parser` take only addresses of known schemes, find bare ones, and show hosts."""
    parser.validateLink = lambda url: bool(host(url))  # type: ignore[method-assign]
    parser.options["linkify"] = True
    if parser.linkify:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        for schema in ("ftp:", "//"):
            parser.linkify.add(schema, None)
    parser.core.ruler.push("links", _rewrite)


def host(url: str) -> str:
    """The host `url` leads to, or its address for mailto:; empty where it is not a link we make."""
    if len(url) > LINK_CHARACTERS:
        return ""
    try:
        parts = urlsplit(url)
        name = parts.path if parts.scheme == "mailto" else parts.hostname
    except ValueError:
        return ""
    return name or "" if parts.scheme in SCHEMES else ""


def _rewrite(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and any(child.type in ("link_open", "image") for child in token.children or []):
            token.children = list(_with_hosts(list(_without_pictures(token.children or []))))


def _without_pictures(tokens: list[Token]) -> Iterator[Token]:
    """Each picture as a link to it, or as its words alone where it stands in a link already."""
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "image":
            yield token
            continue
        words = Token("text", "", 0, content=_words(token.children or []) or gettext("Picture"), level=1)
        if depth:
            yield words
        else:
            yield Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
            yield words
            yield Token("link_close", "a", -1)


def _with_hosts(tokens: list[Token]) -> Iterator[Token]:
    """After each link whose words are not its address: the host it leads to."""
    url, words = "", list[Token]()
    for token in tokens:
        yield token
        if token.type == "link_open":
            url, words = str(token.attrs["href"]), []
        elif token.type == "link_close":
            if url and not _says(_words(words), url):
                yield Token("link_host", "span", 0, content=host(url))
            url = ""
        else:
            words.append(token)


def _words(tokens: list[Token]) -> str:
    return "".join(token.content for token in tokens if token.type in ("text", "text_special", "code_inline"))


def _says(words: str, url: str) -> bool:
    """Whether a reader of `words` already knows where `url` leads."""
    if "@" in urlsplit(url).netloc:
        return False
    return _bare(words) in (_bare(url), _bare(host(url)))


def _bare(address: str) -> str:
    without = address.strip().lower().removeprefix("mailto:").removeprefix("https://").removeprefix("http://")
    return without.removeprefix("www.").rstrip("/")
