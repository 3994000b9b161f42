"""The processes that read pages: bounded in time and memory, replaced when they break, gone when nobody needs them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from assistant.fetch.errors import CrowdedFetchError, NoTextError, UnreadableError, WrongTypeError
from assistant.fetch.fetcher import Fetched
from assistant.pages.readers import CHILDREN, WAITING, Readers
from tests.servers import soon
from tests.web.local.processes import alive

WORDS = "Llamas live in herds on the high plains, and their keepers know each of them by its name. "
SECONDS = 6
MARGIN = 6


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    async with Readers(SECONDS) as readers:
        yield readers


def fetched(source: str | bytes, kind: str = "text/html") -> Fetched:
    body = source.encode() if isinstance(source, str) else source
    return Fetched("https://andes.example/", kind, "", body[:2_000_000])


def icon() -> bytes:
    out = BytesIO()
    Image.new("RGBA", (64, 64), "teal").save(out, "png")
    return out.getvalue()


async def test_pages_and_icons_are_read_one_after_the_other_by_one_process(readers: Readers) -> None:
    assert readers.processes == []
    page = await readers.page(fetched(f"<title>Llamas</title><p>{WORDS * 5}"))
    assert (page.title, page.url) == ("Llamas", "https://andes.example/")
    first = readers.processes
    assert (await readers.icon(icon())).startswith(b"\x89PNG")
    with pytest.raises(NoTextError):
        await readers.page(fetched("<div id=root></div>"))
    with pytest.raises(WrongTypeError):
        await readers.icon(b"<svg/>")
    assert readers.processes == first


async def test_processes_that_were_started_ahead_read_the_pages(readers: Readers) -> None:
    readers.prepare()
    readers.prepare()
    await soon(lambda: len(readers.processes) == CHILDREN)
    ahead = set(readers.processes)
    readers.prepare()
    await asyncio.gather(*(readers.page(fetched(f"<p>{WORDS * 5}</p>")) for _ in range(CHILDREN)))
    assert set(readers.processes) == ahead


async def test_pages_wait_for_processes_that_are_starting(readers: Readers) -> None:
    readers.prepare()
    await asyncio.gather(*(readers.page(fetched(f"<p>{WORDS * 5}</p>")) for _ in range(CHILDREN + 1)))
    assert len(readers.processes) == CHILDREN


async def test_a_process_is_kept_when_the_page_that_waited_for_its_start_is_given_up(readers: Readers) -> None:
    readers.prepare(1)
    reading = asyncio.create_task(readers.page(fetched(f"<p>{WORDS * 5}</p>")))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await soon(lambda: len(readers.processes) == 1)


async def test_no_process_outlives_a_start_that_is_given_up() -> None:
    async with Readers(SECONDS) as readers:
        readers.prepare()
        await asyncio.sleep(0.02)
    assert readers.processes == []


HOSTILE = {
    "200,000 attributes": "<div " + " ".join(f"a{number}=1" for number in range(200_000)) + f">{WORDS * 5}",
    "nested tables": "<table><tr><td>" * 130_000,
    "20,000 nested": f"<p>{WORDS * 5}</p>" + "<div>" * 20_000,
    "nested without end": "<b>" * 660_000,
    "500,000 paragraphs": "<p>x" * 500_000,
    "200,000 links": "<a href=x>y</a>" * 130_000,
    "a million brackets": "<" * 2_000_000,
    "entities": "&amp;" * 400_000,
    "styles that never close": "<style>" + ".a{" * 150_000 + "</style>" + f"<p>{WORDS * 5}",
    "selectors without measure": "<style>"
    + "".join(f"a > b ~ c:not([d]) e:nth-child({n}n) * * * f.g{n} {{ display: none }}" for n in range(4_000))
    + "</style>"
    + f"<div><b><p>{WORDS * 5}</p></b></div>" * 900,
    "JSON that never closes": "<script type='application/ld+json'>" + "[" * 500_000 + f"</script><p>{WORDS * 5}",
    "a style without end": f"<p style='{'a:b;' * 400_000}'>{WORDS * 5}",
    "billion laughs": "<!DOCTYPE x [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + f"]><p>&a9;{WORDS * 5}",
    "a file of ours": f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><p>&a;{WORDS * 5}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
async def test_no_page_holds_a_reader_for_long(readers: Readers, source: str) -> None:
    # The first one starts a process.
    await readers.page(fetched(f"<p>{WORDS * 5}"))
    start = time.monotonic()
    with suppress(UnreadableError, NoTextError):
        page = await readers.page(fetched(source))
        assert "root:" not in page.text
        assert len(page.text) <= 50_000
    assert time.monotonic() - start < SECONDS + MARGIN
    # The next page is read as ever.
    assert "herds" in (await readers.page(fetched(f"<p>{WORDS * 5}"))).text


async def test_a_reader_that_takes_too_long_is_killed_and_the_loop_goes_on() -> None:
    async with Readers(seconds=0.5) as readers:
        await readers.page(fetched(f"<p>{WORDS * 5}"))
        before = readers.processes
        ticks = 0
        slow = asyncio.create_task(readers.page(fetched(HOSTILE["200,000 attributes"])))
        while not slow.done():
            ticks += 1
            await asyncio.sleep(0.01)
        with pytest.raises(UnreadableError):
            await slow
        assert ticks > 20
        assert readers.processes == []
        await soon(lambda: not alive(before[0]))


def of_process(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


async def test_a_reader_that_dies_is_replaced(readers: Readers) -> None:
    await readers.page(fetched(f"<p>{WORDS * 5}"))
    (pid,) = readers.processes
    os.kill(pid, 9)
    await soon(lambda: not alive(pid))
    with suppress(UnreadableError):
        await readers.page(fetched(f"<p>{WORDS * 5}"))
    assert "herds" in (await readers.page(fetched(f"<p>{WORDS * 5}"))).text
    assert pid not in readers.processes


async def test_a_cancelled_page_is_not_the_answer_to_the_next(readers: Readers) -> None:
    await readers.page(fetched(f"<p>{WORDS * 5}"))
    slow = asyncio.create_task(readers.page(fetched(HOSTILE["500,000 paragraphs"])))
    await asyncio.sleep(0.1)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert (await readers.page(fetched(f"<title>Next</title><p>{WORDS * 5}"))).title == "Next"


async def test_idle_readers_give_their_memory_back() -> None:
    async with Readers(idle_seconds=0.2) as readers:
        await readers.page(fetched(f"<p>{WORDS * 5}"))
        (pid,) = readers.processes
        await soon(lambda: not alive(pid))
        assert readers.processes == []
        assert "herds" in (await readers.page(fetched(f"<p>{WORDS * 5}"))).text


async def test_a_reader_that_has_grown_is_not_kept() -> None:
    async with Readers(seconds=60) as readers:
        await readers.page(fetched(HOSTILE["500,000 paragraphs"]))
        assert readers.processes == []


async def test_a_reader_has_little_memory_and_none_of_our_environment(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "quiet-llamas")
    await readers.page(fetched(f"<p>{WORDS * 5}"))
    (pid,) = readers.processes
    assert "quiet-llamas" not in of_process(pid, "environ")
    limits = of_process(pid, "limits")
    assert f"Max address space         {768 * 1024**2}" in limits
    assert "Max file size             0 " in limits


async def test_few_readers_run_and_those_who_cannot_wait_hear_so(readers: Readers) -> None:
    pages = [
        readers.page(fetched(f"<title>{number}</title><p>{WORDS * 5}")) for number in range(CHILDREN + WAITING + 5)
    ]
    found = await asyncio.gather(*pages, return_exceptions=True)
    refused = [error for error in found if isinstance(error, CrowdedFetchError)]
    assert len(refused) == 5
    assert [page.title for page in found if not isinstance(page, BaseException)] == [
        str(number) for number in range(CHILDREN + WAITING)
    ]
    assert len(readers.processes) == CHILDREN


async def test_none_is_left_behind() -> None:
    async with Readers() as readers:
        await readers.page(fetched(f"<p>{WORDS * 5}"))
        (pid,) = readers.processes
    assert not alive(pid)
