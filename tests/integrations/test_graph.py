"""The client of Meta's Graph API: what may be repeated, where the token goes, and what an error says."""

from collections.abc import AsyncIterator, Iterator

import pytest

from integrations.errors import ChannelError, MediaGoneError, RefusedError, TemporaryError, UncertainError
from integrations.graph import Graph, Problem
from tests.scripted_http import Reply, ScriptedHTTP

TOKEN = "EAAG-token-of-ours"


@pytest.fixture
def server() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        yield server


@pytest.fixture
def problems() -> list[Problem]:
    return []


@pytest.fixture
async def graph(server: ScriptedHTTP, problems: list[Problem]) -> AsyncIterator[Graph]:
    def judge(problem: Problem) -> ChannelError:
        problems.append(problem)
        return RefusedError(str(problem))

    graph = Graph(f"{server.url}/v25.0", TOKEN, judge)
    yield graph
    await graph.close()


async def test_what_may_have_been_sent_is_uncertain(graph: Graph, server: ScriptedHTTP) -> None:
    server.script("/v25.0/1/messages", Reply(drops=True))
    with pytest.raises(UncertainError):
        await graph.post("1/messages", {"text": "hi"})


@pytest.mark.parametrize("reply", [Reply(drops=True), Reply("<html>", status=502)], ids=["cut off", "a bad gateway"])
async def test_what_was_only_asked_or_uploaded_may_be_repeated(
    graph: Graph, server: ScriptedHTTP, reply: Reply
) -> None:
    server.script("/v25.0/1", reply)
    server.script("/v25.0/1/media", reply)
    with pytest.raises(TemporaryError):
        await graph.get("1")
    with pytest.raises(TemporaryError):
        await graph.upload("1/media", {}, "file", ("a.png", b"a", "image/png"))


async def test_nobody_is_there(server: ScriptedHTTP) -> None:
    graph = Graph("http://127.0.0.1:9", TOKEN, lambda problem: RefusedError(""))
    with pytest.raises(TemporaryError):
        await graph.post("1/messages", {})
    await graph.close()


async def test_an_error_is_read_without_the_token(graph: Graph, server: ScriptedHTTP, problems: list[Problem]) -> None:
    error = {"message": f"Malformed access token {TOKEN}", "code": "190", "error_subcode": 463, "is_transient": True}
    server.script("/v25.0/1/messages", Reply({"error": error}, status=401))
    with pytest.raises(RefusedError):
        await graph.post("1/messages", {})
    assert problems == [Problem(401, 190, 463, "Malformed access token …", transient=True)]


@pytest.mark.parametrize("code", [None, "--5", "²", "x", 10**40, [], True, 1.5])
async def test_a_code_that_is_no_number_counts_as_none(
    graph: Graph, server: ScriptedHTTP, problems: list[Problem], code: object
) -> None:
    server.script("/v25.0/1", Reply({"error": {"code": code}}, status=400))
    with pytest.raises(RefusedError):
        await graph.get("1")
    assert problems[0].code in (0, 1)


HOSTS = ("fbsbx.com",)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a",
        "http://lookaside.fbsbx.com/a",
        "https://lookaside.fbsbx.com:8443/a",
        "https://fbsbx.com.evil.example/a",
        "https://evilfbsbx.com/a",
        "https://fbsbx.com@evil.example/a",
        "https://[",
        "https://fbsbx.com:port/a",
        "file:///etc/passwd",
        "//fbsbx.com/a",
        "",
    ],
)
async def test_the_token_never_goes_elsewhere(graph: Graph, url: str) -> None:
    with pytest.raises(MediaGoneError, match="host"):
        await graph.download(url, 100, HOSTS)


async def test_the_other_scheme_is_another_server(server: ScriptedHTTP) -> None:
    graph = Graph(server.url.replace("http:", "https:"), TOKEN, lambda problem: RefusedError(""))
    with pytest.raises(MediaGoneError, match="host"):
        await graph.download(f"{server.url}/a", 100, HOSTS)
    assert server.asked == []
    await graph.close()


async def test_a_file_comes_with_our_token(graph: Graph, server: ScriptedHTTP) -> None:
    server.script("/media/a", Reply(b"12345"))
    assert await graph.download(f"{server.url}/media/a", 5, HOSTS) == b"12345"
    assert server.to("/media/a")[0].headers["authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(MediaGoneError, match="more than 4"):
        await graph.download(f"{server.url}/media/a", 4, HOSTS)


@pytest.mark.parametrize(
    ("status", "error"), [(404, MediaGoneError), (302, MediaGoneError), (429, TemporaryError), (503, TemporaryError)]
)
async def test_a_file_that_does_not_come(
    graph: Graph, server: ScriptedHTTP, status: int, error: type[ChannelError]
) -> None:
    server.script("/media/a", Reply("", status=status, headers={"location": "https://evil.example/"}))
    with pytest.raises(error):
        await graph.download(f"{server.url}/media/a", 5, HOSTS)
