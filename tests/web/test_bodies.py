"""Bodies of requests: how large, how slow, how many at once, and whose."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from web import bodies
from web.bodies import BoundedBodies, Memory, RefusedBodyError

POST = {"type": "http", "path": "/upload", "headers": [(b"transfer-encoding", b"chunked")], "client": ("192.0.2.1", 1)}


async def answered(body: AsyncIterator[bytes], seconds: float = 0.2, most: int = 1000, **scope: Any) -> int:
    """The status of the answer to a request with such a body; 200 where it got through, whole."""
    arrived = b""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal arrived
        piece = await anext(body, None)
        arrived += piece or b""
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def application(_scope: Any, replayed: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        assert (await replayed())["body"] == arrived
        await send({"status": 200})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    larger = {"/upload": 10_000_000}
    await BoundedBodies(application, most, seconds, larger)({**POST, **scope}, receive, send)
    return int(sent[0]["status"])


async def pieces(number: int, size: int, pause: float = 0) -> AsyncIterator[bytes]:
    for _ in range(number):
        await asyncio.sleep(pause)
        yield b"x" * size


async def test_a_body_has_more_time_while_it_arrives() -> None:
    """A phone on a bad line is slow, and not against us."""
    assert await answered(pieces(10, 50_000, pause=0.05)) == 200


async def test_who_sends_next_to_nothing_is_given_up() -> None:
    assert await answered(pieces(1000, 1, pause=0.02)) == 408


async def test_programs_are_refused_in_the_form_of_their_api() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await bodies.refuse(send, 408, for_program=True)
    assert (b"content-type", b"application/json") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["message"] == "This took too long."


async def test_who_sends_too_much_is_told_the_bound() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await bodies.refuse(send, 413, most=12_065_536)
    assert sent[1]["body"] == b"This is more than can be taken at once: 12.1 MB at most.\n"


async def test_a_body_up_to_its_bound_is_taken() -> None:
    assert await answered(pieces(10, 1_000_000)) == 200
    assert await answered(pieces(11, 1_000_000)) == 413
    assert await answered(pieces(2, 500), path="/elsewhere") == 200
    assert await answered(pieces(3, 500), path="/elsewhere") == 413


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "ROOM_SECONDS", 0.05)


@pytest.mark.usefixtures("short_wait")
async def test_one_address_takes_its_share_and_leaves_the_others_theirs() -> None:
    memory = Memory(100)
    await memory.take("a", 60)
    await memory.take("a", 40)
    with pytest.raises(RefusedBodyError):
        await memory.take("a", 1)
    await memory.take("b", 100)
    await memory.take("c", 100)
    await memory.take("d", 100)
    with pytest.raises(RefusedBodyError):
        await memory.take("e", 1)
    memory.give_back("a", 100)
    await memory.take("e", 100)


async def test_who_finds_no_room_gets_what_others_give_back() -> None:
    memory = Memory(100)
    await memory.take("a", 100)
    waiting = [asyncio.create_task(memory.take("a", 50)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    memory.give_back("a", 100)
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


@pytest.mark.usefixtures("short_wait")
async def test_what_was_taken_is_given_back_however_a_request_ends() -> None:
    async def application(*_: Any) -> None:
        raise RuntimeError

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 900, "more_body": False}

    site = BoundedBodies(application, 1000, 5, {})
    site._memory = Memory(1000)
    for _ in range(9):
        with pytest.raises(RuntimeError):
            await site({**POST, "path": "/"}, receive, receive)  # type: ignore[arg-type]
