"""Pages as the assistant asks for them: fetched, read, and kept for a while for all people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from os import urandom

import pytest
from PIL import Image
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from assistant.errors import LimitedError
from assistant.fetch.errors import (
    ERRORS,
    FetchError,
    NoTextError,
    PageNotFoundError,
    RefusedAddressError,
    UnknownSiteError,
    WrongTypeError,
)
from assistant.fetch.fetcher import FetchOptions
from assistant.limits import Limits
from assistant.pages import cache
from assistant.pages.cache import PageCache, key
from assistant.pages.library import PAGE as KIND
from assistant.pages.library import Library, fetch_options
from assistant.pages.readers import Readers
from tests.fake_site import FakeSite, Names, fake_site, redirect, response
from tests.servers import Valkey

WORDS = "Llamas live in herds on the high plains, and their keepers know each of them by its name. "
PAGE = f"<title>Llamas</title><meta property=og:site_name content=Andes><link rel=icon href=/i.png><p>{WORDS * 5}"


@pytest.fixture(scope="module")
async def readers() -> AsyncIterator[Readers]:
    async with Readers() as readers:
        yield readers


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator["Redis"]:
    async with Redis.from_url(valkey.url) as redis:
        yield redis


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as site:
        site.answers["/"] = response(PAGE, "text/html; charset=utf-8")
        yield site


@asynccontextmanager
async def library(
    redis_url: str, readers: Readers, *allowed: str, resolve: Names | None = None
) -> AsyncIterator[Library]:
    limits = Limits(redis_url)
    options = FetchOptions("Chaski", frozenset(allowed), total_seconds=10)
    async with (
        Redis.from_url(redis_url, socket_timeout=2) as redis,
        Library(redis, limits, options, resolve, readers) as library,
    ):
        yield library
    await limits.close()


async def test_a_page_is_fetched_once_and_read_by_all(valkey: Valkey, readers: Readers, site: FakeSite) -> None:
    async with (
        library(valkey.url, readers, site.address()) as first,
        library(valkey.url, readers, site.address()) as second,
    ):
        page = await first.read(site.url())
        assert (page.title, page.site, page.icon) == ("Llamas", "Andes", site.url("/i.png"))
        assert "herds" in page.text
        # Another process, and another spelling of the same address.
        assert await second.read(f" {site.url('/#part').replace('http', 'HTTP')} ") == page
    assert site.paths == ["/"]


async def test_a_failure_is_kept_for_less_time(
    valkey: Valkey, readers: Readers, site: FakeSite, redis: "Redis"
) -> None:
    site.answers["/empty"] = response("<div id=root></div>")
    async with library(valkey.url, readers, site.address()) as pages:
        for path, error in (("/gone", PageNotFoundError), ("/empty", NoTextError)):
            for _ in range(2):
                with pytest.raises(error):
                    await pages.read(site.url(path))
            assert 0 < await redis.ttl(key(KIND, site.url(path))) <= 60
        await pages.read(site.url())
        assert 60 < await redis.ttl(key(KIND, site.url())) <= 600
    assert site.paths == ["/gone", "/empty", "/"]


async def test_what_is_kept_names_no_address_and_no_person(
    valkey: Valkey, readers: Readers, site: FakeSite, redis: "Redis"
) -> None:
    site.answers["/?q=a-private-word"] = response(PAGE)
    async with library(valkey.url, readers, site.address()) as pages:
        await pages.read(site.url("/?q=a-private-word"))
        names = [name async for name in redis.scan_iter("*page*")]
    assert names
    assert not any(b"private" in name or b"127.0.0.1" in name for name in names)


async def test_the_address_after_redirects_is_what_was_read(valkey: Valkey, readers: Readers, site: FakeSite) -> None:
    site.answers["/short"] = redirect("/")
    async with library(valkey.url, readers, site.address()) as pages:
        assert (await pages.read(site.url("/short"))).url == site.url("/")


async def test_a_kept_page_does_not_open_what_is_refused_now(valkey: Valkey, readers: Readers, site: FakeSite) -> None:
    """The cache is asked for addresses that may be fetched only; another operator's exceptions are not ours."""
    async with library(valkey.url, readers, site.address()) as pages:
        await pages.read(site.url())
    async with library(valkey.url, readers) as pages:
        with pytest.raises(RefusedAddressError):
            await pages.read(site.url())


async def test_a_site_is_not_asked_for_more_pages_than_the_limit(
    valkey: Valkey, readers: Readers, site: FakeSite, settings: Settings
) -> None:
    settings.LIMIT_SITE_PAGES = "3/minute"
    site.answers |= {f"/{number}": response(PAGE) for number in range(10)}
    names = Names(limited_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
    allowed = site.address("limited.test"), site.address("other.test")
    async with library(valkey.url, readers, *allowed, resolve=names) as pages:
        for number in range(3):
            await pages.read(site.url(f"/{number}", host="limited.test"))
        with pytest.raises(LimitedError):
            await pages.read(site.url("/3", host="limited.test"))
        # What is kept is still read, and so are other sites.
        await pages.read(site.url("/0", host="limited.test"))
        await pages.read(site.url("/0", host="other.test"))


async def test_an_icon_is_ours_to_serve(valkey: Valkey, readers: Readers, site: FakeSite, redis: "Redis") -> None:
    out = BytesIO()
    Image.new("RGBA", (180, 180), "teal").save(out, "png")
    site.answers |= {
        "/i.png": response(out.getvalue(), "image/x-icon"),
        "/i.svg": response("<svg onload='alert(1)'/>", "image/svg+xml"),
        "/lies.png": response("<svg onload='alert(1)'/>", "image/png"),
    }
    async with library(valkey.url, readers, site.address()) as pages:
        page = await pages.read(site.url())
        for _ in range(2):
            data = await pages.icon(page.icon)
        with Image.open(BytesIO(data)) as icon:
            assert (icon.format, icon.size) == ("PNG", (32, 32))
        for path in ("/i.svg", "/lies.png"):
            with pytest.raises(WrongTypeError):
                await pages.icon(site.url(path))
        with pytest.raises(UnknownSiteError):
            await pages.icon("http://169.254.169.254/favicon.ico")
        # A page is no icon, and what is kept as the one is not the other.
        with pytest.raises(WrongTypeError):
            await pages.icon(site.url())
    assert site.paths.count("/i.png") == 1


async def test_pages_are_read_without_the_cache(valkey: Valkey, readers: Readers, site: FakeSite) -> None:
    """A cache that cannot be reached is a reason to fetch again, not to fail."""
    async with Redis.from_url("redis://127.0.0.1:1/0") as away:
        limits = Limits(valkey.url)
        options = FetchOptions("Chaski", frozenset({site.address()}), total_seconds=10)
        async with Library(away, limits, options, None, readers) as pages:
            for _ in range(2):
                assert (await pages.read(site.url())).title == "Llamas"
        await limits.close()
    assert site.paths == ["/", "/"]


async def test_the_cache_is_bounded(redis: "Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 5)
    monkeypatch.setattr(cache, "INDEX", "pages-in-a-test")
    kept = PageCache(redis)
    for number in range(12):
        await kept.put(key("test", str(number)), b"x" * 100, 100 + number)
    found = [number for number in range(12) if await kept.get(key("test", str(number))) is not None]
    assert found == [7, 8, 9, 10, 11]
    assert await redis.zcard("pages-in-a-test") == 5


async def test_what_is_too_large_or_broken_is_not_kept(redis: "Redis") -> None:
    kept = PageCache(redis)
    await kept.put(key("test", "large"), urandom(cache.MOST_BYTES + 1), 100)
    assert await kept.get(key("test", "large")) is None
    await redis.set(key("test", "broken"), b"no zlib", ex=10)
    assert await kept.get(key("test", "broken")) is None


def test_each_error_has_its_own_code_and_a_sentence() -> None:
    def tree(root: type[FetchError]) -> set[type[FetchError]]:
        return {root}.union(*(tree(error) for error in root.__subclasses__()))

    assert set(ERRORS.values()) == tree(FetchError)
    assert len({str(error.sentence) for error in ERRORS.values()}) == len(ERRORS)


def test_sites_see_who_asks_where_there_is_a_public_site(settings: Settings) -> None:
    assert fetch_options().user_agent == "Mozilla/5.0 (compatible; Chaski/1.0)"
    settings.HTTPS, settings.SITE_URL = True, "https://chat.example"
    assert fetch_options().user_agent == "Mozilla/5.0 (compatible; Chaski/1.0; +https://chat.example)"
