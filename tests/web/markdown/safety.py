"""What safe HTML is, said without the renderer's own lists: read it as a browser would and look at every tag."""

import re
from html.parser import HTMLParser

FORBIDDEN = {
    *("script", "style", "iframe", "object", "embed", "form", "input", "img", "svg", "base", "meta", "link"),
    *("video", "audio", "source", "template", "textarea", "select", "annotation-xml", "mglyph", "maction"),
}
ATTRIBUTES = {
    *("href", "data-to", "title", "rel", "target", "class", "type", "data-copy", "aria-label", "tabindex", "start"),
    *("dir", "display", "stretchy"),
    *("accent", "accentunder", "depth", "displaystyle", "fence", "form", "height", "largeop"),
    *("linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rspace"),
    *("scriptlevel", "separator", "symmetric", "voffset", "width"),
}


class Reader(HTMLParser):
    """Reads HTML and keeps its tags, its text, the TeX of its formulas (not shown), and what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.source = ""
        self.tags: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in FORBIDDEN:
            self.wrong.append(tag)
        for name, value in attrs:
            if (name, value) == ("encoding", "application/x-tex") and tag == "annotation":
                continue
            address = name in ("href", "data-to") and not (value or "").startswith(("https://", "http://", "mailto:"))
            # Our page that asks first, for an address of the web.
            address = address and not (name == "href" and re.match(r"/leave/\?to=https?://", value or ""))
            if address or name not in ATTRIBUTES:
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "a" and ("rel", "noopener noreferrer nofollow") not in attrs:
            self.wrong.append("a link that tells where it comes from")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "annotation":
            self.source += data
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")


def dangers(html: str) -> list[str]:
    """What in `html` could run, fetch or lead somewhere it should not."""
    return Reader(html).wrong


def text_of(html: str) -> str:
    """The text of `html`, tags left out."""
    return Reader(html).text
