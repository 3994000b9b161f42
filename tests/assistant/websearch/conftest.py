"""Scripted engines, and searches that ask them."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from assistant.websearch.options import SearchOptions
from assistant.websearch.search import WebSearch
from tests.scripted_http import ScriptedHTTP
from tests.servers import Valkey


@pytest.fixture
def services() -> Iterator[ScriptedHTTP]:
    """One server in the place of all engines: each has a path of its own."""
    with ScriptedHTTP() as server:
        yield server


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator["Redis"]:
    """A Valkey in which no engine rests and nothing was found yet."""
    async with Redis.from_url(valkey.url) as client:
        if keys := await client.keys("*websearch*"):
            await client.delete(*keys)
        yield client


@pytest.fixture
async def searching(services: ScriptedHTTP, redis: "Redis") -> AsyncIterator[Callable[..., WebSearch]]:
    """Makes a search over engines of the test's choice."""
    made: list[WebSearch] = []

    def make(*engines: str, redis: "Redis" = redis, **options: Any) -> WebSearch:
        addresses = {
            "searxng_url": services.url,
            "brave_url": f"{services.url}/brave",
            "tavily_url": f"{services.url}/tavily",
            "wikipedia_url": f"{services.url}/{{language}}",
            "brave_key": "secret-of-brave",
            "tavily_key": "tvly-secret",
        }
        made.append(WebSearch(redis, SearchOptions(engines=engines, **{**addresses, **options})))
        return made[-1]

    yield make
    for search in made:
        await search.close()
