"""A picture's file leaves whole or in the part that was asked for, under our own name and type."""

from typing import Any

import pytest
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assistant import people
from imagine.files import storage
from imagine.models import Picture
from web.pictures.files import PIECE, byte_range, serve

DATA = bytes(range(256)) * 600
SIZE = len(DATA)


@pytest.fixture(scope="module")
def loop(database: None) -> Picture:
    """A loop whose film is longer than two pieces."""
    now = timezone.now()
    picture = Picture.objects.create(
        person=people.make_guest(), made=Picture.Made.ANIMATED, status=Picture.Status.DONE, finished_at=now
    )
    storage.save(picture.id, {"loop.mp4": DATA, storage.MASTER: b"not for others"})
    return picture


def ask(picture: Picture, name: str = "loop.mp4", method: str = "GET", **headers: str) -> HttpResponseBase:
    return serve(picture, name, RequestFactory().generic(method, "/", headers=headers))


async def body(response: HttpResponseBase) -> bytes:
    if not isinstance(response, StreamingHttpResponse):
        return bytes(response.content)  # type: ignore[attr-defined]
    return b"".join([piece async for piece in response])


async def test_a_file_comes_whole(loop: Picture) -> None:
    response = ask(loop)
    assert response.status_code == 200
    assert await body(response) == DATA
    assert response["Content-Length"] == str(SIZE)
    assert response["Content-Type"] == "video/mp4"
    assert response["Accept-Ranges"] == "bytes"


PARTS: dict[str, Any] = {
    "bytes=0-1": slice(0, 2),
    "bytes=0-": slice(0, None),
    "bytes=100-100": slice(100, 101),
    f"bytes={PIECE - 1}-{PIECE * 2}": slice(PIECE - 1, PIECE * 2 + 1),
    "bytes=-7": slice(-7, None),
    f"bytes=10-{SIZE * 9}": slice(10, None),
    f"bytes=-{SIZE * 9}": slice(0, None),
}


@pytest.mark.parametrize(("header", "part"), PARTS.items())
async def test_a_player_gets_the_part_it_asks_for(loop: Picture, header: str, part: slice) -> None:
    response = ask(loop, Range=header)
    first, end, _ = part.indices(SIZE)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{end - 1}/{SIZE}"
    assert response["Content-Length"] == str(end - first)
    assert await body(response) == DATA[part]


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE * 2}", "bytes=-0"])
async def test_a_part_beyond_the_end_is_refused(loop: Picture, header: str) -> None:
    response = ask(loop, Range=header)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert await body(response) == b""


@pytest.mark.parametrize(
    "header", ["bytes=1-2,4-5", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=1-2" * 99]
)
async def test_what_names_no_single_part_is_passed_over(loop: Picture, header: str) -> None:
    response = ask(loop, Range=header)
    assert response.status_code == 200
    assert await body(response) == DATA


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(1, 10**9))
def test_no_header_names_a_byte_that_is_not_there(header: str, size: int) -> None:
    part = byte_range(header, size)
    assert part is None or len(part) == 0 or (0 <= part.start < part.stop <= size)


async def test_a_head_has_the_length_and_nothing_more(loop: Picture) -> None:
    response = ask(loop, method="HEAD", Range="bytes=0-1")
    assert response.status_code == 200
    assert response["Content-Length"] == str(SIZE)
    assert await body(response) == b""


async def test_a_browser_that_has_it_gets_no_second_copy(loop: Picture) -> None:
    tag = ask(loop, method="HEAD")["ETag"]
    response = ask(loop, **{"If-None-Match": tag})
    assert response.status_code == 304
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert await body(response) == b""
    assert ask(loop, method="HEAD", **{"If-None-Match": '"other"'}).status_code == 200


async def test_a_part_of_an_older_file_is_not_joined_to_a_newer_one(loop: Picture) -> None:
    tag = ask(loop, method="HEAD")["ETag"]
    same, other = (ask(loop, Range="bytes=2-3", **{"If-Range": known}) for known in (tag, '"other"'))
    assert (same.status_code, await body(same)) == (206, DATA[2:4])
    assert (other.status_code, await body(other)) == (200, DATA)


def test_a_file_is_kept_under_the_sites_name_and_the_day(loop: Picture) -> None:
    day = f"{loop.created_at:%Y-%m-%d}"
    request = RequestFactory().head("/")
    assert serve(loop, "loop.mp4", request)["Content-Disposition"] == f'inline; filename="chaski-{day}-loop.mp4"'
    kept = serve(loop, "loop.mp4", request, download=True)["Content-Disposition"]
    assert kept == f'attachment; filename="chaski-{day}-loop.mp4"'


@pytest.mark.parametrize("name", [storage.MASTER, "picture.png", "../loop.mp4", "loop.mp4/", "", "\x00", "LOOP.MP4"])
def test_no_other_file_leaves(loop: Picture, name: str) -> None:
    with pytest.raises(Http404):
        ask(loop, name)
