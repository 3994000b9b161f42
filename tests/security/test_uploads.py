"""Files that somebody sends, and what somebody types to be drawn, as attackers do both."""

import json
import socket as sockets
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis
from django.conf import settings
from PIL import ExifTags, Image
from websockets.exceptions import ConnectionClosed, InvalidStatus

from imagine import keys
from imagine.files import storage
from imagine.jobs import own_pictures
from imagine.models import Picture, Share
from tests.fake_llama import FakeLlama
from tests.imagine.drawing import ask, begin, ended
from tests.imagine.drawings import encoded, gradient
from tests.people import Socket, Visitor, next_address
from tests.security.attacks import closed_with, draw, replies, rows
from tests.security.routes import NOTHING
from tests.servers import Painter, Site, Valkey, eventually
from web.asgi import LARGER_BODIES
from web.sockets.messages import PICTURE_MESSAGES

UPLOADS, CONVERSATION_MESSAGES = 3, 4
TOO_BIG, TOO_MANY, CUT = 1009, 4429, 1006
START = "start.jpg"
MARK = b"zebra crossing"


@pytest.fixture(scope="module")
def shared_tight_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that takes few files and few prompts, and keeps its temporary files where a test sees them."""
    folder = tmp_path_factory.mktemp("tight-site")
    (folder / "temporary").mkdir()
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "IMAGINE_MODEL": str(folder / "nothing"),
        "LIMIT_PERSON_UPLOADS": f"{UPLOADS}/day",
        "LIMIT_PERSON_FRAMES": f"{CONVERSATION_MESSAGES}/day",
        "TMPDIR": str(folder / "temporary"),
    }
    site = Site(folder, environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def tight_site(shared_tight_site: Site, fake_llama: FakeLlama) -> Site:
    return shared_tight_site


@pytest.fixture
def eve(tight_site: Site) -> Iterator[Visitor]:
    """Somebody at the tight site."""
    with Visitor(tight_site, next_address()) as visitor:
        begin(visitor)
        yield visitor


def send(visitor: Visitor, data: bytes, name: str = "dog.jpg", kind: str = "image/jpeg") -> httpx.Response:
    """Upload it as the page does."""
    return visitor.post("/imagine/upload", files={"file": (name, data, kind)}, headers={"X-Fragment": "1"})


def only_picture(visitor: Visitor) -> Picture:
    return own_pictures(visitor.person.id).get()


def photograph() -> bytes:
    """With a home position, a maker, and notes of the one who took it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = MARK.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
    return encoded(gradient(), "jpeg", exif=exif, comment=MARK, xmp=b"<x>" + MARK + b"</x>")


def png(width: int, height: int) -> bytes:
    """The head of a PNG of that size, and pixels for none of it."""
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(b""), b"IEND": b""}
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# I1: what is no picture


NO_PICTURES = {
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "XML": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "PDF": b"%PDF-1.7\n1 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj",
    "ZIP": b"PK\x03\x04" + b"\x00" * 60,
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "TIFF": encoded(gradient(), "tiff"),
    "BMP": encoded(gradient(), "bmp"),
    "half a GIF that is a script": b"GIF89a=1;alert(1)//",
    "half a picture": encoded(gradient(), "png")[:120],
    "nothing": b"",
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES.keys())
@pytest.mark.parametrize(("name", "kind"), [("dog.jpg", "image/jpeg"), ("dog.SVG", "image/svg+xml"), ("dog", "x/y")])
def test_what_is_no_picture_is_refused_whatever_it_calls_itself(
    alice: Visitor, data: bytes, name: str, kind: str
) -> None:
    begin(alice)
    before = rows(alice.person)
    answer = send(alice, data, name, kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_upload")
    assert rows(alice.person) == before


@pytest.mark.parametrize("form", ["jpeg", "png", "gif", "webp", "heif", "avif"])
@pytest.mark.parametrize(("name", "kind"), [("a.html", "text/html"), ("a.jpg.php", ""), ("a.svg", "image/svg+xml")])
def test_a_picture_is_known_by_its_content_and_nothing_behind_it_comes_along(
    alice: Visitor, form: str, name: str, kind: str
) -> None:
    script = b"<script>alert('zebra crossing')</script>"
    assert send(alice, encoded(gradient(), form) + script, name, kind).status_code == 201
    picture = only_picture(alice)
    # A painter that another test started may be at it: then other files are in place of the first.
    kept = files_of(picture)
    assert START not in kept or kept[START].startswith(b"\xff\xd8\xff")
    assert [name for name, data in kept.items() if MARK in data] == []


def files_of(picture: Picture) -> dict[str, bytes]:
    """All that is kept of it. A file that goes meanwhile has another in its place."""
    for _attempt in range(20):
        with suppress(FileNotFoundError):
            return {name: storage.load(picture.id, name) for name in storage.names(picture.id)}
    raise AssertionError("its files change all the time")


def test_what_was_sent_never_leaves_as_it_came(alice: Visitor) -> None:
    """Not even to its owner: only what was drawn from it does."""
    send(alice, encoded(gradient(), "jpeg"))
    picture = only_picture(alice)
    for name in (START, storage.MASTER, "dog.jpg", "picture.svg", "picture.html"):
        assert alice.get(f"/p/{picture.id}/{name}").status_code == 404


# I2: bombs


BOMBS = {
    "a PNG of 60,000 by 60,000": png(60_000, 60_000),
    "a PNG of two milliards by one": png(2**31 - 1, 1),
    "a GIF of 65,535 by 65,535": b"GIF89a\xff\xff\xff\xff\x80\x00\x00"
    + b"\x00" * 6
    + b",\x00\x00\x00\x00\xff\xff\xff\xff",
    "a GIF of 100,000 frames": encoded(Image.new("P", (1, 1)), "gif")[:-1]
    + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00" * 100_000
    + b";",
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_it_is_opened(alice: Visitor, data: bytes) -> None:
    begin(alice)
    answer = send(alice, data)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("large_upload", "many_pixels", "bad_upload")
    assert not own_pictures(alice.person.id).exists()


# I3: where it was taken


def test_where_a_photograph_was_taken_is_gone_from_all_that_is_kept_and_shared(
    alice: Visitor, bob: Visitor, painter: Painter
) -> None:
    assert MARK in photograph()
    assert send(alice, photograph()).status_code == 201
    picture = ended(only_picture(alice))
    for name in storage.names(picture.id):
        assert_plain(storage.load(picture.id, name))
    # Only what was drawn here is shared; what was drawn from the photograph holds as little of it.
    assert alice.post(f"/p/{picture.id}/share").status_code == 400
    drawn = ended(ask(alice, f"/p/{picture.id}/vary", count=1)[0])
    assert alice.post(f"/p/{drawn.id}/share").status_code == 302
    path = f"/s/{Share.objects.get(picture=drawn).token}/"
    files = [bob.get(path + name) for name in drawn.files]
    assert files
    for file in files:
        assert file.status_code == 200
        assert_plain(file.content)


def assert_plain(data: bytes) -> None:
    assert MARK not in data
    assert b"Exif\x00" not in data
    assert b"GPS" not in data


# I4 and I5: names and addresses


NAMES = [
    "../../../../tmp/x.jpg",
    "/etc/passwd",
    "C:\\windows\\x.jpg",
    "x\x00.jpg",
    "x" * 300 + ".jpg",
    "CON",
    "..",
    ".htaccess",
    "gpj.\u202ejpg",
    "u\u0308.jpg",
    "%2e%2e%2fx.jpg",
    '"><script>canary()</script>.jpg',
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_kept_under_our_own_name(alice: Visitor, name: str) -> None:
    answer = send(alice, encoded(gradient(), "jpeg"), name)
    # A name with a NUL is no name at all.
    assert answer.status_code in (201, 400)
    assert "canary" not in answer.text
    for picture in own_pictures(alice.person.id):
        assert set(storage.names(picture.id)) <= {START, storage.MASTER, *storage.SERVED}
        assert "canary" not in alice.get(f"/p/{picture.id}/").text


PLACES = [
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:6379/",
    "../../../etc/passwd",
    "data:image/png;base64,AA",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_not_taken_for_a_picture(alice: Visitor, place: str) -> None:
    begin(alice)
    before = rows(alice.person)
    fields = {"file": place, "from": place, "sketch": place, "number": "1", "picture": place}
    for path, code in [("upload", "bad_upload"), ("keep", "refused_picture"), ("grow", "refused_picture")]:
        answer = alice.post(f"/imagine/{path}", fields, headers={"X-Fragment": "1"})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert alice.get("/imagine/", params={"from": place}).status_code == 200
    assert rows(alice.person) == before


@pytest.mark.parametrize("name", ["..%2f..%2fdb.sqlite3", "..%5cx", "picture.jpg%00.html", ".", "%2e%2e", "master.png"])
def test_a_file_is_asked_for_by_one_of_our_names_only(alice: Visitor, name: str) -> None:
    picture = draw(alice)
    assert alice.get(f"/p/{picture.id}/{name}").status_code in (301, 404)
    assert alice.get(f"/p/{picture.id}/picture.jpg").status_code == 200


def test_going_on_from_somebody_elses_picture_begins_with_nothing(alice: Visitor, bob: Visitor) -> None:
    picture = draw(alice, prompt="A private wish")
    draw(bob, prompt="His own wish")
    theirs, missing = (bob.get("/imagine/", params={"from": str(named)}).text for named in (picture.id, uuid4()))
    assert "A private wish" not in theirs
    assert str(picture.id) not in theirs.replace(f"from={picture.id}", "")
    assert len(theirs) == len(missing)


# I6: how much


def test_so_many_files_and_no_more(eve: Visitor) -> None:
    statuses = [send(eve, encoded(gradient(), "jpeg")).status_code for _ in range(UPLOADS + 2)]
    assert statuses == [201] * UPLOADS + [429] * 2
    assert own_pictures(eve.person.id).count() == UPLOADS


def test_refused_files_count_too(eve: Visitor) -> None:
    statuses = [send(eve, b"no picture").status_code for _ in range(UPLOADS + 1)]
    assert statuses == [400] * UPLOADS + [429]


def test_nobody_keeps_more_pictures_than_allowed(alice: Visitor) -> None:
    begin(alice)
    done = {"person": alice.person, "made": Picture.Made.DRAWN, "status": Picture.Status.DONE}
    Picture.objects.bulk_create(Picture(**done) for _ in range(settings.PICTURES_PER_PERSON - 1))
    assert send(alice, encoded(gradient(), "jpeg")).status_code == 201
    refused = send(alice, encoded(gradient(), "jpeg"))
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_pictures")
    assert own_pictures(alice.person.id).count() == settings.PICTURES_PER_PERSON


def test_a_file_too_large_is_refused(alice: Visitor) -> None:
    begin(alice)
    image = encoded(gradient(), "jpeg")
    assert send(alice, image + b"\x00" * settings.UPLOAD_BYTES).status_code in (400, 413)
    assert send(alice, image + b"\x00" * settings.UPLOAD_BYTES * 2).status_code == 413
    assert send(alice, image + b"\x00" * (5 * 1024 * 1024)).status_code == 201
    assert own_pictures(alice.person.id).count() == 1


def test_a_large_file_finds_no_other_door(alice: Visitor) -> None:
    begin(alice)
    picture = draw(alice)
    file = {"file": ("dog.jpg", b"\x00" * 1024 * 1024, "image/jpeg")}
    for path in ("/imagine/", "/imagine/draw", "/imagine/keep", f"/p/{picture.id}/edit", "/s/x/report"):
        assert alice.post(path, files=file).status_code == 413, path
    # Text files come with messages, so many of so many bytes.
    larger = {"files": ("dog.txt", b"\x00" * (settings.ATTACHMENTS_PER_MESSAGE + 1) * settings.ATTACHMENT_BYTES)}
    assert alice.post("/", files=larger).status_code == 413


def test_strangers_who_send_drop_by_drop_hold_nobody_up(alice: Visitor) -> None:
    """Each promises twelve megabytes, from addresses of their own."""
    begin(alice)
    with ExitStack() as stack:
        for _ in range(60):
            line = stack.enter_context(sockets.create_connection(("127.0.0.1", alice.site.port), timeout=10))
            head = f"POST /imagine/upload HTTP/1.1\r\nHost: 127.0.0.1:{alice.site.port}\r\n"
            line.sendall(f"{head}X-Forwarded-For: {next_address()}\r\nContent-Length: 12000000\r\n\r\nx".encode())
        assert send(alice, encoded(gradient(), "jpeg") + b"\x00" * 3_000_000).status_code == 201


DOORS = [pattern.replace("[0-9a-f-]{36}", str(NOTHING)) for pattern in LARGER_BODIES]


@pytest.mark.parametrize("path", DOORS)
def test_five_gigabytes_find_no_door(eve: Visitor, path: str) -> None:
    """Promised, they are refused at once; sent without a promise, they are cut off where the largest file would end."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{eve.site.port}\r\n".encode()
    with sockets.create_connection(("127.0.0.1", eve.site.port), timeout=10) as line:
        line.sendall(head + b"Content-Length: 5000000000\r\n\r\n")
        assert b" 413 " in line.recv(100)
    sent, chunk = 0, b"80000\r\n" + b"x" * 0x80000 + b"\r\n"
    with sockets.create_connection(("127.0.0.1", eve.site.port), timeout=10) as line, suppress(ConnectionError):
        line.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        while sent < 5_000_000_000:
            line.sendall(chunk)
            sent += len(chunk)
    assert sent < 30_000_000
    assert not any((eve.site.folder / "temporary").iterdir())


@pytest.mark.parametrize("path", ["/imagine/upload", "/attachments/", "/"])
def test_ten_thousand_files_in_one_form_are_refused(eve: Visitor, path: str) -> None:
    before = rows(eve.person)
    field, content = (b"files", b"Hi") if path == "/" else (b"file", b"Hi")
    if path == "/imagine/upload":
        content = encoded(Image.new("L", (64, 64)), "jpeg")
    part = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a.txt"\r\n\r\n%s\r\n' % (field, content)
    headers = {"X-CSRFToken": eve.http.cookies["csrftoken"], "Origin": eve.site.url, "X-Fragment": "1"}
    headers["Content-Type"] = "multipart/form-data; boundary=x"
    body = part * 10_000 + b"--x--\r\n"
    assert eve.http.post(path, content=body, headers=headers).status_code == 400
    assert rows(eve.person) == before
    assert not any((eve.site.folder / "temporary").iterdir())


def test_a_file_that_stops_half_way_leaves_nothing(eve: Visitor) -> None:
    """Five megabytes are promised, three come. Larger files than that are kept on disk while they are read."""
    data = encoded(gradient(), "jpeg") + b"\x00" * (3 * 1024 * 1024)
    assert send(eve, data).status_code == 201
    head = (
        f"POST /imagine/upload HTTP/1.1\r\nHost: 127.0.0.1:{eve.site.port}\r\nOrigin: {eve.site.url}\r\n"
        f"Cookie: sessionid={eve.session_key}; csrftoken={eve.http.cookies['csrftoken']}\r\n"
        f"X-CSRFToken: {eve.http.cookies['csrftoken']}\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    )
    with sockets.create_connection(("127.0.0.1", eve.site.port), timeout=10) as line:
        line.sendall(head.encode() + data)
    assert send(eve, data).status_code == 201
    assert own_pictures(eve.person.id).count() == 2
    left = eve.site.folder / "temporary"
    eventually(lambda: not any(left.iterdir()))


# I8: typing


DRAW = {"number": 1, "prompt": "a llama", "style": "", "shape": "square", "seed": 5, "hurry": False, "without": ""}
ODD_DRAWS: dict[str, dict[str, Any]] = {
    "a path for a sketch": {"sketch": "../../x"},
    "a wildcard for a sketch": {"sketch": "*"},
    "a person for a sketch": {"sketch": ["{alice}"]},
    "a huge number": {"number": 2**40},
    "a negative number": {"number": -1},
    "a huge seed": {"seed": 2**80},
    "a fraction for a seed": {"seed": 0.5},
    "words for a seed": {"seed": "5"},
    "a list for a prompt": {"prompt": ["a llama"]},
    "nothing for a prompt": {"prompt": None},
    "half a character": {"prompt": "\ud800"},
    "yes for hurry": {"hurry": "yes"},
    "a list for what is left out": {"without": ["a llama"]},
    "half a character for what is left out": {"without": "\ud800"},
}


def test_every_frame_of_somebody_who_draws_has_a_case() -> None:
    named = {kind: set(frame.__annotations__) - set(DRAW) for kind, frame in PICTURE_MESSAGES.items()}
    # A sketch is looked for among one's own only, see below.
    assert named == {"draw": {"sketch"}, "hurry": {"sketch"}, "leave": set(), "ping": set()}


def test_nobody_hurries_the_drawing_of_somebody_else(alice: Visitor, bob: Visitor, valkey: Valkey) -> None:
    begin(alice)
    begin(bob)
    sketch = str(uuid4())
    with alice.socket("/ws/imagine/") as hers, bob.socket("/ws/imagine/") as his:
        hers.say("draw", sketch=sketch, **DRAW)
        eventually(lambda: valkey.has(keys.slot(alice.person.id)))
        before = valkey.text(keys.slot(alice.person.id))
        his.say("hurry", sketch=sketch, number=DRAW["number"])
        assert answers(his) == []
        assert valkey.text(keys.slot(alice.person.id)) == before


@pytest.mark.parametrize("change", ODD_DRAWS.values(), ids=ODD_DRAWS.keys())
def test_a_prompt_that_no_page_sends_is_refused(alice: Visitor, valkey: Valkey, change: dict[str, Any]) -> None:
    begin(alice)
    with alice.socket("/ws/imagine/") as socket:
        socket.connection.send(json.dumps({"type": "draw", "sketch": str(uuid4()), **DRAW, **change}))
        assert [reply["type"] for reply in answers(socket)] == ["problem"]
    assert not valkey.has(keys.slot(alice.person.id))


def answers(socket: Socket) -> list[dict[str, Any]]:
    """What comes back, but for who draws."""
    return [reply for reply in replies(socket) if reply["type"] not in ("studio", "live")]


LONG = {
    "a prompt of 501 signs": "x" * 501,
    "a prompt of 100,000 signs": "x" * 100_000,
    "only control characters": "\x00\x07\x1b\x7f\u202e\u200b",
}


@pytest.mark.parametrize("prompt", LONG.values(), ids=LONG.keys())
def test_a_prompt_too_long_or_of_nothing_is_not_drawn(alice: Visitor, valkey: Valkey, prompt: str) -> None:
    begin(alice)
    with alice.socket("/ws/imagine/") as socket:
        socket.say("draw", sketch=uuid4(), **{**DRAW, "prompt": prompt})
        assert [reply["type"] for reply in answers(socket)] == ["refused"]
    assert not valkey.has(keys.slot(alice.person.id))


def test_a_prompt_of_a_megabyte_ends_its_socket_and_nobody_elses(alice: Visitor, bob: Visitor) -> None:
    begin(alice)
    begin(bob)
    with alice.socket("/ws/imagine/") as socket, bob.socket("/ws/imagine/") as other:
        with suppress(ConnectionClosed):
            socket.say("draw", sketch=uuid4(), **{**DRAW, "prompt": "x" * 1_000_000})
        assert closed_with(socket) in (TOO_BIG, CUT)
        assert answers(other) == []


def test_a_flood_of_prompts_ends_its_socket(alice: Visitor, valkey: Valkey) -> None:
    begin(alice)
    with alice.socket("/ws/imagine/") as socket:
        with suppress(ConnectionClosed):
            for number in range(1_000):
                socket.say("draw", sketch=uuid4(), **{**DRAW, "number": number})
        assert closed_with(socket) == TOO_MANY
    eventually(lambda: not valkey.has(keys.slot(alice.person.id)))


def test_so_many_prompts_are_drawn_and_no_more(eve: Visitor) -> None:
    with eve.socket("/ws/imagine/") as socket:
        for number in range(CONVERSATION_MESSAGES + 2):
            socket.say("draw", sketch=uuid4(), **{**DRAW, "number": number})
        refused = [reply for reply in answers(socket) if reply["type"] == "refused"]
    assert [(reply["number"], reply["code"]) for reply in refused] == [(4, "limited"), (5, "limited")]


def test_nobody_draws_into_or_leaves_anothers_sketch(alice: Visitor, bob: Visitor, valkey: Valkey) -> None:
    """Bob knows the id of Alice's sketch, and says what is hers to say."""
    begin(alice)
    begin(bob)
    sketch = uuid4()
    with alice.socket("/ws/imagine/") as mine, bob.socket("/ws/imagine/") as socket:
        mine.say("draw", sketch=sketch, **{**DRAW, "prompt": "a quiet llama"})
        answers(mine)
        kept = valkey_text(valkey, keys.slot(alice.person.id))
        assert "a quiet llama" in kept
        socket.say("draw", sketch=sketch, person=str(alice.person.id), **{**DRAW, "number": 9, "prompt": "a loud one"})
        socket.say("leave", sketch=str(sketch), person=str(alice.person.id))
        answers(socket)
        assert valkey_text(valkey, keys.slot(alice.person.id)) == kept
        assert "loud" not in str(replies(mine))
    before = rows(bob.person)
    for path in ("keep", "finish", "grow"):
        fields = {"sketch": str(sketch), "number": "1", "person": str(alice.person.id)}
        answer = bob.post(f"/imagine/{path}", fields, headers={"X-Fragment": "1"})
        assert answer.status_code in (400, 404)
    assert rows(bob.person) == before


def valkey_text(valkey: Valkey, key: str) -> str:
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        return str(client.get(key))


def test_a_visitor_who_is_nobody_opens_no_socket_and_is_made_no_guest_by_trying(site: Site) -> None:
    with Visitor(site, next_address()) as nobody:
        nobody.get("/imagine/")
        with nobody.socket("/ws/imagine/") as socket:
            assert closed_with(socket) == 4401
        assert not nobody.session_key


def test_other_sites_open_no_socket_that_draws(alice: Visitor) -> None:
    begin(alice)
    for origin in ("https://evil.example", "null", alice.site.url + ".evil.example"):
        with pytest.raises(InvalidStatus), alice.socket("/ws/imagine/", Origin=origin):
            pass


def test_stopping_again_and_again_changes_nothing_more(alice: Visitor) -> None:
    picture = draw(alice, status=Picture.Status.WAITING)
    assert [alice.post(f"/p/{picture.id}/stop").status_code for _ in range(5)] == [302] * 5
    picture.refresh_from_db()
    assert picture.status == Picture.Status.STOPPED


def test_lists_of_pictures_hold_only_ones_own(alice: Visitor, bob: Visitor) -> None:
    hers, his = draw(alice), draw(bob)
    for path in (
        "/imagine/gallery/",
        "/imagine/",
        "/imagine/gallery/?page=2",
        f"/imagine/gallery/?person={hers.person_id}",
    ):
        for headers in ({}, {"X-Fragment": "1"}):
            page = bob.get(path, headers=headers)
            assert page.status_code == 200
            assert str(hers.id) not in page.text
    assert str(his.id) in bob.get("/imagine/gallery/").text


def test_nothing_of_an_upload_stands_in_a_log(alice: Visitor) -> None:
    send(alice, b"zebra crossing", "zebra crossing.jpg")
    send(alice, encoded(gradient(), "jpeg"), "zebra crossing.jpg")
    assert "zebra crossing" not in alice.site.log
    assert str(Path(settings.PICTURE_FOLDER)) not in alice.get("/imagine/").text
