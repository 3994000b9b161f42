"""Text files and pictures that people attach: taken, shown, downloaded, discarded."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from assistant import attachments, text_files, vision
from assistant.attachments import own
from assistant.database import in_thread
from assistant.errors import (
    AssistantError,
    AttachmentGoneError,
    FileError,
    FileTooLargeError,
    NotFoundError,
    TooManyAttachmentsError,
)
from assistant.models import AttachedPicture, Attachment, Person, Room
from assistant.rooms.events import membership, readable
from imagine.files.decoder import Decoded, decoders
from web.accounts.identity import person_or_404, visitor
from web.addresses import address_block
from web.chat.file_view import FileView
from web.http import done, error_json, error_page, is_fragment, missing_as_404
from web.process import current_process

# Beside the database's threads, as a large file takes a while to read.
readers = ThreadPoolExecutor(2, thread_name_prefix="reader")
HEAD_BYTES = 64
# Nothing that comes from people runs in a browser, whatever it is taken for.
SANDBOX = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@require_POST
async def attach(request: HttpRequest) -> HttpResponse:
    """Keep one file for the message that will name it. A visitor becomes a guest."""
    try:
        kept = await keep_file(request, request.FILES.get("file"), is_pasted=request.POST.get("pasted") == "1")
    except AssistantError as error:
        return error_json(error) if is_fragment(request) else await in_thread(error_page)(request, error)
    shown = FileView(kept)
    if not is_fragment(request):
        return redirect("attachment", kept.id)
    fields = {"id": str(kept.id), "name": shown.name, "short": shown.short_name, "size": shown.size}
    return JsonResponse({**fields, "picture": shown.picture}, status=201)


@require_safe
def attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """A page with the text of one file, or with the picture."""
    found = own_or_404(request, attachment_id)
    return render(request, "attachment.html", {"file": FileView(found), "text": found.text})


@require_safe
def attachment_text(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """The text alone, to download or for a script: never as something that a browser would carry out."""
    found = own_or_404(request, attachment_id)
    if found.is_picture:
        raise Http404
    name = found.name or f"{slugify(FileView(found).name) or 'text'}.txt"
    return HttpResponse(
        found.text,
        content_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "Cache-Control": "private, no-store",
            **SANDBOX,
        },
    )


@require_safe
def attachment_picture(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """The picture alone: a JPEG of our making."""
    found = own_or_404(request, attachment_id)
    picture = AttachedPicture.objects.filter(attachment=found).first()
    if picture is None:
        raise Http404
    headers = {"Content-Disposition": 'inline; filename="picture.jpg"', "Cache-Control": "private, no-store", **SANDBOX}
    return HttpResponse(bytes(picture.data), content_type="image/jpeg", headers=headers)


@require_POST
def discard_attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """Delete a file that came with no message yet."""
    with missing_as_404():
        attachments.discard(person_or_404(request), attachment_id)
    return done(request, "start")


async def take_files(request: HttpRequest) -> list[UUID]:
    """The attachments that a form names, and those that it carries where no script runs.

    Raises FileError, LimitedError, LogUnavailableError.
    """
    ids = named_files(request)
    files = request.FILES.getlist("files")
    if len(ids) + len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    kept = [*ids, *[(await keep_file(request, file)).id for file in files]]
    # For a card that sends the form once more: it cannot send files.
    request.kept_files = kept  # type: ignore[attr-defined]
    return kept


def named_files(request: HttpRequest) -> Sequence[UUID]:
    """The attachments that a form names. Raises AttachmentGoneError."""
    try:
        return [UUID(text) for text in request.POST.getlist("attachments")]
    except ValueError as error:
        raise AttachmentGoneError("no id of an attachment") from error


def has_files(request: HttpRequest) -> bool:
    """Whether a form names or carries files."""
    return bool(request.POST.getlist("attachments") or request.FILES.getlist("files"))


async def keep_file(request: HttpRequest, file: object, *, is_pasted: bool = False) -> Attachment:
    """Keep a file of a form. A visitor becomes a guest: for a picture first, as to decode one is work that is counted.

    Raises FileError, LimitedError, LogUnavailableError.
    """
    if not isinstance(file, UploadedFile):
        raise FileError("no file")
    in_thread_of = asyncio.get_running_loop().run_in_executor
    name = "" if is_pasted else text_files.clean_name(file.name or "")
    head = await in_thread_of(readers, file.read, HEAD_BYTES)
    if vision.is_on() and vision.is_meant_as_picture(head, file.name or "", file.content_type or ""):
        person = await visitor(request)
        limits, address = current_process().runtime.limits, address_block(request)
        await limits.count_use(settings.LIMIT_PERSON_UPLOADS, "upload", person, address)
        await limits.count_attachment(person, address)
        picture = await in_thread_of(decoders, decode_picture, file)
        return await in_thread(attachments.keep_picture)(person, name, picture)
    text = await in_thread_of(readers, decode, file)
    return await keep(request, await visitor(request), name, text)


def decode_picture(file: "UploadedFile[bytes]") -> Decoded:
    """The picture in a file, as it is kept. Raises FileError."""
    file.seek(0)
    return vision.read_picture(file.read(settings.UPLOAD_BYTES + 1))


def decode(file: "UploadedFile[bytes]") -> str:
    """The text of a file. Raises FileError."""
    file.seek(0)
    data = file.read(settings.ATTACHMENT_BYTES + 1)
    if len(data) > settings.ATTACHMENT_BYTES:
        raise FileTooLargeError(f"more than {settings.ATTACHMENT_BYTES} bytes")
    return text_files.read_text(data)


async def keep(request: HttpRequest, person: Person, name: str, text: str) -> Attachment:
    """Keep a file of the person's, within the limits. Raises FileError, LimitedError, LogUnavailableError."""
    limits = current_process().runtime.limits
    await limits.count_attachment(person, address_block(request))
    return await in_thread(attachments.keep)(person, name, text)


def own_or_404(request: HttpRequest, attachment_id: UUID) -> Attachment:
    """One that the person may read, or the same 404 as for one that does not exist."""
    person = person_or_404(request)
    with missing_as_404():
        found = own(person, attachment_id)
        # In a room, those of messages that they may read.
        room = found.conversation_id
        if room and Room.objects.filter(pk=room).exists():
            member = membership(person, room)
            if not readable(member).filter(attachments=found).exists():
                raise NotFoundError
    return found


urlpatterns = [
    path("attachments/", attach, name="attach"),
    path("attachments/<uuid:attachment_id>/", attachment, name="attachment"),
    path("attachments/<uuid:attachment_id>/picture", attachment_picture, name="attachment_picture"),
    path("attachments/<uuid:attachment_id>/text", attachment_text, name="attachment_text"),
    path("attachments/<uuid:attachment_id>/discard", discard_attachment, name="discard_attachment"),
]
