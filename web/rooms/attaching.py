"""What members attach to what they say on the site: texts, pictures, voice notes, videos, documents."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from assistant import agreement, attachments, text_files
from assistant.database import in_thread
from assistant.errors import (
    AssistantError,
    FileError,
    FileTooLargeError,
    TooManyAttachmentsError,
    UnknownFileError,
    UnreadableAudioError,
)
from assistant.models import Attachment, Person, RoomFile
from assistant.rooms import events, files
from imagine import jobs
from imagine.errors import ERRORS, ImagineError
from imagine.models import Picture
from imagine.status import read_status
from integrations import drawing
from web.accounts.identity import known_person
from web.addresses import address_block
from web.chat.attachments import decode, keep, named_files
from web.chat.file_view import size_words
from web.http import error_json, missing_as_404, redis_as_unavailable
from web.pictures.uploads import keep_upload
from web.process import current_process

Kind = RoomFile.Kind
# A picture that waits longer for the painter is refused.
PICTURE_SECONDS = 60
HEAD_BYTES = 64
# How files begin that are no text, though they may hold no zero so early.
BINARY = (b"%PDF-", b"PK", b"OggS", b"ID3", b"fLaC", b"RIFF", b"#!AMR", b"\xff\xf1", b"\xff\xf9", b"\xff\xfb")


class Attached(NamedTuple):
    """One file that is kept for a message: what the page shows of it."""

    id: UUID
    name: str
    size: int


class Sorted(NamedTuple):
    """What a message comes with, by kind."""

    files: list[UUID]
    things: list[UUID]
    pictures: list[UUID]


@require_POST
async def attach_in_room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Keep one file for the message that will name it."""
    try:
        with missing_as_404():
            person = await known_person(request)
            await in_thread(events.membership)(person, room_id)
        kept = await keep_file(request, person, request.FILES.get("file"), request.POST.get("pasted") == "1")
    except (AssistantError, ImagineError) as error:
        return error_json(error)
    short = text_files.shortened(kept.name, text_files.SHORT_NAME)
    fields = {"id": str(kept.id), "name": kept.name, "short": short, "size": size_words(kept.size)}
    return JsonResponse(fields, status=201)


@require_POST
async def discard_in_room(request: HttpRequest, room_id: UUID, file_id: UUID) -> HttpResponse:
    """Delete a file that came with no message yet. Pictures stay among the person's own."""
    with missing_as_404():
        person = await known_person(request)
        await in_thread(_discard)(person, room_id, file_id)
    return HttpResponse(status=204)


async def take(request: HttpRequest, person: Person) -> Sorted:
    """What a form names, and what it carries where no script runs. Raises AssistantError, ImagineError."""
    ids, carried = list(named_files(request)), request.FILES.getlist("files")
    if len(ids) + len(carried) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    ids += [(await keep_file(request, person, file)).id for file in carried]
    request.kept_files = ids  # type: ignore[attr-defined]
    return await in_thread(sort)(person, ids)


def sort(person: Person, ids: Sequence[UUID]) -> Sorted:
    """Files of the person's by kind. Any other is left among the texts, and refused with them."""
    things = set(RoomFile.objects.filter(person=person, pk__in=ids).values_list("pk", flat=True))
    pictures = set(Picture.objects.filter(person=person, pk__in=ids).values_list("pk", flat=True))
    texts = [one for one in ids if one not in things and one not in pictures]
    return Sorted(texts, [one for one in ids if one in things], [one for one in ids if one in pictures])


async def keep_file(request: HttpRequest, person: Person, file: object, pasted: bool = False) -> Attached:
    """Keep a file of a form as what its bytes say it is. Raises AssistantError, ImagineError."""
    if not isinstance(file, UploadedFile):
        raise FileError("no file")
    size = file.size or 0
    if size > files.MOST_BYTES:
        raise FileTooLargeError(f"{size} bytes")
    head = await asyncio.to_thread(file.read, HEAD_BYTES)
    await asyncio.to_thread(file.seek, 0)
    if text_files.is_picture(head):
        return await _picture(person, address_block(request), file)
    if b"\x00" in head or head.startswith(BINARY):
        return await _thing(request, person, file)
    text = await asyncio.to_thread(decode, file)
    kept: Attachment = await keep(request, person, "" if pasted else text_files.clean_name(file.name or ""), text)
    return Attached(kept.id, kept.name or text_files.UNNAMED, kept.size)


async def _picture(person: Person, address: str, file: "UploadedFile[bytes]") -> Attached:
    await agreement.check(person)
    runtime = current_process().runtime
    with redis_as_unavailable():
        error = (await read_status(runtime.redis)).error()
    if error:
        raise error
    await runtime.limits.count_use(settings.LIMIT_PERSON_UPLOADS, "upload", person, address)
    picture = await keep_upload(person.id, file)
    await drawing.finished(runtime, picture, PICTURE_SECONDS)
    done = await in_thread(Picture.objects.filter(id=picture.id).first)()
    if done is None or done.status != Picture.Status.DONE:
        raise ERRORS.get(done.problem if done else "", ImagineError)(f"picture {picture.id} was not kept")
    return Attached(done.id, text_files.clean_name(file.name or ""), file.size or 0)


async def _thing(request: HttpRequest, person: Person, file: "UploadedFile[bytes]") -> Attached:
    await current_process().runtime.limits.count_attachment(person, address_block(request))
    data = await asyncio.to_thread(file.read)
    recording = Kind.VIDEO if (file.content_type or "").startswith("video/") else Kind.AUDIO
    for kind in (Kind.DOCUMENT, recording):
        with suppress(UnknownFileError, UnreadableAudioError):
            kept = await in_thread(files.keep)(person, file.name or "", data, kind)
            return Attached(kept.pk, kept.name, kept.size)
    raise UnknownFileError(f"{len(data)} bytes that begin with {data[:8]!r}")


def _discard(person: Person, room_id: UUID, file_id: UUID) -> None:
    events.membership(person, room_id)
    if Picture.objects.filter(person=person, pk=file_id, made=Picture.Made.UPLOADED, messages=None).exists():
        jobs.delete(person.id, file_id)
        return
    deleted, _rows = RoomFile.objects.filter(person=person, message=None, pk=file_id).delete()
    if not deleted:
        attachments.discard(person, file_id)
