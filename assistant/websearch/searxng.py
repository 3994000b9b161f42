"""SearXNG, or its ancestor searx: a metasearch engine that the operator runs.

https://docs.searxng.org/dev/search_api.html
"""

from typing import Any

import httpx

from assistant.websearch.engine import ask, collect, entries, host_of
from assistant.websearch.errors import EngineError
from assistant.websearch.results import Query, Result, read_result

HINTS = {
    403: "its settings.yml needs json in search.formats, see also its limiter",
    404: "see SEARXNG_URL",
    **dict.fromkeys((301, 302, 307, 308), "it redirects, see SEARXNG_URL"),
}


class SearXNG:
    """`url` is the address of its start page, with user and password where it wants them."""

    name = "searxng"
    knows_freshness = True

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/search"

    async def search(self, query: Query) -> list[Result]:
        """See Engine."""
        params: dict[str, str | int] = {"q": query.text, "format": "json", "safesearch": 1}
        language, _dash, region = query.language.partition("-")
        # Its codes are as "pt-BR"; searx refuses those of scripts, as "zh-hant".
        params["language"] = (f"{language}-{region.upper()}" if len(region) == 2 else language) or "all"
        if query.freshness:
            params["time_range"] = query.freshness
        value = await ask(self._http, "GET", self._url, params=params, hints=HINTS)
        if not isinstance(value.get("results"), list):
            raise EngineError(f"{host_of(self._url)} sent no results")
        found = collect(entries(value["results"]), self._read)
        if not found and value.get("unresponsive_engines"):
            raise EngineError(f"{host_of(self._url)} got nothing from its own engines")
        return found

    def _read(self, row: dict[str, Any]) -> Result | None:
        when = row.get("publishedDate") or row.get("pubdate")
        return read_result(self.name, row.get("title"), row.get("url"), row.get("content"), when)
