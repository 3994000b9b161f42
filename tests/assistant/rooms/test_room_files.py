"""Files that members of a room send: which are kept, for whom, and until when."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from assistant.errors import (
    AssistantError,
    AttachmentGoneError,
    AttachmentQuotaError,
    EmptyTextError,
    FileTooLargeError,
    NotFoundError,
    UnknownFileError,
    UnreadableAudioError,
)
from assistant.models import Message, Person, Room, RoomFile
from assistant.rooms import events, files, membership, talk
from assistant.rooms.talk import Words
from imagine.models import Picture
from tests.recordings import recording

Kind = RoomFile.Kind
PDF = b"%PDF-1.4 huts"
DOCX = b"PK\x03\x04....[Content_Types].xml...."


@pytest.fixture
def ana() -> Person:
    return people.make_guest()


@pytest.fixture
def room(ana: Person) -> Room:
    return membership.make(ana, "Ana", "Ski trip")


def send(person: Person, room: Room, *sent: RoomFile, text: str = "") -> Message:
    words = Words(text, uuid4(), things=[one.pk for one in sent])
    message = talk.say(person, room.pk, words).event.message
    assert message
    return message


def exists(file: RoomFile) -> bool:
    return storages["room_files"].exists(f"{file.pk.hex[:2]}/{file.pk}")


def test_a_voice_note_is_read_by_those_who_may_read_its_message(ana: Person, room: Room) -> None:
    voice = recording("ogg", 1)
    kept = files.keep(ana, "../../etc/passwd", voice, Kind.AUDIO)
    assert (kept.name, kept.content_type, kept.size) == ("voice.ogg", "audio/ogg", len(voice))
    bo, stranger = people.make_guest(), people.make_guest()
    membership.join(bo, room.token or "", "Bo")
    member = events.membership(bo, room.pk)
    with pytest.raises(NotFoundError):
        files.own(member, kept.pk)
    send(ana, room, kept)
    assert files.load(files.own(member, kept.pk)) == voice
    membership.join(stranger, room.token or "", "Cy")
    with pytest.raises(NotFoundError):
        files.own(events.membership(stranger, room.pk), kept.pk)


@pytest.mark.parametrize(
    ("name", "data", "kind", "expected"),
    [
        ("Huts.PDF", PDF, Kind.DOCUMENT, ("Huts.pdf", "application/pdf")),
        ("bill.pdf.exe", PDF, Kind.DOCUMENT, ("bill.pdf.pdf", "application/pdf")),
        ("", PDF, Kind.DOCUMENT, ("document.pdf", "application/pdf")),
        ("a/b\u202e.docx", DOCX, Kind.DOCUMENT, ("b.docx", files.PACKED["docx"])),
        ("x.mov", b"\0\0\0\x18ftypmp42" + b"\0" * 60, Kind.VIDEO, ("x.mp4", "video/mp4")),
    ],
)
def test_what_a_file_is_its_bytes_tell(
    ana: Person, name: str, data: bytes, kind: RoomFile.Kind, expected: tuple[str, str]
) -> None:
    kept = files.keep(ana, name, data, kind)
    assert (kept.name, kept.content_type) == expected


@pytest.mark.parametrize(
    ("name", "data", "kind", "error"),
    [
        ("a.exe", b"MZ\x90\0", Kind.DOCUMENT, UnknownFileError),
        ("a.html", b"<script>alert(1)</script>", Kind.DOCUMENT, UnknownFileError),
        ("a.svg", b"<svg onload='alert(1)'/>", Kind.DOCUMENT, UnknownFileError),
        ("a.zip", DOCX, Kind.DOCUMENT, UnknownFileError),
        ("a.docm", DOCX, Kind.DOCUMENT, UnknownFileError),
        ("a.docx", DOCX + b"word/vbaProject.bin", Kind.DOCUMENT, UnknownFileError),
        ("a.docx", b"PK\x03\x04AndroidManifest.xml", Kind.DOCUMENT, UnknownFileError),
        ("a.mp4", b"<html>", Kind.VIDEO, UnknownFileError),
        ("a.mp4", b"\0\0\0\x18ftypheic" + b"\0" * 60, Kind.VIDEO, UnknownFileError),
        ("a.m4a", b"\0\0\0\x18ftypheic" + b"\0" * 60, Kind.AUDIO, UnknownFileError),
        ("a.ogg", b"<html>", Kind.AUDIO, UnreadableAudioError),
        ("a.pdf", PDF + b"x" * files.MOST_BYTES, Kind.DOCUMENT, FileTooLargeError),
    ],
)
def test_other_files_are_not_kept(
    ana: Person, name: str, data: bytes, kind: RoomFile.Kind, error: type[AssistantError]
) -> None:
    with pytest.raises(error):
        files.keep(ana, name, data, kind)
    assert not ana.room_files.exists()


def test_one_person_fills_no_disk(ana: Person, settings: Settings) -> None:
    settings.ROOM_FILE_BYTES_PER_PERSON = 2 * len(PDF)
    for _ in range(2):
        files.keep(ana, "a.pdf", PDF, Kind.DOCUMENT)
    with pytest.raises(AttachmentQuotaError):
        files.keep(ana, "a.pdf", PDF, Kind.DOCUMENT)
    files.keep(people.make_guest(), "a.pdf", PDF, Kind.DOCUMENT)


def test_nobody_sends_the_file_of_another_or_one_twice(ana: Person, room: Room) -> None:
    theirs, mine = (files.keep(person, "a.pdf", PDF, Kind.DOCUMENT) for person in (people.make_guest(), ana))
    with pytest.raises(AttachmentGoneError):
        send(ana, room, theirs)
    send(ana, room, mine)
    with pytest.raises(AttachmentGoneError):
        send(ana, room, mine)
    with pytest.raises(EmptyTextError):
        send(ana, room)


def test_the_bytes_go_with_the_message_and_with_its_room(ana: Person, room: Room) -> None:
    first, second, waiting = (files.keep(ana, "a.pdf", PDF, Kind.DOCUMENT) for _ in range(3))
    message = send(ana, room, first)
    send(ana, room, second)
    talk.unsay(ana, message.pk)
    assert [exists(one) for one in (first, second, waiting)] == [False, True, True]
    membership.end(ana, room.pk)
    assert [exists(one) for one in (second, waiting)] == [False, True]
    files.expire(timezone.now() - timedelta(hours=1))
    assert exists(waiting)
    assert files.expire(timezone.now())
    assert not exists(waiting)


def test_forwarded_words_call_nobody(ana: Person, room: Room) -> None:
    said = talk.say(ana, room.pk, Words("Forwarded:\n@chaski when?", uuid4(), forwarded=True))
    assert said.run is None
    assert talk.say(ana, room.pk, Words("@chaski when?", uuid4())).run


def picture(person: Person, made: str) -> Picture:
    return Picture.objects.create(person=person, made=made, status="done")


def test_pictures_that_were_sent_go_with_the_message_and_with_its_room_and_drawn_ones_stay(
    ana: Person, room: Room
) -> None:
    sent, later, drawn = picture(ana, "uploaded"), picture(ana, "uploaded"), picture(ana, "drawn")
    words = Words("", uuid4(), pictures=[sent.pk, drawn.pk])
    message = talk.say(ana, room.pk, words).event.message
    assert message
    talk.say(ana, room.pk, Words("", uuid4(), pictures=[later.pk]))
    talk.unsay(ana, message.pk)
    assert set(Picture.objects.filter(person=ana)) == {later, drawn}
    # The last one to leave ends it.
    membership.leave(ana, room.pk)
    assert set(Picture.objects.filter(person=ana)) == {drawn}


def test_a_picture_of_another_is_not_sent(ana: Person, room: Room) -> None:
    theirs = picture(people.make_guest(), "drawn")
    with pytest.raises(AttachmentGoneError):
        talk.say(ana, room.pk, Words("", uuid4(), pictures=[theirs.pk]))
