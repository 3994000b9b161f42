"""Pages of other sites, as text: from the cache, or fetched and read."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from django.conf import settings
from redis.asyncio import Redis
from yarl import URL

from assistant.fetch.addresses import parse
from assistant.fetch.errors import ERRORS, CrowdedFetchError, FetchError
from assistant.fetch.fetcher import ICON, Fetcher, FetchOptions, Resolve
from assistant.limits import Limits
from assistant.pages.cache import PageCache, key
from assistant.pages.page import Page
from assistant.pages.readers import Readers

# What is kept as a page; another number where `Page` gets other fields, as older processes write theirs too.
PAGE = "page1"
PAGE_SECONDS = 10 * 60
FAILURE_SECONDS = 60
ICON_SECONDS = 24 * 3600
NO_ICON_SECONDS = 3600
# Before the code of a failure, where a page begins with a brace and a picture with \x89.
FAILED = b"!"


def fetch_options() -> FetchOptions:
    """As the settings name it. Sites can see who asks, if there is anybody to see."""
    home = f"; +{settings.SITE_URL}" if settings.HTTPS else ""
    return FetchOptions(
        user_agent=f"Mozilla/5.0 (compatible; Chaski/1.0{home})",
        allowed=frozenset(settings.FETCH_ALLOWED),
    )


class Library:
    """Use it as `async with Library(redis, limits) as library`; it belongs to one event loop."""

    def __init__(
        self,
        redis: "Redis",
        limits: Limits,
        options: FetchOptions | None = None,
        resolve: Resolve | None = None,
        readers: Readers | None = None,
    ) -> None:
        self._options = options or fetch_options()
        self._limits = limits
        self._cache = PageCache(redis)
        self.fetcher = Fetcher(self._options, resolve)
        self.readers = readers or Readers()

    async def __aenter__(self) -> "Library":
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.fetcher)
            await stack.enter_async_context(self.readers)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def prepare(self) -> None:
        """Several pages will be read soon; nothing is awaited."""
        self.readers.prepare()

    async def read(self, address: str) -> Page:
        """The page at an address that a person or a search result named.

        Raises FetchError, LimitedError when its site was asked for too many pages, LogUnavailableError without Redis.
        """

        async def get() -> bytes:
            self.readers.prepare(1)
            page = await self.readers.page(await self.fetcher.fetch(str(url)))
            return json.dumps(page.to_json()).encode()

        url = parse(address, self._options.allowed)
        kept = await self._kept(PAGE, url, get, PAGE_SECONDS, FAILURE_SECONDS)
        return Page.from_json(json.loads(kept))

    async def icon(self, address: str) -> bytes:
        """A PNG of the site's icon, 32 by 32 pixels; `address` is `Page.icon`, as kept with what was read.

        So readers' browsers ask us and no third party. Raises as `read` does.
        """

        async def get() -> bytes:
            fetched = await self.fetcher.fetch(str(url), ICON)
            return await self.readers.icon(fetched.body)

        url = parse(address, self._options.allowed)
        return await self._kept("icon", url, get, ICON_SECONDS, NO_ICON_SECONDS)

    async def _kept(
        self, kind: str, url: URL, get: Callable[[], Awaitable[bytes]], seconds: int, failure_seconds: int
    ) -> bytes:
        """From the cache, or what `get` gives; also that it failed. Raises FetchError."""
        name = key(kind, str(url))
        kept = await self._cache.get(name)
        if kept is None:
            await self._limits.count(settings.LIMIT_SITE_PAGES, "fetch", url.host or "")
            try:
                kept = await get()
            except CrowdedFetchError:
                # It says nothing about the page.
                raise
            except FetchError as error:
                await self._cache.put(name, FAILED + error.code.encode(), failure_seconds)
                raise
            await self._cache.put(name, kept, seconds)
        if kept.startswith(FAILED):
            raise ERRORS.get(kept[1:].decode(), FetchError)("it failed a moment ago")
        return kept
