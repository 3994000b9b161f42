"""Tavily, by key. https://docs.tavily.com/documentation/api-reference/endpoint/search"""

from typing import Any

import httpx

from assistant.websearch.engine import ask, collect, entries
from assistant.websearch.errors import EngineError
from assistant.websearch.results import RESULTS, Query, Result, read_result

URL = "https://api.tavily.com/search"
HINTS = {
    401: "see TAVILY_KEY",
    403: "see TAVILY_KEY",
    432: "the plan is used up",
    433: "the limit of spending is reached",
}


class Tavily:
    """`key` begins with "tvly-". It has no parameter for the language."""

    name = "tavily"
    knows_freshness = True

    def __init__(self, http: httpx.AsyncClient, key: str, url: str = URL) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    async def search(self, query: Query) -> list[Result]:
        """See Engine."""
        body: dict[str, str | int] = {"query": query.text, "max_results": RESULTS, "search_depth": "basic"}
        if query.freshness:
            body["time_range"] = query.freshness
        value = await ask(self._http, "POST", self._url, body=body, headers=self._headers, hints=HINTS)
        if not isinstance(value.get("results"), list):
            raise EngineError("api.tavily.com sent no results")
        return collect(entries(value["results"]), self._read)

    def _read(self, row: dict[str, Any]) -> Result | None:
        return read_result(self.name, row.get("title"), row.get("url"), row.get("content"), row.get("published_date"))
