"""A search over several engines: joined, cached, with others in place of those that fail."""

import logging
from collections.abc import Callable
from time import perf_counter

import pytest
from redis.asyncio import Redis

from assistant.cache import SECONDS
from assistant.websearch.cooldown import failures_key, rest_after, resting_key
from assistant.websearch.errors import EmptyQueryError, SearchError, SearchOffError
from assistant.websearch.fusion import fuse
from assistant.websearch.results import Result, read_result
from assistant.websearch.search import WebSearch
from tests.assistant.websearch import bodies
from tests.ports import free_port
from tests.scripted_http import Reply, ScriptedHTTP

Searching = Callable[..., WebSearch]
INDEX = "cache:websearch"
HANGS = Reply(hangs=True)


def page(engine: str, url: str, snippet: str = "", when: str = "") -> Result:
    result = read_result(engine, url.rsplit("/", 1)[-1], url, snippet, when)
    assert result
    return result


async def test_two_engines_are_asked_and_joined_by_rank(searching: Searching, services: ScriptedHTTP) -> None:
    shared = ("Both", "https://www.both.example/x?utm_source=a#b", "")
    services.script("/search", Reply(bodies.searxng([*bodies.CONDOR, shared])))
    services.script("/brave", Reply(bodies.brave([*bodies.LLAMA, ("Both!", "http://both.example/x/", "In words.")])))
    found = await searching("searxng", "brave", "tavily").search("wings")
    assert [(one.title, one.engine) for one in found] == [
        ("Both", "searxng"),
        ("Condor", "searxng"),
        ("Llama", "brave"),
    ]
    assert (found[0].url, found[0].snippet) == ("https://www.both.example/x", "In words.")
    assert services.to("/tavily") == []


def test_a_page_of_both_rankings_comes_before_the_firsts() -> None:
    one = [page("a", f"https://a.example/{number}") for number in range(5)]
    other = [page("b", f"https://b.example/{number}") for number in range(5)]
    both = [page("a", "https://both.example/x", when="2024-05-06")], [page("b", "http://www.both.example/x/", "words")]
    ranked = fuse([one[:2] + both[0] + one[2:], other[:3] + both[1]])
    assert (ranked[0].url, ranked[0].snippet, str(ranked[0].date)) == ("https://both.example/x", "words", "2024-05-06")
    assert [result.url for result in ranked[1:3]] == ["https://a.example/0", "https://b.example/0"]


def test_an_engine_cannot_lift_a_page_by_naming_it_often() -> None:
    ranked = fuse(
        [
            [page("a", "https://good.example/")],
            [page("b", "https://fine.example/")] + [page("b", "https://spam.example/")] * 15,
        ]
    )
    assert [result.site for result in ranked] == ["good.example", "fine.example", "spam.example"]


async def test_the_next_engine_takes_the_place_of_one_that_fails(
    searching: Searching, services: ScriptedHTTP, caplog: pytest.LogCaptureFixture
) -> None:
    services.script("/search", Reply("no", 500))
    services.script("/brave", Reply(bodies.brave(bodies.CONDOR)))
    services.script("/tavily", Reply(bodies.tavily(bodies.LLAMA)))
    found = await searching("searxng", "brave", "tavily", "wikipedia").search("the words of a person")
    assert [one.engine for one in found] == ["brave", "tavily"]
    assert services.to("/en/w/api.php") == []
    assert "search engine searxng failed: 127.0.0.1" in caplog.text
    assert "words of a person" not in caplog.text


async def test_the_next_engine_is_asked_where_one_finds_nothing(searching: Searching, services: ScriptedHTTP) -> None:
    services.script("/search", Reply(bodies.searxng([])))
    services.script("/brave", Reply(bodies.brave([])))
    services.script("/tavily", Reply(bodies.tavily(bodies.LLAMA)))
    assert [one.engine for one in await searching("searxng", "brave", "tavily").search("llama")] == ["tavily"]


async def test_nothing_found_is_no_error(searching: Searching, services: ScriptedHTTP) -> None:
    services.script("/search", Reply(bodies.searxng([])))
    services.script("/brave", Reply("no", 500))
    assert await searching("searxng", "brave").search("qwxyz") == []


async def test_a_slow_engine_is_left_out(searching: Searching, services: ScriptedHTTP) -> None:
    services.script("/search", HANGS)
    services.script("/brave", Reply(bodies.brave(bodies.CONDOR)))
    begun = perf_counter()
    found = await searching("searxng", "brave", seconds=0.5).search("condor")
    assert [one.engine for one in found] == ["brave"]
    assert perf_counter() - begun < 3


async def test_a_whole_search_has_an_end(searching: Searching, services: ScriptedHTTP) -> None:
    for path in ("/search", "/brave", "/tavily", "/en/w/api.php"):
        services.script(path, HANGS)
    begun = perf_counter()
    with pytest.raises(SearchError, match=r"no answer within 0\.3 s"):
        await searching("searxng", "brave", "tavily", "wikipedia", seconds=0.3).search("condor")
    assert perf_counter() - begun < 3


async def test_where_all_fail_there_is_one_error_with_two_sentences(
    searching: Searching, services: ScriptedHTTP, caplog: pytest.LogCaptureFixture
) -> None:
    services.script("/brave", Reply({"error": {"code": "X", "detail": "secret-of-brave"}}, 401))
    services.script("/tavily", Reply({"detail": {"error": "tvly-secret"}}, 432))
    with pytest.raises(SearchError) as caught:
        await searching("brave", "tavily").search("condor")
    error = caught.value
    assert (error.code, error.retry) == ("search_failed", True)
    assert str(error.sentence) == "The web cannot be searched right now. Please try again in a moment."
    assert "see BRAVE_KEY" in str(error)
    assert "the plan is used up" in str(error)
    for text in (str(error), repr(error), caplog.text):
        assert "secret" not in text


async def test_who_asks_too_much_rests_in_every_process(
    searching: Searching, services: ScriptedHTTP, redis: "Redis"
) -> None:
    services.script("/search", Reply("slow down", 429, {"Retry-After": "50"}))
    services.script("/brave", Reply(bodies.brave(bodies.CONDOR)))
    await searching("searxng", "brave").search("condor")
    await searching("searxng", "brave").search("another bird")
    assert len(services.to("/search")) == 1
    assert 45 < await redis.ttl(resting_key("searxng")) <= 50


async def test_an_engine_rests_from_its_second_failure_on_and_is_forgiven(
    searching: Searching, services: ScriptedHTTP, redis: "Redis"
) -> None:
    services.script("/search", Reply("", 500), Reply(bodies.searxng(bodies.LLAMA)), Reply("", 500))
    search = searching("searxng")
    with pytest.raises(SearchError):
        await search.search("a")
    assert await redis.get(failures_key("searxng")) == b"1"
    assert await search.search("b")
    assert await redis.get(failures_key("searxng")) is None
    for words in ("c", "d"):
        with pytest.raises(SearchError, match="answered 500"):
            await search.search(words)
    with pytest.raises(SearchError, match="all engines rest after failures: searxng"):
        await search.search("e")
    assert len(services.asked) == 4


def test_rests_double_up_to_ten_minutes() -> None:
    assert [rest_after(count) for count in (1, 2, 3, 4, 50)] == [0, 15, 30, 60, 600]


async def test_what_was_found_is_kept_for_all(searching: Searching, services: ScriptedHTTP, redis: "Redis") -> None:
    services.script("/search", Reply(bodies.searxng(bodies.CONDOR + bodies.LLAMA, publishedDate="2025-03-04")))
    first = await searching("searxng").search("Big Birds")
    assert await searching("searxng").search("big  birds") == first
    assert await searching("searxng").search("big birds", count=1) == first[:1]
    assert len(services.asked) == 1
    for others in ({"language": "de"}, {"freshness": "day"}):
        await searching("searxng").search("big birds", **others)
    assert len(services.asked) == 3
    [key, *_] = await redis.zrange(INDEX, 0, -1)
    assert b"bird" not in key
    assert 0 < await redis.ttl(key) <= SECONDS


async def test_what_another_version_kept_is_not_shown(
    searching: Searching, services: ScriptedHTTP, redis: "Redis"
) -> None:
    services.script("/search", Reply(bodies.searxng(bodies.CONDOR)))
    found = await searching("searxng").search("condor")
    [key] = await redis.zrange(INDEX, 0, -1)
    for data in ("[{}]", "{", '[{"title": "x"}]', "5", '[["a"]]'):
        await redis.set(key, data)
        assert await searching("searxng").search("condor") == found


async def test_without_redis_the_search_goes_on(
    searching: Searching, services: ScriptedHTTP, caplog: pytest.LogCaptureFixture
) -> None:
    services.script("/search", Reply("", 500))
    services.script("/brave", Reply(bodies.brave(bodies.CONDOR)))
    with caplog.at_level(logging.WARNING):
        async with Redis.from_url(f"redis://127.0.0.1:{free_port()}/0", socket_connect_timeout=1) as away:
            found = await searching("searxng", "brave", redis=away).search("condor")
    assert [one.engine for one in found] == ["brave"]
    assert "cool-downs of engines cannot be read" in caplog.text


async def test_who_can_search_in_what_is_new_is_asked_first_for_it(
    searching: Searching, services: ScriptedHTTP
) -> None:
    services.script("/search", Reply(bodies.searxng(bodies.CONDOR)))
    services.script("/brave", Reply(bodies.brave(bodies.LLAMA)))
    await searching("wikipedia", "searxng", "brave").search("condor", freshness="day")
    assert services.to("/en/w/api.php") == []
    assert services.to("/search")[0].params["time_range"] == "day"


async def test_without_engines_the_search_is_off(searching: Searching) -> None:
    assert not searching().is_on
    with pytest.raises(SearchOffError) as caught:
        await searching().search("condor")
    assert not caught.value.retry


async def test_nothing_is_not_searched_for(searching: Searching, services: ScriptedHTTP) -> None:
    with pytest.raises(EmptyQueryError):
        await searching("searxng").search(" \u200b ")
    assert services.asked == []
