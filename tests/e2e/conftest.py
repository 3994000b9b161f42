from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from pytest_django.fixtures import Settings
from redis import Redis

from tests.conftest import note_errors
from tests.fake_llama import FakeLlama
from tests.people import next_address
from tests.servers import Site, Valkey, Worker

OpenPage = Callable[..., Awaitable[Page]]


@asynccontextmanager
async def opener(browser: Browser, site: Site) -> AsyncIterator[OpenPage]:
    """
    Opens fresh browsers of any kind, as `await open_page(color_scheme="dark")`; a script error fails the test.

    Nothing moves in them unless `reduced_motion` says so: Playwright may aim at what is still sliding into its place.
    """
    errors: list[str] = []
    async with AsyncExitStack() as contexts:

        async def open_one(**options: Any) -> Page:
            headers = {"X-Forwarded-For": next_address()}
            options = {"reduced_motion": "reduce", "extra_http_headers": headers, **options}
            context = await browser.new_context(base_url=site.url, **options)
            page = await (await contexts.enter_async_context(context)).new_page()
            note_errors(page, errors)
            return page

        yield open_one
    assert errors == []


@pytest.fixture
async def open_page(browser: Browser, site: Site) -> AsyncIterator[OpenPage]:
    """Opens fresh browsers at the site, see `opener`."""
    async with opener(browser, site) as open_one:
        yield open_one


@pytest.fixture
async def phone(open_page: OpenPage) -> Page:
    """A fresh browser on a phone."""
    return await open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)


@pytest.fixture
def noticed(settings: Settings, valkey: Valkey) -> None:
    """What is said by this process is noticed by the site's."""
    settings.REDIS_URL = valkey.url


@pytest.fixture
def worker(valkey: Valkey, fake_llama: FakeLlama, tmp_path: Path) -> Iterator[Worker]:
    """A worker that does nothing for earlier tests."""
    with Redis.from_url(valkey.url) as redis:
        redis.delete("celery")
    worker = Worker(tmp_path, {"REDIS_URL": valkey.url, "LLAMA_URL": fake_llama.url})
    worker.start()
    yield worker
    worker.stop()
