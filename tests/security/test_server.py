"""The web server under attack by bytes: lines without end, frames without end, connections that only wait."""

import ipaddress
import socket as sockets
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.fake_llama import FakeLlama
from tests.people import Visitor, next_address
from tests.security.test_sockets import TOO_MANY, memory, raw_socket
from tests.servers import Site, Valkey, eventually
from web.local import site as local
from web.server import frames, requests
from web.server.connections import Place
from web.server.frames import BoundedFrames
from web.server.requests import BoundedRequests

CHUNK = b"x" * 65536
# What an attacker would send if nobody stopped them.
MUCH = 200_000_000
MARGIN = 20_000_000
ADDRESS_CONNECTIONS = 12


@pytest.fixture(scope="module")
def shared_lean_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site without a proxy before it, with few connections for an address."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "TRUSTED_PROXIES": "",
        "LIMIT_ADDRESS_CONNECTIONS": str(ADDRESS_CONNECTIONS),
    }
    site = Site(tmp_path_factory.mktemp("lean-site"), environment)
    site.start()
    yield site
    site.kill()


@contextmanager
def line(site: Site, address: str = "127.0.0.1") -> Iterator[sockets.socket]:
    """A connection from a loopback address."""
    with sockets.create_connection(("127.0.0.1", site.port), timeout=30, source_address=(address, 0)) as connection:
        yield connection


def pour(connection: sockets.socket, begin: bytes, again: bytes) -> int:
    """Send `again` after `begin`, until the server has had enough. Returns how many bytes it took."""
    sent = 0
    try:
        connection.sendall(begin)
        while sent < MUCH:
            connection.sendall(again)
            sent += len(again)
    except TimeoutError:
        raise
    except OSError:
        pass
    return sent


def reply(connection: sockets.socket) -> bytes:
    """All that the server says until it closes."""
    said = b""
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            said += more
    return said


def status(connection: sockets.socket) -> int:
    """The status of the answer; 0 for none."""
    said = reply(connection)
    return int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 0


# Heads

ENDLESS = {
    "an address": (b"GET /", CHUNK),
    "a method": (b"", b"G" * 65536),
    "the name of a header": (b"GET / HTTP/1.1\r\n", CHUNK),
    "a header": (b"GET / HTTP/1.1\r\nX-More: ", CHUNK),
    "headers": (b"GET / HTTP/1.1\r\n", b"X-More: x\r\n" * 6000),
    "a trailer": (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-More: ", CHUNK),
    "trailers": (
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-More: x\r\n" * 6000,
    ),
    "the size of a chunk": (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", CHUNK),
    "requests": (b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2000),
}


@pytest.mark.parametrize(("begin", "again"), ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_is_cut_before_it_fills_the_memory(shared_lean_site: Site, begin: bytes, again: bytes) -> None:
    before = memory(shared_lean_site)
    with line(shared_lean_site) as connection:
        assert pour(connection, begin, again) < MARGIN
    assert memory(shared_lean_site) - before < MARGIN


LONG = {
    "an address of 8 KB": (b"GET /" + b"x" * 8_000, 404),
    "a longer one": (b"GET /" + b"x" * 9_000, 414),
    "90 headers": (b"GET / HTTP/1.1\r\n" + b"X-More: x\r\n" * 90, 200),
    "110 headers": (b"GET / HTTP/1.1\r\n" + b"X-More: x\r\n" * 110, 431),
    "60 KB of headers": (b"GET / HTTP/1.1\r\nX-More: " + b"x" * 60_000 + b"\r\n", 200),
    "70 KB of headers": (b"GET / HTTP/1.1\r\nX-More: " + b"x" * 70_000 + b"\r\n", 431),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}


@pytest.mark.parametrize(("head", "expected"), LONG.values(), ids=LONG.keys())
def test_a_long_head_is_taken_up_to_its_bound(shared_lean_site: Site, head: bytes, expected: int) -> None:
    host = b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with line(shared_lean_site) as connection:
        with suppress(ConnectionError):
            connection.sendall(head + (b"" if b"HTTP/1.1" in head else b" HTTP/1.1\r\n") + host)
        assert status(connection) == expected


# Connections


def test_one_address_holds_few_connections_and_nobody_elses(shared_lean_site: Site) -> None:
    with line(shared_lean_site) as first:
        first.sendall(b"GET / HTTP/1.1\r\n")
        held = [
            sockets.create_connection(("127.0.0.1", shared_lean_site.port), timeout=30)
            for _ in range(ADDRESS_CONNECTIONS + 8)
        ]
        refused = held[ADDRESS_CONNECTIONS - 1 :]
        assert {status(connection) for connection in refused} == {429}
        with line(shared_lean_site, "127.0.0.2") as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert status(other) == 200
        for connection in held:
            connection.close()

        def is_taken() -> bool:
            with line(shared_lean_site) as again:
                again.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return status(again) == 200

        eventually(is_taken)


def test_more_connections_than_the_server_has_places_are_told_so(
    shared_lean_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From many addresses: each holds only some."""
    monkeypatch.setattr(local, "CONNECTIONS", 20)
    site = Site(tmp_path, {**shared_lean_site.environment, "SITE_URL": ""})
    site.environment["SITE_URL"] = site.url
    site.start()
    ask = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with ExitStack() as stack:
            for number in range(20):
                held = stack.enter_context(line(site, f"127.0.1.{number + 1}"))
                held.sendall(b"GET / HTTP/1.1\r\n")
            with line(site) as late:
                late.sendall(ask)
                assert status(late) == 503

        def is_taken() -> bool:
            with line(site) as again:
                again.sendall(ask)
                return status(again) == 200

        eventually(is_taken)
    finally:
        site.kill()


@pytest.mark.parametrize(
    ("addresses", "taken"),
    [
        (["203.0.113.7"] * 30, 12),
        ([f"203.0.113.{last}" for last in range(30)], 30),
        ([f"2001:db8::{last:x}" for last in range(30)], 12),
        ([f"2001:db8:0:{net:x}::1" for net in range(60)], 48),
        ([f"2001:db8:{site:x}::1" for site in range(60)], 60),
        (["10.0.0.1"] * 30, 30),
        ([None] * 30, 30),
        (["testclient"] * 30, 30),
    ],
    ids=["one", "many", "one network", "one site", "many sites", "a proxy", "a Unix socket", "no address"],
)
def test_connections_count_for_the_network_and_the_site_of_an_address(
    settings: Any, addresses: list[str | None], taken: int
) -> None:
    settings.LIMIT_ADDRESS_CONNECTIONS = ADDRESS_CONNECTIONS
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    places = [Place(address) for address in addresses]
    try:
        assert sum(place.is_free for place in places) == taken
    finally:
        for place in places * 2:
            place.give_back()
    again = [Place(address) for address in addresses]
    try:
        assert sum(place.is_free for place in again) == taken
    finally:
        for place in again:
            place.give_back()


# Frames


def frame(opcode: int, payload: bytes = b"", fin: bool = True) -> bytes:
    """One frame as a browser sends it, masked by nothing."""
    return struct.pack("!BB4x", (0x80 if fin else 0) | opcode, 0x80 | len(payload)) + payload


FLOODS = {
    "pings": (b"", frame(9)),
    "full pings": (b"", frame(9, b"x" * 125)),
    "pongs": (b"", frame(10)),
    "empty parts": (frame(1, b"{", fin=False), frame(0, fin=False)),
    "small parts": (frame(1, b"{", fin=False), frame(0, b" ", fin=False)),
    "empty messages": (b"", frame(1)),
    "pings between parts": (frame(1, b"{", fin=False), frame(0, fin=False) + frame(9)),
}


@pytest.mark.parametrize(("begin", "again"), FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_frames_ends_its_socket_and_leaves_the_site_alive(
    shared_lean_site: Site, begin: bytes, again: bytes
) -> None:
    before = memory(shared_lean_site)
    with Visitor(shared_lean_site, next_address()) as visitor:
        visitor.begin()
        with raw_socket(visitor) as socket:
            raw = socket.connection.socket
            assert pour(raw, begin, again * (65536 // len(again))) < MARGIN
            # The process reads no more of it, and serves others.
            assert visitor.get("/healthz").status_code == 200
    assert memory(shared_lean_site) - before < MARGIN


def test_who_reads_no_answer_to_pings_is_cut_too(shared_lean_site: Site) -> None:
    before = memory(shared_lean_site)
    with Visitor(shared_lean_site, next_address()) as visitor, line(shared_lean_site) as connection:
        visitor.begin()
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        lines = [
            "GET /ws/ HTTP/1.1",
            f"Host: 127.0.0.1:{shared_lean_site.port}",
            f"Origin: {shared_lean_site.url}",
            f"Cookie: sessionid={visitor.session_key}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(12) == b"HTTP/1.1 101"
        assert pour(connection, b"", frame(9, b"x" * 125) * 500) < MARGIN
    assert memory(shared_lean_site) - before < MARGIN


def test_the_page_is_told_why_its_socket_ended(shared_lean_site: Site) -> None:
    with Visitor(shared_lean_site, next_address()) as visitor:
        visitor.begin()
        with raw_socket(visitor) as socket:
            socket.connection.socket.sendall(frame(10) * (frames.FRAMES_PER_WINDOW + 1))
            with suppress(Exception):
                while True:
                    socket.hear()
            assert socket.connection.close_code == TOO_MANY


def test_a_message_in_several_parts_and_a_few_pings_are_welcome(shared_lean_site: Site) -> None:
    with Visitor(shared_lean_site, next_address()) as visitor:
        visitor.begin()
        with visitor.socket() as socket:
            for _ in range(20):
                socket.connection.ping()
            socket.connection.send(['{"type":', ' "ping', '"}'])
            assert socket.hear_until("pong")


# Time, on a server in this process that waits less


async def echo(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Reads the body, then says which headers came; `/big` says very much, a socket nothing."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    while (await receive()).get("more_body"):
        pass
    names = b",".join(name for name, _value in scope["headers"])
    body = b"x" * 30_000_000 if scope["path"] == "/big" else names
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class Near:
    """A server on a thread of this process."""

    def __init__(self) -> None:
        listener = sockets.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        pings = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.5}
        bounds = {"http": BoundedRequests, "ws": BoundedFrames, **pings}
        self.server = uvicorn.Server(uvicorn.Config(echo, **bounds, lifespan="off", log_level="critical"))  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]})

    def __enter__(self) -> "Near":
        self.thread.start()
        eventually(lambda: self.server.started)
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join()

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> Iterator[Near]:
    monkeypatch.setattr(requests, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(BoundedRequests, "unread_seconds", 0.5)
    with Near() as server:
        yield server


SLOW = {
    "nothing": (b"", 0),
    "half a line": (b"GET /", 408),
    "half a head": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", 408),
}


@pytest.mark.parametrize(("said", "expected"), SLOW.values(), ids=SLOW.keys())
def test_who_says_half_of_something_and_waits_is_cut(near: Any, said: bytes, expected: int) -> None:
    with line(near) as connection:
        connection.sendall(said)
        assert status(connection) == expected


def test_who_drips_a_head_is_cut(near: Any) -> None:
    with line(near) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-More: ")
        connection.settimeout(0.05)
        said = b""
        for _ in range(200):
            with suppress(TimeoutError):
                connection.sendall(b"X")
                if (said := connection.recv(1000)) or not said:
                    break
        assert b" 408 " in said


def test_a_second_head_has_its_own_time(near: Any) -> None:
    with line(near) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 200 " in connection.recv(1000)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert b" 408 " in reply(connection)


def test_who_reads_nothing_is_cut(near: Any) -> None:
    with line(near) as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        eventually(lambda: near.connections == 1)
        eventually(lambda: near.connections == 0)


UPGRADE = b"\r\n".join(
    [
        b"GET / HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"\r\n",
    ]
)


def test_a_socket_whose_browser_has_vanished_is_cut_and_one_that_is_idle_stays(near: Any) -> None:
    """The one answers no pings, as a phone that went out of reach; the other nothing but pings."""
    with line(near) as vanished, line(near) as idle:
        for connection in (vanished, idle):
            connection.sendall(UPGRADE)
            while not connection.recv(4096).endswith(b"\r\n\r\n"):
                pass
        eventually(lambda: near.connections == 2)
        pings = 0
        while near.connections == 2:
            pings += 1
            assert pings < 50
            opcode, length = idle.recv(2)
            assert opcode == 0x89
            idle.sendall(frame(10, idle.recv(length)))
        assert near.connections == 1
        vanished.settimeout(5)
        while vanished.recv(4096):
            pass
        assert idle.recv(1) == b"\x89"


def test_what_follows_a_body_is_no_header(near: Any) -> None:
    """Else a stranger could write what only a proxy may: `X-Forwarded-For`."""
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with line(near) as connection:
        connection.sendall(head + b"1\r\nx\r\n")
        connection.sendall(b"0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
        said = reply(connection)
    assert b"host" in said
    assert b"x-forwarded-for" not in said
