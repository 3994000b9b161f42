"""Text files that people attach: taken, shown, downloaded, discarded."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from assistant import attachments, text_files
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
from assistant.models import Attachment, Person, Room
from assistant.rooms.events import membership, readable
from web.accounts.identity import person_or_404, visitor
from web.addresses import address_block
from web.chat.file_view import FileView
from web.http import done, error_json, error_page, is_fragment, missing_as_404
from web.process import current_process

# Beside the database's threads, as a large file takes a while to decode.
decoders = ThreadPoolExecutor(2, thread_name_prefix="decoder")


@require_POST
async def attach(request: HttpRequest) -> HttpResponse:
    """Keep one text file for the message that will name it. A visitor becomes a guest."""
    try:
        name, text = await read_file(request.FILES.get("file"))
        if request.POST.get("pasted") == "1":
            name = ""
        kept = await keep(request, await visitor(request), name, text)
    except AssistantError as error:
        return error_json(error) if is_fragment(request) else await in_thread(error_page)(request, error)
    shown = FileView(kept)
    if not is_fragment(request):
        return redirect("attachment", kept.id)
    fields = {"id": str(kept.id), "name": shown.name, "short": shown.short_name, "size": shown.size}
    return JsonResponse(fields, status=201)


@require_safe
def attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """A page with the text of one file."""
    found = own_or_404(request, attachment_id)
    return render(request, "attachment.html", {"file": FileView(found), "text": found.text})


@require_safe
def attachment_text(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """The text alone, to download or for a script: never as something that a browser would carry out."""
    found = own_or_404(request, attachment_id)
    name = found.name or f"{slugify(FileView(found).name) or 'text'}.txt"
    return HttpResponse(
        found.text,
        content_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@require_POST
def discard_attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """Delete a file that came with no message yet."""
    with missing_as_404():
        attachments.discard(person_or_404(request), attachment_id)
    return done(request, "start")


async def take_files(request: HttpRequest, person: Person) -> list[UUID]:
    """The attachments that a form names, and those that it carries where no script runs.

    Raises FileError, LimitedError, LogUnavailableError.
    """
    ids = named_files(request)
    files = request.FILES.getlist("files")
    if len(ids) + len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    texts = [await read_file(file) for file in files]
    return [*ids, *[(await keep(request, person, name, text)).id for name, text in texts]]


def named_files(request: HttpRequest) -> Sequence[UUID]:
    """The attachments that a form names. Raises AttachmentGoneError."""
    try:
        return [UUID(text) for text in request.POST.getlist("attachments")]
    except ValueError as error:
        raise AttachmentGoneError("no id of an attachment") from error


def has_files(request: HttpRequest) -> bool:
    """Whether a form names or carries files."""
    return bool(request.POST.getlist("attachments") or request.FILES.getlist("files"))


async def read_file(file: object) -> tuple[str, str]:
    """The clean name and the text of a file in a form. Raises FileError."""
    if not isinstance(file, UploadedFile):
        raise FileError("no file")
    text = await asyncio.get_running_loop().run_in_executor(decoders, decode, file)
    return text_files.clean_name(file.name or ""), text


def decode(file: "UploadedFile[bytes]") -> str:
    """The text of a file. Raises FileError."""
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
    path("attachments/<uuid:attachment_id>/text", attachment_text, name="attachment_text"),
    path("attachments/<uuid:attachment_id>/discard", discard_attachment, name="discard_attachment"),
]
