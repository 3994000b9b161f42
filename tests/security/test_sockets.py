"""The socket under attack: from other sites, with dead sessions, with frames nobody should send."""

import json
import socket as sockets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from assistant.models import Person
from imagine import keys
from imagine.live import LivePrompt
from imagine.models import Picture
from tests.fake_llama import FakeLlama, Gate, says
from tests.imagine.drawing import Pad, begin
from tests.people import Socket, Visitor, next_address
from tests.security.attacks import PASSWORD, closed_with, draw, replies, rest, rows, sign_up, talk
from tests.security.quiet import film, show
from tests.servers import Site, Valkey, eventually

PATHS = pytest.mark.parametrize("path", ["/ws/", "/ws/imagine/", "/ws/room/"])
SIGNED_OUT, TOO_SLOW, TOO_MANY, TOO_BIG, NOT_TEXT, CUT = 4401, 4408, 4429, 1009, 1007, 1006
PERSON_SOCKETS, ADDRESS_SOCKETS = 4, 6


@pytest.fixture(scope="module")
def shared_small_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that allows few sockets and many answers at once."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LIMIT_PERSON_SOCKETS": str(PERSON_SOCKETS),
        "LIMIT_ADDRESS_SOCKETS": str(ADDRESS_SOCKETS),
        "LIMIT_PERSON_RUNS": "12",
    }
    site = Site(tmp_path_factory.mktemp("small-site"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def small_site(shared_small_site: Site, fake_llama: FakeLlama) -> Site:
    return shared_small_site


def opens(visitor: Visitor, path: str = "/ws/", **headers: str) -> int:
    """0 when a socket opens and serves; otherwise the status or the close code that refuses it."""
    try:
        with visitor.socket(path, **headers) as socket:
            return 0 if {reply["type"] for reply in replies(socket)} <= {"studio"} else -1
    except InvalidStatus as error:
        return error.response.status_code
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else -1


# From where


@PATHS
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "{site}.evil.example",
        "{site}@evil.example",
        "http://evil.example/{site}",
        "http://127.0.0.1.evil.example:{port}",
        "http://evil-127.0.0.1:{port}",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "ws://127.0.0.1:{port}",
        "file://",
        "http://[",
        "http://127.0.0.1:99999999",
    ],
)
def test_no_other_site_opens_a_socket(alice: Visitor, origin: str, path: str) -> None:
    alice.begin()
    named = origin.format(site=alice.site.url, port=alice.site.port)
    assert opens(alice, path, Origin=named) == HTTPStatus.FORBIDDEN
    assert opens(alice, path) == 0


@PATHS
def test_no_socket_opens_without_an_origin(alice: Visitor, path: str) -> None:
    alice.begin()
    cookies = {"Cookie": f"sessionid={alice.session_key}"}
    url = alice.site.url.replace("http", "ws") + path
    with pytest.raises(InvalidStatus, match="403"), connect(url, additional_headers=cookies, proxy=None):
        pass


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/ws", "/ws/x", "/c/", "/ws/?session={key}", "//ws/", "/ws/../admin/"),
        *("/ws/imagine", "/ws/imagine/{key}", "/ws/imagine/?session={key}"),
        *("/ws/room", "/ws/room/{key}", "/ws/room/?session={key}"),
    ],
)
def test_only_three_addresses_have_a_socket_and_only_cookies_open_it(alice: Visitor, bob: Visitor, path: str) -> None:
    """Bob knows Alice's key, and puts it where a careless site would read it."""
    alice.begin()
    url = bob.site.url.replace("http", "ws") + path.format(key=alice.session_key)
    headers = {"Authorization": f"Bearer {alice.session_key}", "X-Session": alice.session_key}
    with pytest.raises((InvalidStatus, ConnectionClosed)) as refusal:  # noqa: SIM117 - see below
        # Where a socket opens at all, it must be closed before it says a word.
        with connect(url, origin=bob.site.url, additional_headers=headers, proxy=None) as connection:  # type: ignore[arg-type]
            connection.recv(10)
    assert "403" in str(refusal.value) or str(SIGNED_OUT) in str(refusal.value)


# As whom

BAD_KEYS = {
    "empty": "",
    "unknown": "a" * 32,
    "too short": "abc",
    "cut": "{key:.31}",
    "longer": "{key}x",
    "upper case": "{upper}",
    "quoted": '"{key}x"',
    "with a zero byte": '"\\000{key}"',
    "not ascii": "é" * 32,
    "huge": "k" * 4000,
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_cookie_that_is_there_but_wrong_opens_nothing(alice: Visitor, key: str) -> None:
    hers = talk(alice)
    value = key.format(key=alice.session_key, upper=alice.session_key.upper())
    for path in ("/ws/", "/ws/imagine/"):
        assert opens(alice, path, Cookie=f"sessionid={value}") == SIGNED_OUT
    headers = {"Cookie": f"sessionid={value}".encode("latin-1")}
    with Visitor(alice.site, next_address()) as stranger:
        assert stranger.get(f"/c/{hers.conversation.id}/", headers=headers).status_code == 404


@PATHS
def test_a_suspended_person_opens_no_socket(alice: Visitor, path: str) -> None:
    alice.begin()
    Person.objects.filter(id=alice.person.id).update(is_active=False)
    assert opens(alice, path) == SIGNED_OUT


@pytest.mark.parametrize("door", ["login", "signup"])
def test_who_planted_a_cookie_is_out_once_its_bearer_has_an_account(alice: Visitor, bob: Visitor, door: str) -> None:
    """Bob had Alice's cookies before her, and holds a socket open with them."""
    said = talk(alice).conversation
    bob.http.cookies.update(alice.http.cookies)
    planted = dict(bob.http.cookies)
    with bob.socket() as socket, Visitor(alice.site, next_address()) as before:
        socket.say("open", conversation=said.id)
        socket.hear_until("opened")
        if door == "signup":
            sign_up(alice)
        else:
            fields = {"login": sign_up(before).username, "password": PASSWORD}
            assert alice.post("/account/login/", fields).status_code == 302
        socket.say("open", conversation=said.id)
        assert closed_with(socket) == SIGNED_OUT
    assert alice.get(f"/c/{said.id}/").status_code == 200
    assert bob.get(f"/c/{said.id}/").status_code == 404
    assert opens(bob) == SIGNED_OUT
    assert alice.session_key != planted["sessionid"]
    assert alice.http.cookies["csrftoken"] != planted["csrftoken"]


def sign_out(visitor: Visitor) -> None:
    visitor.post("/account/logout/")


def change_password(visitor: Visitor) -> None:
    """In another browser, so that only the other sessions end."""
    with Visitor(visitor.site, next_address()) as other:
        login = {"login": visitor.person.username, "password": PASSWORD}
        assert other.post("/account/login/", login).status_code == 302
        new = {"oldpassword": PASSWORD, "password1": "another llama 43", "password2": "another llama 43"}
        assert other.post("/account/password/change/", new).status_code == 302


def suspend(visitor: Visitor) -> None:
    Person.objects.filter(id=visitor.person.id).update(is_active=False)


def erase(visitor: Visitor) -> None:
    visitor.post("/you/erase", {"sure": "yes"})


ENDS = [sign_out, change_password, suspend, erase]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_session_that_ends_takes_its_sockets_along(alice: Visitor, fake_llama: FakeLlama, end: Any) -> None:
    conversation = alice.begin()
    person = sign_up(alice)
    rest(conversation)
    with alice.socket() as socket:
        assert replies(socket) == []
        end(alice)
        before, asked = rows(person), len(fake_llama.requests)
        socket.say("send", conversation=conversation.id, id=uuid4(), text="Still here?")
        assert closed_with(socket) == SIGNED_OUT
    assert rows(person) == before
    assert len(fake_llama.requests) == asked


@pytest.mark.parametrize("kind", ["edit", "retry"])
def test_who_was_shut_out_has_nothing_answered_anew(alice: Visitor, fake_llama: FakeLlama, kind: str) -> None:
    conversation = alice.begin()
    person = sign_up(alice)
    rest(conversation)
    question, answer = conversation.messages.order_by("position")
    fields = {"edit": {"message": question.id, "text": "Still here?"}, "retry": {"message": answer.id}}[kind]
    with alice.socket() as socket:
        assert replies(socket) == []
        sign_out(alice)
        before, asked = rows(person), len(fake_llama.requests)
        socket.say(kind, id=uuid4(), **fields)
        assert closed_with(socket) == SIGNED_OUT
    assert rows(person) == before
    assert len(fake_llama.requests) == asked


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_session_that_ends_takes_what_was_being_typed_along(alice: Visitor, valkey: Valkey, end: Any) -> None:
    begin(alice)
    person = sign_up(alice)
    with alice.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        replies(socket)
        assert valkey.has(keys.slot(person.id))
        end(alice)
        pad.type("a llama in the rain")
        assert closed_with(socket) == SIGNED_OUT
    eventually(lambda: not valkey.has(keys.slot(person.id)))


@pytest.mark.parametrize("end", [sign_out, change_password, erase], ids=lambda end: end.__name__)
def test_nothing_typed_is_taken_once_the_end_of_the_session_was_answered(alice: Visitor, end: Any) -> None:
    """Though the database was asked a moment before."""
    begin(alice)
    sign_up(alice)
    with alice.socket("/ws/imagine/") as socket:
        socket.say("ping")
        socket.hear_until("pong")
        end(alice)
        heard = len(socket.heard)
        socket.say("ping")
        assert closed_with(socket) == SIGNED_OUT
        assert "pong" not in {message["type"] for message in socket.heard[heard:]}


@pytest.mark.parametrize("end", [sign_out, suspend], ids=lambda end: end.__name__)
def test_who_was_shut_out_sees_no_more_frames(alice: Visitor, valkey: Valkey, end: Any) -> None:
    """The socket only listens, while somebody goes on drawing for the person."""
    begin(alice)
    sketch = LivePrompt(sign_up(alice).id, uuid4(), 1, "a llama", "", "square", 5)
    with alice.socket("/ws/imagine/") as socket, Redis.from_url(valkey.url) as painter:
        socket.hear_until("studio")
        show(painter, sketch)
        socket.hear_until("live")
        end(alice)
        with suppress(ConnectionClosed):
            for _ in range(20_000):
                show(painter, sketch)
                socket.hear()
        assert socket.connection.close_code == SIGNED_OUT


def test_frames_and_news_reach_nobody_else(alice: Visitor, bob: Visitor, valkey: Valkey) -> None:
    for visitor in (alice, bob):
        begin(visitor)
    with alice.socket("/ws/imagine/") as mine, bob.socket("/ws/imagine/") as socket:
        for each in (mine, socket):
            each.hear_until("studio")
        film(alice, valkey, "a llama")
        mine.hear_until("live")
        alice.post(f"/p/{draw(alice, status=Picture.Status.WAITING).id}/stop")
        assert mine.hear_until("picture")["status"] == "stopped"
        assert {reply["type"] for reply in replies(socket)} <= {"studio"}


@pytest.mark.parametrize("end", [sign_out, suspend], ids=lambda end: end.__name__)
def test_who_was_shut_out_hears_no_more_of_an_answer(alice: Visitor, fake_llama: FakeLlama, end: Any) -> None:
    """The socket only listens, and says nothing after the session's end."""
    sign_up(alice)
    gate = Gate()
    fake_llama.on("Go on and on", says("word " * 2000, gate=gate))
    conversation = alice.begin("Go on and on")
    with alice.socket() as socket:
        socket.say("watch", run=conversation.runs.get().id, after=0)
        gate.let(2)
        socket.hear_until("text")
        end(alice)
        with suppress(ConnectionClosed):
            for _ in range(400):
                gate.let()
                socket.hear()
        assert socket.connection.close_code == SIGNED_OUT
    gate.open()


# With what

BAD_FRAMES: dict[str, str | bytes] = {
    "nothing": "",
    "not JSON": "hello",
    "a list": '["send"]',
    "null": "null",
    "a number": "1",
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "NaN": '{"type": "watch", "run": "{run}", "after": NaN}',
    "Infinity": '{"type": "watch", "run": "{run}", "after": Infinity}',
    "a huge number": '{"type": "watch", "run": "{run}", "after": 1' + "0" * 100_000 + "}",
    "a negative number": '{"type": "watch", "run": "{run}", "after": -1}',
    "a fraction": '{"type": "watch", "run": "{run}", "after": 0.5}',
    "yes for a number": '{"type": "watch", "run": "{run}", "after": true}',
    "text for a number": '{"type": "watch", "run": "{run}", "after": "0"}',
    "half a character": '{"type": "send", "conversation": "{conversation}", "id": "{id}", "text": "\\ud800"}',
    "binary": b"\x00\x01\x02",
    "binary JSON": b'{"type": "ping"}',
    "a path for an id": '{"type": "open", "conversation": "../../admin"}',
    "spaces for an id": '{"type": "open", "conversation": "  "}',
    "a long id": '{"type": "open", "conversation": "' + "a" * 10_000 + '"}',
    "a wildcard id": '{"type": "open", "conversation": "*"}',
    "an id that looks alike": '{"type": "open", "conversation": "0000000o-0000-4000-8000-000000000000"}',
    "a list of ids": '{"type": "open", "conversation": ["{conversation}"]}',
    "an id within an object": '{"type": "open", "conversation": {"id": "{conversation}"}}',
    **{
        f"type {name}": json.dumps({"type": name, "code": 1000, "text": '{"type": "ping"}'})
        for name in (
            "websocket.disconnect",
            "websocket.receive",
            "websocket_disconnect",
            "http.request",
            "http.disconnect",
            "lifespan.shutdown",
            "disconnect",
            "close",
            "accept",
            "carry_out",
            "follow",
            "__init__",
            "_field",
            "Ping",
            "PING",
            "ping ",
        )
    },
    "type null": '{"type": null}',
    "type a list": '{"type": ["ping"]}',
    "type an object": '{"type": {"ping": 1}}',
    "no type": '{"run": "{run}"}',
}


@PATHS
@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_frame_that_is_none_of_ours_changes_nothing(hers: Any, frame: str | bytes, path: str) -> None:
    visitor, talked = hers
    before = rows(visitor.person)
    names = {"{run}": talked.run.id, "{conversation}": talked.conversation.id, "{id}": uuid4()}
    if isinstance(frame, str):
        for name, value in names.items():
            frame = frame.replace(name, str(value))
    with visitor.socket(path) as socket:
        socket.connection.send(frame)
        assert [reply["type"] for reply in replies(socket) if reply["type"] != "studio"] == ["problem"]
    assert rows(visitor.person) == before


@pytest.fixture(scope="module")
def hers(shared_site: Site) -> Iterator[Any]:
    """One person with one talk, for all bad frames."""
    with Visitor(shared_site, next_address()) as visitor:
        yield visitor, talk(visitor)


def test_of_a_field_written_twice_only_one_counts(hers: Any) -> None:
    visitor, talked = hers
    with visitor.socket() as socket:
        open_it = json.dumps({"type": "open", "conversation": str(talked.conversation.id)})
        socket.connection.send('{"type": "carry_out", ' + open_it[1:])
        assert [reply["type"] for reply in replies(socket)] == ["opened"]


@pytest.mark.parametrize(
    ("path", "size", "compression"),
    [
        ("/ws/", 200_000, None),
        ("/ws/", 200_000, "deflate"),
        ("/ws/", 50_000_000, None),
        ("/ws/", 50_000_000, "deflate"),
        ("/ws/imagine/", 50_000_000, None),
        ("/ws/room/", 50_000_000, None),
    ],
)
def test_a_huge_frame_ends_its_socket_and_nobody_elses(
    alice: Visitor, bob: Visitor, path: str, size: int, compression: str | None
) -> None:
    alice.begin()
    bob.begin()
    with bob.socket() as other, raw_socket(alice, path, compression) as socket:
        before = memory(alice.site)
        with suppress(ConnectionClosed):
            socket.connection.send("x" * size)
        assert closed_with(socket) in (TOO_BIG, CUT)
        assert replies(other) == []
        assert memory(alice.site) - before < 20_000_000


FLOODS = pytest.mark.parametrize("message", ['{"type": "ping"}', "[" * 100_000], ids=["small", "deep"])


@PATHS
@FLOODS
def test_five_thousand_messages_end_their_socket_and_nobody_elses(
    alice: Visitor, bob: Visitor, path: str, message: str
) -> None:
    alice.begin()
    bob.begin()
    with bob.socket() as other, raw_socket(alice, path) as socket:
        before = memory(alice.site)
        with suppress(ConnectionClosed):
            for _ in range(5000):
                socket.connection.send(message)
        # Of what was sent after that so much is thrown away, and no more.
        assert closed_with(socket) in (TOO_MANY, CUT)
        assert replies(other) == []
        assert memory(alice.site) - before < 20_000_000


@PATHS
def test_text_that_is_no_utf8_ends_its_socket(alice: Visitor, bob: Visitor, path: str) -> None:
    alice.begin()
    bob.begin()
    with bob.socket() as other, alice.socket(path) as socket:
        socket.connection.send(b'{"type": "ping", "x": "\xff\xfe"}', text=True)
        assert closed_with(socket) == NOT_TEXT
        assert replies(other) == []


@contextmanager
def raw_socket(
    visitor: Visitor, path: str = "/ws/", compression: str | None = None, receive_bytes: int = 0
) -> Iterator[Socket]:
    """A socket whose connection is ours to choose."""
    url = urlsplit(visitor.site.url)
    line = sockets.socket()
    if receive_bytes:
        line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_bytes)
    line.connect((url.hostname, url.port))
    with connect(
        f"ws://{url.netloc}{path}",
        sock=line,
        origin=visitor.site.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"sessionid={visitor.session_key}", "X-Forwarded-For": visitor.address},
        compression=compression,
        max_size=None,
        max_queue=4,
        close_timeout=1,
    ) as connection:
        yield Socket(connection)


def memory(site: Site) -> int:
    """Bytes of memory that the web server holds."""
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()
    status = Path(f"/proc/{children[0] if children else site.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


# How much


def test_a_flood_ends_its_socket_and_leaves_room_for_the_next(small_site: Site) -> None:
    with Visitor(small_site, next_address()) as visitor:
        talk(visitor)
        for _ in range(PERSON_SOCKETS + 1):
            with visitor.socket() as socket:
                with suppress(ConnectionClosed):
                    for _ in range(5000):
                        socket.connection.send('{"type": "ping"}')
                assert closed_with(socket) == TOO_MANY
            eventually(lambda: opens(visitor) == 0)


def test_actions_after_the_sessions_end_leave_room_too(small_site: Site) -> None:
    with Visitor(small_site, next_address()) as visitor:
        talk(visitor)
        person = visitor.person
        for _ in range(PERSON_SOCKETS + 1):
            with visitor.socket() as socket:
                Person.objects.filter(id=person.id).update(is_active=False)
                with suppress(ConnectionClosed):
                    for _ in range(50):
                        socket.connection.send('{"type": "ping"}')
                assert closed_with(socket) == SIGNED_OUT
            Person.objects.filter(id=person.id).update(is_active=True)
            eventually(lambda: opens(visitor) == 0)


def test_sockets_are_counted_by_person_and_by_address(small_site: Site) -> None:
    address = next_address()
    with Visitor(small_site, address) as alice, Visitor(small_site, address) as bob, ExitStack() as tabs:
        alice.begin()
        bob.begin()
        for _ in range(PERSON_SOCKETS):
            replies(tabs.enter_context(alice.socket()))
        assert opens(alice) == TOO_MANY
        for _ in range(ADDRESS_SOCKETS - PERSON_SOCKETS):
            replies(tabs.enter_context(bob.socket()))
        assert opens(bob) == TOO_MANY
        with Visitor(small_site, next_address()) as elsewhere:
            elsewhere.begin()
            assert opens(elsewhere) == 0
        tabs.close()
        eventually(lambda: opens(alice) == 0)


def test_sockets_opened_all_at_once_are_no_more_than_allowed(small_site: Site) -> None:
    with Visitor(small_site, next_address()) as visitor, ExitStack() as tabs, ThreadPoolExecutor(20) as pool:
        visitor.begin()

        def opened(_: int) -> bool:
            try:
                return replies(tabs.enter_context(visitor.socket())) == []
            except ConnectionClosed:
                return False

        assert sum(pool.map(opened, range(20))) == PERSON_SOCKETS


def test_one_who_never_reads_is_dropped_while_others_go_on(small_site: Site, fake_llama: FakeLlama) -> None:
    fake_llama.on("Much", says("x" * 190_000, chunk="all"))
    fake_llama.on("Drip", says("word " * 100, pace=1 / 30))
    with Visitor(small_site, next_address()) as visitor, Visitor(small_site, next_address()) as other:
        much = talk(visitor, "Much").run.id
        drips = [visitor.begin(f"Drip {number}") for number in range(9)]
        with raw_socket(visitor, receive_bytes=65_536) as slow, other_socket(other) as quick:
            for run in [much] * 50 + [drip.runs.get().id for drip in drips]:
                slow.say("watch", run=run, after=0)
            heard = talk(other, "Am I heard?")
            quick.say("watch", run=heard.run.id, after=0)
            assert quick.hear_until("finished")["status"] == "done"
            for drip in drips:
                rest(drip)
            assert replies(quick) == []
            assert closed_with(slow) == TOO_SLOW
        eventually(lambda: opens(visitor) == 0)


def other_socket(visitor: Visitor) -> Any:
    visitor.begin("First words")
    return visitor.socket()


# Again and again


def test_one_id_in_two_conversations_is_one_message(alice: Visitor, fake_llama: FakeLlama) -> None:
    first, second = talk(alice, "First"), talk(alice, "Second")
    again, asked = uuid4(), len(fake_llama.requests)
    with alice.socket() as socket:
        socket.say("send", conversation=first.conversation.id, id=again, text="Once")
        one = socket.hear_until("accepted")
        socket.hear_until("finished")
        socket.say("send", conversation=second.conversation.id, id=again, text="Once")
        two = socket.hear_until("accepted")
    assert one["run"] == two["run"]
    assert second.conversation.messages.count() == 2
    assert first.conversation.messages.filter(text="Once").count() == 1
    assert len(fake_llama.requests) == asked + 1


def test_an_id_is_only_ones_own(alice: Visitor, bob: Visitor) -> None:
    """Bob replays the frame he saw on Alice's screen in a conversation of his own: it is a message of his."""
    hers, his, same = talk(alice), talk(bob), uuid4()
    with alice.socket() as mine, bob.socket() as socket:
        mine.say("send", conversation=hers.conversation.id, id=same, text="Hers")
        mine.hear_until("finished")
        socket.say("send", conversation=his.conversation.id, id=same, text="His")
        socket.hear_until("finished")
    assert his.conversation.messages.filter(text="His").count() == 1
    assert not his.conversation.messages.filter(text="Hers").exists()
    assert hers.conversation.messages.count() == 4


def test_replayed_frames_from_many_sockets_at_once_are_one_message(alice: Visitor, fake_llama: FakeLlama) -> None:
    hers, same = talk(alice), uuid4()
    asked = len(fake_llama.requests)

    def send(_: int) -> str:
        with alice.socket() as socket:
            socket.say("send", conversation=hers.conversation.id, id=same, text="Once")
            run: str = socket.hear_until("accepted")["run"]
            return run

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
    assert hers.conversation.messages.filter(text="Once").count() == 1
    rest(hers.conversation)
    assert len(fake_llama.requests) == asked + 1
