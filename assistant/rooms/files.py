"""Voice notes, videos and documents that members of a room send: kept as they came, claimed by a message.

What a file is, its bytes tell, never its name or a type that came along; only kinds in this list are kept. Pictures are
decoded and drawn anew instead, see imagine/files/uploads.py, and texts are attachments. All is synchronous.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Sum
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from assistant import text_files
from assistant.audio import read_audio
from assistant.errors import (
    AttachmentGoneError,
    AttachmentQuotaError,
    FileTooLargeError,
    NotFoundError,
    TooManyAttachmentsError,
    UnknownFileError,
)
from assistant.models import Member, Message, Person, Room, RoomFile
from assistant.rooms.events import readable
from imagine.files.containers import heif
from imagine.models import Picture

Kind = RoomFile.Kind
# What every app takes of a video or a voice note.
MOST_BYTES = 16_000_000
NAME_CHARACTERS = 100

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"
# Packed documents, by the ending of their name, as the bytes of all of them begin like any archive's.
PACKED = {
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "pptx": f"{OFFICE}.presentationml.presentation",
    "odt": f"{OPEN}.text",
    "ods": f"{OPEN}.spreadsheet",
    "odp": f"{OPEN}.presentation",
}
# Documents of either kind name what they hold in such a file; programs in them have a file of their own.
CONTENTS, PROGRAMS = (b"[Content_Types].xml", b"mimetype"), (b"vbaProject.bin", b"Basic/script-lc.xml")


class Known(NamedTuple):
    """What a file is: its kind, its type, and the ending of its name."""

    kind: RoomFile.Kind
    content_type: str
    ending: str


def keep(person: Person, name: str, data: bytes, kind: RoomFile.Kind) -> RoomFile:
    """Keep a file for a message to come. Raises UnknownFileError, FileTooLargeError, AttachmentQuotaError, SpeechError
    (for a recording that is too long or none), NotFoundError for somebody who was erased meanwhile, OSError."""
    if len(data) > MOST_BYTES:
        raise FileTooLargeError(f"{len(data)} bytes")
    known = known_as(data, name, kind)
    with transaction.atomic():
        if not Person.objects.select_for_update(no_key=True).filter(pk=person.pk).exists():
            raise NotFoundError
        used = person.room_files.aggregate(used=Sum("size"))["used"] or 0
        if used + len(data) > settings.ROOM_FILE_BYTES_PER_PERSON:
            raise AttachmentQuotaError(f"{used} bytes are kept, {len(data)} more do not fit")
        file = RoomFile.objects.create(
            person=person,
            kind=known.kind,
            name=_name(name, known),
            content_type=known.content_type,
            size=len(data),
        )
        storages["room_files"].save(_path(file.pk), ContentFile(data))
    return file


def known_as(data: bytes, name: str, kind: RoomFile.Kind) -> Known:
    """What a file is that came as `kind`. Raises UnknownFileError, SpeechError."""
    # It looks like a video by its first bytes.
    boxed_picture = heif.form_of(data) is not None
    match kind:
        case Kind.AUDIO if not boxed_picture:
            audio = read_audio(data)
            return Known(Kind.AUDIO, audio.content_type, audio.name.rpartition(".")[2])
        case Kind.VIDEO if data[4:8] == b"ftyp" and not boxed_picture:
            return Known(Kind.VIDEO, "video/mp4", "mp4")
        case Kind.DOCUMENT if data.startswith(b"%PDF-"):
            return Known(Kind.DOCUMENT, "application/pdf", "pdf")
        case Kind.DOCUMENT if data.startswith(b"PK\x03\x04") and any(mark in data for mark in CONTENTS):
            ending = name.rpartition(".")[2].lower()
            if ending in PACKED and not any(mark in data for mark in PROGRAMS):
                return Known(Kind.DOCUMENT, PACKED[ending], ending)
    raise UnknownFileError(f"{len(data)} bytes that begin with {data[:8]!r} are no {kind} of a known kind")


def own(member: Member, file_id: UUID) -> RoomFile:
    """A file that came with a message which the member may read. Raises NotFoundError for any other."""
    found = RoomFile.objects.filter(pk=file_id, message__in=readable(member)).first()
    if found is None:
        raise NotFoundError
    return found


def load(file: RoomFile) -> bytes:
    """Its bytes. Raises FileNotFoundError."""
    with reader(file) as opened:
        data: bytes = opened.read()
    return data


def reader(file: RoomFile) -> "File[bytes]":
    """It, open for reading. Raises FileNotFoundError."""
    return storages["room_files"].open(_path(file.pk))


def claimable(person: Person, ids: Iterable[UUID]) -> list[RoomFile]:
    """The files that a message of `person` may come with: theirs that wait. The caller holds the person's quota.

    Raises AttachmentGoneError for any other, TooManyAttachmentsError.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    found = RoomFile.objects.filter(person=person, message=None).in_bulk(wanted) if wanted else {}
    if len(found) < len(wanted):
        raise AttachmentGoneError
    return [found[one] for one in wanted]


def claim(files: Sequence[RoomFile], message: Message) -> None:
    """Make `files` part of a message."""
    RoomFile.objects.filter(pk__in=[file.pk for file in files]).update(message=message)


def expire(before: datetime) -> int:
    """Delete those that were sent before a time and came with no message. Returns their number."""
    _rows, deleted = RoomFile.objects.filter(message=None, created_at__lt=before).delete()
    return deleted.get(RoomFile._meta.label, 0)


@receiver(post_delete, sender=RoomFile)
def delete_with_row(instance: RoomFile, **_more: object) -> None:
    """Delete the bytes with the row, also where it goes by a cascade."""
    path = _path(instance.pk)
    transaction.on_commit(lambda: storages["room_files"].delete(path))


def discard_pictures(message: Message) -> None:
    """Delete the pictures that somebody only sent with a message, which is about to go. What was drawn is theirs."""
    elsewhere = Message.objects.exclude(pk=message.pk)
    sent = message.pictures.filter(made=Picture.Made.UPLOADED, person=message.author)
    Picture.objects.filter(pk__in=list(sent.exclude(messages__in=elsewhere).values_list("pk", flat=True))).delete()


@receiver(pre_delete, sender=Room)
def delete_with_room(instance: Room, **_more: object) -> None:
    """Delete the pictures that were sent in a room with it."""
    sent = Picture.objects.filter(made=Picture.Made.UPLOADED, messages__conversation=instance.pk)
    elsewhere = Message.objects.exclude(conversation=instance.pk)
    Picture.objects.filter(pk__in=list(sent.exclude(messages__in=elsewhere).values_list("pk", flat=True))).delete()


def _name(name: str, known: Known) -> str:
    """A name without surprises, whose ending is that of its kind."""
    if known.kind == Kind.AUDIO:
        return f"voice.{known.ending}"
    stem = text_files.clean_name(name).rpartition(".")[0] if name.strip() else ""
    return f"{text_files.shortened(stem or str(known.kind), NAME_CHARACTERS)}.{known.ending}"


def _path(file_id: UUID) -> str:
    return f"{file_id.hex[:2]}/{file_id}"
