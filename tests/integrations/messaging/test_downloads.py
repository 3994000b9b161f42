"""Files that people send: only from Meta's hosts, or from the stand-in for Meta, bounded, and never with a token."""

from collections.abc import Iterator

import pytest

from integrations.errors import MediaGoneError, TemporaryError
from integrations.inbound import Media
from integrations.messaging.files import download
from tests.scripted_http import Reply, ScriptedHTTP

PNG = Reply(b"\x89PNG1234", headers={"content-type": "image/png"})


@pytest.fixture
def server() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        yield server


async def test_a_picture_comes_from_the_stand_in_without_a_token(server: ScriptedHTTP) -> None:
    server.script("/file/1", PNG)
    data = await download(Media("image", url=f"{server.url}/file/1"), 100, f"{server.url}/v25.0")
    assert data == b"\x89PNG1234"
    (asked,) = server.asked
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://scontent.xx.fbcdn.net/a.png",
        "https://fbcdn.net.example.org/a.png",
        "https://evilfbcdn.net/a.png",
        "https://example.org/a.png",
        "http://127.0.0.1:1/a.png",
        "http://169.254.169.254/latest/meta-data",
        "",
    ],
)
async def test_nothing_is_fetched_from_a_host_of_a_stranger(url: str, server: ScriptedHTTP) -> None:
    with pytest.raises(MediaGoneError):
        await download(Media("image", url=url), 100, f"{server.url}/v25.0")
    assert server.asked == []


async def test_a_redirect_to_a_host_of_a_stranger_gives_nothing(server: ScriptedHTTP) -> None:
    with ScriptedHTTP() as other:
        other.script("/a.png", PNG)
        server.script("/file/1", Reply(status=302, headers={"location": f"{other.url}/a.png"}))
        with pytest.raises(MediaGoneError):
            await download(Media("image", url=f"{server.url}/file/1"), 100, server.url)
        assert other.asked == []


async def test_a_file_larger_than_allowed_is_not_cut_but_refused(server: ScriptedHTTP) -> None:
    server.script("/file/1", PNG)
    with pytest.raises(MediaGoneError):
        await download(Media("image", url=f"{server.url}/file/1"), 7, server.url)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply("gone", status=404), MediaGoneError),
        (Reply("gone", status=403), MediaGoneError),
        (Reply("<html>", headers={"content-type": "text/html"}), MediaGoneError),
        (Reply("away", status=503), TemporaryError),
    ],
    ids=["gone", "ended", "a page", "away"],
)
async def test_a_file_that_does_not_come_says_whether_to_try_again(
    reply: Reply, error: type[Exception], server: ScriptedHTTP
) -> None:
    server.script("/file/1", reply)
    with pytest.raises(error):
        await download(Media("image", url=f"{server.url}/file/1"), 100, server.url)
