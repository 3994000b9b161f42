"""What members attach on the site: what it is told to be, who gets it, and what is refused."""

from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from assistant.models import Attachment, Message, Room, RoomFile
from imagine.models import Picture
from tests.people import Visitor
from tests.photographs import assert_clean, photograph
from tests.recordings import recording
from tests.servers import Painter
from tests.web.rooms.rooms import join, make

PDF = b"%PDF-1.4 huts"


@pytest.fixture
def room(alice: Visitor, bob: Visitor) -> Room:
    """A room of Ana and Bo."""
    made = make(alice)
    join(bob, made)
    return made


def photo(size: tuple[int, int] = (320, 240), *, noise: bool = False) -> bytes:
    image = Image.effect_noise(size, 90).convert("RGB") if noise else Image.new("RGB", size, "#33468f")
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def attach(visitor: Visitor, room: Room, data: bytes, name: str, mime: str = "", **fields: str) -> httpx.Response:
    file = (name, data, mime or "application/octet-stream")
    headers = {"X-Fragment": "1"}
    return visitor.post(f"/rooms/{room.pk}/attach/", fields, files={"file": file}, headers=headers)


def attached(visitor: Visitor, room: Room, data: bytes, name: str, mime: str = "", **fields: str) -> dict[str, Any]:
    response = attach(visitor, room, data, name, mime, **fields)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def say(visitor: Visitor, room: Room, text: str, *files: dict[str, Any]) -> Message:
    fields = {"text": text, "id": str(uuid4()), "attachments": [file["id"] for file in files]}
    response = visitor.post(f"/rooms/{room.pk}/messages", fields)
    assert response.status_code == 302, response.text
    message = room.events.filter(kind="said").order_by("number").last().message  # type: ignore[union-attr]
    assert message
    return message


def test_each_file_is_what_its_bytes_say(alice: Visitor, bob: Visitor, room: Room, painter: Painter) -> None:
    picture = attached(alice, room, photo(), "hut.txt", "text/plain")
    voice = attached(alice, room, recording("webm", 0.2), "voice.webm", "audio/webm")
    document = attached(alice, room, PDF, "Huts.pdf", "application/pdf")
    text = attached(alice, room, b"# Plan", "plan.md")
    message = say(alice, room, "All of it", picture, voice, document, text)
    assert Picture.objects.get(messages=message).made == "uploaded"
    assert {file.kind for file in message.room_files.all()} == {"audio", "document"}
    assert Attachment.objects.get(messages=message).name == "plan.md"
    shown = bob.get(f"/rooms/{room.pk}/").text
    for part in (f"pictures/{picture['id']}/picture.webp", f"files/{voice['id']}", "Huts.pdf", "plan.md"):
        assert part in shown
    assert bob.get(f"/rooms/{room.pk}/pictures/{picture['id']}/picture.jpg").status_code == 200


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_a_photograph_of_a_new_phone_is_a_picture_for_all(
    alice: Visitor, bob: Visitor, room: Room, painter: Painter, form: str
) -> None:
    picture = attached(alice, room, photograph(form=form), "hut", "video/mp4")
    say(alice, room, "Look", picture)
    assert_clean(bob.get(f"/rooms/{room.pk}/pictures/{picture['id']}/picture.jpg").content, side=2048)


def test_a_photograph_larger_than_a_text_may_be_is_taken(alice: Visitor, room: Room, painter: Painter) -> None:
    data = photo(size=(1600, 1200), noise=True)
    assert len(data) > 1024**2
    assert attached(alice, room, data, "hut.jpg", "image/jpeg")["name"] == "hut.jpg"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\0" + b"\0" * 80, "game.exe"),
        (b"PK\x03\x04AndroidManifest.xml" + b"\0" * 80, "game.docx"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 80, "hut.heic"),
        (b"%PDF-1.4" + b"x" * 16_000_000, "huts.pdf"),
        (b"x" * (1024**2 + 1), "long.txt"),
        (b"", "empty.txt"),
    ],
    ids=["program", "app", "heic", "large", "long", "empty"],
)
def test_other_files_are_refused_in_a_sentence(alice: Visitor, room: Room, data: bytes, name: str) -> None:
    response = attach(alice, room, data, name)
    assert response.status_code in (400, 413)
    assert response.json()["sentence"].endswith(".")
    assert not RoomFile.objects.filter(person=alice.person).exists()


def test_a_page_is_no_page_for_the_others(alice: Visitor, bob: Visitor, room: Room) -> None:
    """What a browser could carry out is a text, and is sent as one."""
    file = attached(alice, room, b"<script>alert(1)</script>", "a.html", "text/html")
    say(alice, room, "Look", file)
    response = bob.get(f"/attachments/{file['id']}/text")
    assert response.headers["content-type"].startswith("text/plain")


def test_nobody_sends_or_discards_the_file_of_another(alice: Visitor, bob: Visitor, room: Room) -> None:
    file = attached(alice, room, PDF, "Huts.pdf")
    fields = {"text": "Mine", "id": str(uuid4()), "attachments": file["id"]}
    assert bob.post(f"/rooms/{room.pk}/messages", fields).status_code == 400
    assert bob.post(f"/rooms/{room.pk}/attach/{file['id']}/discard").status_code == 404
    assert RoomFile.objects.filter(pk=UUID(file["id"])).exists()
    assert alice.post(f"/rooms/{room.pk}/attach/{file['id']}/discard").status_code == 204
    assert not RoomFile.objects.filter(pk=UUID(file["id"])).exists()


def test_a_socket_sends_them_too(alice: Visitor, bob: Visitor, room: Room) -> None:
    file = attached(alice, room, PDF, "Huts.pdf")
    with alice.socket("/ws/room/") as hers, bob.socket("/ws/room/") as his:
        for socket in (hers, his):
            socket.say("enter", room=room.pk, after=0)
            socket.hear_until("entered")
        hers.say("say", id=uuid4(), text="", attachments=[file["id"]])
        hers.hear_until("said")
        while (event := his.hear_until("event"))["kind"] != "said":
            pass
    assert f"files/{file['id']}" in event["html"]
