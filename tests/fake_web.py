"""The web as the tests have it: a search engine that speaks as SearXNG does, and the pages that it finds."""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from tests.scripted_http import Reply, ScriptedHTTP

HTML = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class FakePage:
    """A page with a title and paragraphs, published on a day (as 2026-03-01) if it says so."""

    path: str
    title: str
    paragraphs: tuple[str, ...]
    date: str = ""
    icon: str = ""

    @property
    def html(self) -> str:
        dated = f'<meta property="article:published_time" content="{self.date}T08:00:00Z">' if self.date else ""
        dated += f'<link rel="icon" href="{self.icon}">' if self.icon else ""
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.paragraphs)
        head = f"<head><title>{escape(self.title)}</title>{dated}</head>"
        return f"<!doctype html><html>{head}<body><article><h1>{escape(self.title)}</h1>{text}</article></body></html>"


class FakeWeb(ScriptedHTTP):
    """Use it in `with`. `finds` puts pages on the web, which the engine then finds for every question."""

    def finds(self, *pages: FakePage) -> None:
        """These pages, and no others, are found."""
        for page in pages:
            self.script(page.path, Reply(page.html, headers=HTML))
        results = [
            {"title": page.title, "url": self.url + page.path, "content": page.paragraphs[0], "engine": "scripted"}
            for page in pages
        ]
        self.script("/search", Reply({"query": "", "results": results, "unresponsive_engines": []}))

    def fails(self, status: int = 500) -> None:
        """The engine answers nothing but this."""
        self.script("/search", Reply("no", status))

    @property
    def address(self) -> str:
        """As FETCH_ALLOWED names it."""
        return urlsplit(self.url).netloc

    @property
    def queries(self) -> list[str]:
        """What was searched for."""
        return [asked.params["q"] for asked in self.to("/search")]
