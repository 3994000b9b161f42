"""DuckDuckGo and others, read from their pages by the library ddgs: no key, and no promise. For a start.

https://github.com/deedy5/ddgs. The library comes with the extra `search`, as it brings compiled parts.
"""

import asyncio
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from assistant.websearch.engine import USUAL_REST, collect, entries
from assistant.websearch.errors import EngineError, EngineLimitedError
from assistant.websearch.results import RESULTS, Query, Result, read_result

# Asked two at once, in this order, until there is enough. Its Wikipedia is left to ours.
BACKENDS = "duckduckgo,brave,mojeek,startpage,yahoo"
FRESHNESS = {"day": "d", "week": "w", "month": "m", "year": "y"}
# Its regions are as "de-de"; these are not named after their language.
REGIONS = {"en": "us-en", "ja": "jp-jp", "ko": "kr-kr", "zh": "cn-zh", "da": "dk-da", "sv": "se-sv", "cs": "cz-cs"}
REGIONS |= {"uk": "ua-uk", "el": "gr-el", "he": "il-he", "ar": "xa-ar", "pt": "pt-pt", "nb": "no-no", "vi": "vn-vi"}
ANYWHERE = "wt-wt"
# A search holds a thread until it ends, also one that is no longer waited for.
THREADS = 8

threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ddgs")


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("ddgs") is not None


class DuckDuckGo:
    """`seconds` is the limit of one page that is read; `proxy` and `authority`, a file, are for tests."""

    name = "ddgs"
    knows_freshness = True

    def __init__(self, seconds: float, proxy: str | None = None, authority: str | None = None) -> None:
        self._seconds = math.ceil(seconds)
        self._proxy = proxy
        self._verify: str | bool = authority or True
        self._running = 0

    async def search(self, query: Query) -> list[Result]:
        """See Engine."""
        if self._running >= THREADS:
            raise EngineError("ddgs has as many searches as it may have")
        self._running += 1
        work = asyncio.get_running_loop().run_in_executor(threads, self._search, query)
        work.add_done_callback(self._ended)
        found = await asyncio.shield(work)
        return collect(entries(found), lambda row: self._read(row))

    def _ended(self, work: "asyncio.Future[list[dict[str, str]]]") -> None:
        self._running -= 1
        # One that nobody waits for any more may fail unheard.
        if not work.cancelled():
            work.exception()

    def _search(self, query: Query) -> list[dict[str, str]]:
        # It loads lxml and a browser's TLS, 22 MB: only where it is used.
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

        try:
            return DDGS(self._proxy, self._seconds, verify=self._verify).text(
                query.text,
                region=region(query.language),
                safesearch="moderate",
                timelimit=FRESHNESS.get(query.freshness or ""),
                max_results=RESULTS,
                backend=BACKENDS,
            )
        except RatelimitException:
            raise EngineLimitedError("ddgs was told to ask less", USUAL_REST) from None
        except TimeoutException:
            raise EngineError("ddgs got no answer in time") from None
        except DDGSException as error:
            # Its texts quote addresses, and with them the query. To be blocked looks to it as nothing found.
            raise EngineError(
                f"ddgs found nothing, or is blocked ({type(error.__cause__ or error).__name__})"
            ) from None

    def _read(self, row: Mapping[str, object]) -> Result | None:
        return read_result(self.name, row.get("title"), row.get("href"), row.get("body"))


def region(language: str) -> str:
    """The region of DuckDuckGo for a language."""
    if not language:
        return ANYWHERE
    code, _dash, country = language.partition("-")
    if len(country) == 2:
        return f"{country}-{code}"
    return REGIONS.get(code, f"{code}-{code}")
