"""Brave Search, by key. https://api-dashboard.search.brave.com/app/documentation/web-search/query"""

from typing import Any

import httpx

from assistant.websearch.engine import ask, collect, entries
from assistant.websearch.results import RESULTS, Query, Result, read_result

URL = "https://api.search.brave.com/res/v1/web/search"
FRESHNESS = {"day": "pd", "week": "pw", "month": "pm", "year": "py"}
HINTS = {402: "the credit is used up", 401: "see BRAVE_KEY", 403: "see BRAVE_KEY"}
HINTS |= {422: "see BRAVE_KEY: it refuses an unknown key so"}
# It refuses languages that it does not know, and has names of its own for some.
LANGUAGES = (
    "ar eu bn bg ca zh-hans zh-hant hr cs da nl en en-gb et fi fr gl de el gu he hi hu is it jp kn ko lv lt ms ml mr "
    "nb pl pt-br pt-pt pa ro ru sr sk sl es sv ta te th tr uk vi"
)
NAMES = {"ja": "jp", "zh": "zh-hans", "zh-cn": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant"}
NAMES |= {"pt": "pt-pt", "no": "nb", "nn": "nb"}


class Brave:
    """`key` is the subscription token."""

    name = "brave"
    knows_freshness = True

    def __init__(self, http: httpx.AsyncClient, key: str, url: str = URL) -> None:
        self._http = http
        self._url = url
        # Some of its plans refuse a request that takes no gzip.
        self._headers = {"X-Subscription-Token": key, "Accept": "application/json", "Accept-Encoding": "gzip"}

    async def search(self, query: Query) -> list[Result]:
        """See Engine."""
        params: dict[str, str | int] = {"q": query.text, "count": RESULTS}
        if language := brave_language(query.language):
            params["search_lang"] = language
        if query.freshness:
            params["freshness"] = FRESHNESS[query.freshness]
        value = await ask(self._http, "GET", self._url, params=params, headers=self._headers, hints=HINTS)
        web = value.get("web")
        return collect(entries(web.get("results") if isinstance(web, dict) else None), self._read)

    def _read(self, row: dict[str, Any]) -> Result | None:
        when = row.get("page_age") or row.get("age")
        return read_result(self.name, row.get("title"), row.get("url"), row.get("description"), when)


def brave_language(code: str) -> str:
    """Brave's name of a language, or "" where it knows none."""
    language = code.partition("-")[0]
    names = (NAMES.get(code, code), NAMES.get(language, language))
    return next((name for name in names if name and name in LANGUAGES.split()), "")
