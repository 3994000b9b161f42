"""Each engine over real HTTP: what is asked, what is found, and what it means when it refuses."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import httpx
import pytest

from assistant.websearch.brave import Brave, brave_language
from assistant.websearch.engine import Engine
from assistant.websearch.errors import EngineError, EngineLimitedError, EngineSetupError
from assistant.websearch.results import Query
from assistant.websearch.searxng import SearXNG
from assistant.websearch.tavily import Tavily
from assistant.websearch.wikipedia import Wikipedia
from tests.assistant.websearch import bodies
from tests.scripted_http import Reply, ScriptedHTTP

BRAVE_KEY, TAVILY_KEY = "secret-of-brave", "tvly-secret"
PATHS = {"searxng": "/search", "brave": "/brave", "tavily": "/tavily", "wikipedia": "/en/w/api.php"}
FOUND: dict[str, Callable[[bodies.Pages], Any]] = {
    "searxng": bodies.searxng,
    "brave": bodies.brave,
    "tavily": bodies.tavily,
    "wikipedia": lambda pages: bodies.wikipedia(*(title for title, _url, _text in pages)),
}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def engines(http: httpx.AsyncClient, services: ScriptedHTTP) -> dict[str, Engine]:
    return {
        "searxng": SearXNG(http, services.url),
        "brave": Brave(http, BRAVE_KEY, f"{services.url}/brave"),
        "tavily": Tavily(http, TAVILY_KEY, f"{services.url}/tavily"),
        "wikipedia": Wikipedia(http, "Chaski (http://here.example)", f"{services.url}/{{language}}"),
    }


async def test_searxng_finds_pages(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/search", Reply(bodies.searxng(bodies.CONDOR, publishedDate="2025-03-04T10:00:00")))
    found = await engines["searxng"].search(Query("condor", "pt-br", "week"))
    assert [(one.title, one.site, one.snippet, one.date, one.engine) for one in found] == [
        ("Condor", "condor.example", "Its wings span 3.3 m.", date(2025, 3, 4), "searxng")
    ]
    [asked] = services.asked
    assert asked.params == {
        "q": "condor", "format": "json", "safesearch": "1", "language": "pt-BR", "time_range": "week"
    }  # fmt: skip


@pytest.mark.parametrize(("code", "sent"), [("", "all"), ("de", "de"), ("zh-hant", "zh")])
async def test_searxng_is_told_the_language(
    code: str, sent: str, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script("/search", Reply(bodies.searxng([])))
    await engines["searxng"].search(Query("condor", code))
    assert services.asked[0].params["language"] == sent
    assert "time_range" not in services.asked[0].params


async def test_searxng_that_got_nothing_from_its_engines_has_failed(
    engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    body = {**bodies.searxng([]), "unresponsive_engines": [["google", "Suspended: too many requests"]]}
    services.script("/search", Reply(body))
    with pytest.raises(EngineError, match="got nothing from its own engines"):
        await engines["searxng"].search(Query("condor"))


async def test_searxng_without_json_tells_its_operator(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/search", Reply("<!doctype html><title>403 Forbidden</title>", 403, {"content-type": "text/html"}))
    with pytest.raises(EngineSetupError, match=r"403: its settings.yml needs json in search.formats"):
        await engines["searxng"].search(Query("condor"))


async def test_brave_finds_pages(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/brave", Reply(bodies.brave(bodies.CONDOR, page_age="2025-03-04T10:00:00", age="March 4, 2025")))
    found = await engines["brave"].search(Query("condor", "ja", "day"))
    assert [(one.title, one.date, one.engine) for one in found] == [("Condor", date(2025, 3, 4), "brave")]
    [asked] = services.asked
    assert asked.params == {"q": "condor", "count": "20", "search_lang": "jp", "freshness": "pd"}
    assert asked.headers["x-subscription-token"] == BRAVE_KEY


@pytest.mark.parametrize(
    ("code", "name"),
    [("de", "de"), ("ja", "jp"), ("zh-tw", "zh-hant"), ("zh", "zh-hans"), ("pt-br", "pt-br"), ("pt", "pt-pt"),
     ("en-gb", "en-gb"), ("en-us", "en"), ("de-at", "de"), ("qu", ""), ("", "")],
)  # fmt: skip
def test_brave_has_names_of_its_own_for_languages(code: str, name: str) -> None:
    assert brave_language(code) == name


async def test_brave_refuses_an_unknown_key_with_422(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    error = {"id": "1", "status": 422, "code": "SUBSCRIPTION_TOKEN_INVALID", "detail": f"{BRAVE_KEY} is invalid"}
    services.script("/brave", Reply({"type": "ErrorResponse", "error": error}, 422))
    with pytest.raises(EngineSetupError, match=r"422 \(SUBSCRIPTION_TOKEN_INVALID\): see BRAVE_KEY") as caught:
        await engines["brave"].search(Query("condor"))
    assert BRAVE_KEY not in repr(caught.value)


async def test_brave_without_pages_of_the_web_found_nothing(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/brave", Reply({"type": "search", "query": {"original": "q"}}))
    assert await engines["brave"].search(Query("condor")) == []


async def test_tavily_finds_pages(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/tavily", Reply(bodies.tavily(bodies.CONDOR, published_date="Tue, 04 Mar 2025 10:00:00 GMT")))
    found = await engines["tavily"].search(Query("condor", "de", "year"))
    assert [(one.title, one.date, one.engine) for one in found] == [("Condor", date(2025, 3, 4), "tavily")]
    [asked] = services.asked
    assert (asked.method, asked.headers["authorization"]) == ("POST", f"Bearer {TAVILY_KEY}")
    assert asked.body == {"query": "condor", "max_results": 20, "search_depth": "basic", "time_range": "year"}


@pytest.mark.parametrize(
    ("status", "words"), [(401, "see TAVILY_KEY"), (432, "the plan is used up"), (433, "the limit of spending")]
)
async def test_tavily_says_why_it_refuses(
    status: int, words: str, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script("/tavily", Reply({"detail": {"error": f"Unauthorized: {TAVILY_KEY}, condor"}}, status))
    with pytest.raises(EngineSetupError, match=words) as caught:
        await engines["tavily"].search(Query("condor"))
    assert TAVILY_KEY not in str(caught.value)
    assert "condor" not in str(caught.value)


async def test_wikipedia_finds_articles_in_the_language(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    services.script("/es/w/api.php", Reply(bodies.wikipedia("Cóndor de los Andes", "AC/DC (banda)")))
    found = await engines["wikipedia"].search(Query("cóndor", "es-mx"))
    assert [one.url.removeprefix(services.url) for one in found] == [
        "/es/wiki/C%C3%B3ndor_de_los_Andes", "/es/wiki/AC/DC_(banda)"
    ]  # fmt: skip
    assert (found[0].title, found[0].snippet, found[0].date) == ("Cóndor de los Andes", "A bird & more", None)
    [asked] = services.asked
    assert (asked.params["srsearch"], asked.params["formatversion"]) == ("cóndor", "2")
    assert asked.headers["user-agent"] == "Chaski (http://here.example)"


@pytest.mark.parametrize("reply", [Reply(bodies.wikipedia()), Reply("gone", 404), Reply({"error": {"code": "x"}})])
async def test_wikipedia_in_english_stands_behind_the_others(
    reply: Reply, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script("/qu/w/api.php", reply)
    services.script("/en/w/api.php", Reply(bodies.wikipedia("Condor")))
    found = await engines["wikipedia"].search(Query("condor", "qu"))
    assert [one.title for one in found] == ["Condor"]


async def test_an_error_of_wikipedia_comes_with_200(engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    error = {"code": "ratelimited", "info": "You've exceeded your rate limit."}
    services.script("/en/w/api.php", Reply({"error": error}))
    with pytest.raises(EngineError, match="answered ratelimited"):
        await engines["wikipedia"].search(Query("condor"))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_not_let_in_is_the_operators_matter(
    name: str, status: int, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script(PATHS[name], Reply({"error": "no"}, status))
    with pytest.raises(EngineSetupError, match=str(status)) as caught:
        await engines[name].search(Query("condor"))
    assert caught.value.rest == 600


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 1),
        ({"X-RateLimit-Remaining": "0, 1500", "X-RateLimit-Reset": "2, 86000"}, 2),
        ({"X-RateLimit-Remaining": "1, 0", "X-RateLimit-Reset": "1, 1800"}, 1800),
        ({}, 60),
    ],
)
async def test_too_many_requests_say_when_to_come_back(
    name: str, headers: dict[str, str], rest: float, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script(PATHS[name], Reply("Too many requests", 429, headers))
    with pytest.raises(EngineLimitedError) as caught:
        await engines[name].search(Query("condor"))
    assert caught.value.rest == rest


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>Welcome</html>", headers={"content-type": "text/html"}),
        Reply(""),
        Reply(b"\xff\xfe\x00"),
        Reply('{"results": ['),
        Reply("[" * 100_000),
        Reply("null"),
        Reply("[]"),
        Reply('{"x": "' + "a" * (3 * 1024 * 1024) + '"}'),
        Reply("moved", 302, {"Location": "http://127.0.0.1:9/"}),
        Reply({"error": {"code": 500, "message": "x"}}, 500),
        Reply("bad gateway", 502),
        Reply("x", headers={"content-encoding": "gzip"}),
    ],
    ids=lambda reply: f"{reply.status}-{str(reply.body)[:9]}",
)
async def test_what_is_no_answer_is_an_error(
    name: str, reply: Reply, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script(PATHS[name], reply)
    with pytest.raises(EngineError):
        await engines[name].search(Query("condor"))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "rows",
    [None, 5, "text", {}, [None, 5, "x", [], {}], [{"title": 5, "url": 6, "content": [], "description": {}}]],
    ids=str,
)
async def test_malformed_results_are_left_out(
    name: str, rows: object, engines: dict[str, Engine], services: ScriptedHTTP
) -> None:
    services.script(PATHS[name], Reply({"results": rows, "web": {"results": rows}, "query": {"search": rows}}))
    try:
        assert await engines[name].search(Query("condor")) == []
    except EngineError:
        assert not isinstance(rows, list)


@pytest.mark.parametrize("name", PATHS)
async def test_hostile_results_are_bounded(name: str, engines: dict[str, Engine], services: ScriptedHTTP) -> None:
    pages = [(f"T{number}" * 500, f"https://x.example/{number}", "<b>x</b>\u202e" * 100) for number in range(300)]
    services.script(PATHS[name], Reply(FOUND[name](pages)))
    found = await engines[name].search(Query("condor"))
    assert len(found) == 20
    assert all(len(one.title) <= 200 and len(one.snippet) <= 500 and "\u202e" not in one.snippet for one in found)


@pytest.mark.parametrize("name", PATHS)
async def test_a_server_that_is_away_is_an_error_without_the_key(name: str, http: httpx.AsyncClient) -> None:
    with ScriptedHTTP() as gone:
        address = gone.url
    engine = {
        "searxng": SearXNG(http, address.replace("http://", "http://user:password@")),
        "brave": Brave(http, BRAVE_KEY, address),
        "tavily": Tavily(http, TAVILY_KEY, address),
        "wikipedia": Wikipedia(http, "Chaski", f"{address}/{{language}}"),
    }[name]
    with pytest.raises(EngineError, match=r"^127\.0\.0\.1:\d+ cannot be reached: ConnectError$") as caught:
        await engine.search(Query("condor"))
    assert caught.value.__cause__ is None


async def test_a_searxng_behind_a_password_is_let_in(http: httpx.AsyncClient, services: ScriptedHTTP) -> None:
    services.script("/sub/search", Reply(bodies.searxng(bodies.LLAMA)))
    engine = SearXNG(http, services.url.replace("http://", "http://user:password@") + "/sub/")
    assert len(await engine.search(Query("llama"))) == 1
    assert services.asked[0].headers["authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
