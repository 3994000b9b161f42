"""What the page of the phones asks of its server, and what others get when they ask."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import ClientSession, WSMsgType

from tests.servers import Emulator


@pytest.fixture
async def web(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=emulator.url) as client:
        yield client


async def test_media_are_inert_and_given_in_parts(emulator: Emulator, web: httpx.AsyncClient) -> None:
    page = b"<script>alert(1)</script>"
    for mime in ("text/html", "image/svg+xml", "image/png"):
        emulator.send_media("whatsapp", "document", page, mime, person="person1")
    async with ClientSession() as session:
        socket = await session.ws_connect(f"{emulator.url}/phones/socket", headers={"Origin": emulator.url})
        told = await socket.receive_json()
        await socket.close()
    thread = next(one for one in told["threads"] if one["id"] == "whatsapp:person1")
    urls = [bubble["media"]["url"] for bubble in thread["bubbles"][-3:]]
    answers = [await web.get(url) for url in urls]
    assert [answer.headers["Content-Type"] for answer in answers] == ["application/octet-stream"] * 2 + ["image/png"]
    assert [answer.headers["Content-Disposition"] for answer in answers] == ["attachment", "attachment", "inline"]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Chaski-Emulator"] == "1"
    part = await web.get(urls[0], headers={"Range": "bytes=1-6"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, page[1:7], "bytes 1-6/25")
    assert (await web.get(urls[0], headers={"Range": "bytes=30-"})).status_code == 416
    assert (await web.get("/phones/media/none")).status_code == 404


async def test_only_the_page_itself_may_come_in(emulator: Emulator, web: httpx.AsyncClient) -> None:
    other = {"Origin": "http://evil.example"}
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eA" * 8,
    }
    assert (await web.get("/phones/socket", headers={**upgrade, **other})).status_code == 403
    assert (await web.post("/phones/media", headers=other)).status_code == 403
    assert (await web.get("/", headers={"Host": "evil.example"})).status_code == 403
    page = await web.get("/")
    assert "script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for path in ("/page/../phones.py", "/page/%2e%2e/phones.py", "/page/js/none.js", "/page//etc/passwd"):
        assert (await web.get(path)).status_code in (401, 404)


NONSENSE = [
    "",
    "nothing",
    "[]",
    "{}",
    "3",
    '{"type": "write"}',
    '{"type": "write", "thread": "whatsapp:person1", "text": 3, "reply_to": ""}',
    '{"type": "write", "thread": "whatsapp:nobody", "text": "a", "reply_to": ""}',
    '{"type": "tap", "thread": "whatsapp:person1", "bubble": "none", "payload": ""}',
    '{"type": "switch", "values": {"nothing": 1}}',
    '{"type": "switch", "values": {"ahead": -1}}',
    '{"type": "place", "thread": "whatsapp:person1", "latitude": NaN, "longitude": 1, "name": "", "address": ""}',
    '{"type": "comment", "post": "none"}',
    '{"type": "switch", "values": {"self": 1}}',
    '{"type": "switch", "values": {"BOUNDS": {}}}',
    '{"type": "place", "thread": "whatsapp:person1", "latitude": 1%s, "longitude": 1}' % ("0" * 400),
    '{"type": "watch", "thread": "whatsapp:person1", "open": 1}',
    '{"type": "look", "about": 1}',
    '{"type": "join_group", "person": "person1", "link": "https://chat.whatsapp.com/none"}',
    '{"type": "write", "group": "none", "person": "person1", "text": "a", "reply_to": ""}',
    '{"type": "write", "group": ["a"], "person": "person1"}',
    '{"type": "edit", "group": "none", "person": "person1", "bubble": "none", "text": "a"}',
    '{"type": "watch", "group": "none", "person": "person1", "open": true}',
    '{"type": "__class__"}',
    '{"type": ["a"]}',
    "[" * 100_000,
]


async def test_nonsense_gets_a_sentence_and_the_page_goes_on(emulator: Emulator, web: httpx.AsyncClient) -> None:
    async with ClientSession() as session:
        socket = await session.ws_connect(f"{emulator.url}/phones/socket")
        assert (await socket.receive_json())["type"] == "snapshot"
        for text in NONSENSE:
            await socket.send_str(text)
            answer = await socket.receive_json(timeout=10)
            assert answer["type"] == "problem", text[:80]
            assert answer["text"].endswith((".", ". Reload it."))
        await socket.send_str(json.dumps({"type": "look", "about": "none"}))
        assert await socket.receive_json(timeout=10) == {"type": "looked", "about": "none", "exchanges": []}
        await socket.send_bytes(b"\x00" * 1_000_000)
        assert (await socket.receive(timeout=10)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert (await web.get("/")).status_code == 200
