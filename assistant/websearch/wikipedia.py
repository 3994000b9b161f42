"""Wikipedia, in the language of the person with English behind it. https://www.mediawiki.org/wiki/API:Search"""

from urllib.parse import quote

import httpx

from assistant.websearch.engine import ask, collect, entries
from assistant.websearch.errors import EngineError
from assistant.websearch.results import Query, Result, read_result

URL = "https://{language}.wikipedia.org"
# Articles beyond these are far from what was asked, and would crowd out pages of other engines.
ARTICLES = 5
ENGLISH = "en"


class Wikipedia:
    """`url` has `{language}` where each wiki has its own host. It needs no key, but wants to know who asks."""

    name = "wikipedia"
    knows_freshness = False

    def __init__(self, http: httpx.AsyncClient, agent: str, url: str = URL) -> None:
        self._http = http
        self._url = url
        self._headers = {"User-Agent": agent}

    async def search(self, query: Query) -> list[Result]:
        """See Engine."""
        language = query.language.partition("-")[0] or ENGLISH
        if language == ENGLISH:
            return await self._search(query.text, ENGLISH)
        try:
            found = await self._search(query.text, language)
        except EngineError:
            # Among others, a language that has no Wikipedia. Where Wikipedia itself is away, the next line says so.
            found = []
        return found or await self._search(query.text, ENGLISH)

    async def _search(self, text: str, language: str) -> list[Result]:
        root = self._url.format(language=language)
        params: dict[str, str | int] = {
            "action": "query",
            "list": "search",
            "srsearch": text,
            "srlimit": ARTICLES,
            "srprop": "snippet",
            "format": "json",
            "formatversion": 2,
        }
        value = await ask(self._http, "GET", f"{root}/w/api.php", params=params, headers=self._headers)
        inner = value.get("query")
        if not isinstance(inner, dict):
            # Errors come with status 200.
            problem = value.get("error")
            code = str(problem.get("code")) if isinstance(problem, dict) else "no results"
            raise EngineError(f"Wikipedia ({language}) answered {code[:60]}")

        def read(row: dict[str, object]) -> Result | None:
            title = row.get("title")
            path = quote(title.replace(" ", "_"), safe="/:(),") if isinstance(title, str) and title else ""
            # Its date is that of the last edit, whatever that changed.
            return read_result(self.name, title, f"{root}/wiki/{path}", row.get("snippet")) if path else None

        return collect(entries(inner.get("search")), read)
