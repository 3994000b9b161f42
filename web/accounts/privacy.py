"""A person's own data: what is kept, taking it along, and erasing it."""

import asyncio
import json
import logging
import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assistant import people
from assistant.models import Person
from assistant.runs.forget import forget
from imagine import jobs
from imagine.files import storage
from imagine.models import Picture

logger = logging.getLogger(__name__)

PIECE = 64 * 1024
CHUNK = 200


@require_safe
def you(request: HttpRequest) -> HttpResponse:
    """What is kept about the visitor."""
    person = request.user
    if not person.is_authenticated:
        return render(request, "you/nobody.html")
    ends = person.last_seen_at + timedelta(days=settings.GUEST_DAYS) if person.is_guest else None
    return render(request, "you/you.html", {"person": person, "counts": people.counts(person), "ends": ends})


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything kept about the person, as a ZIP."""
    if not request.user.is_authenticated:
        return redirect("you")
    response = StreamingHttpResponse(_pieces(_archive(request.user)), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="export.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


def _archive(person: Person) -> IO[bytes]:
    """The ZIP in a file on disk without a name, ready to be read."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("profile.json", json.dumps(people.profile(person), ensure_ascii=False, indent=1))
        _write_json(archive, "conversations.json", people.conversations_json(person))
        _write_json(archive, "pictures.json", people.pictures_json(person))
        for picture in Picture.objects.filter(person=person, status=Picture.Status.DONE).iterator(CHUNK):
            _write_picture(archive, picture)
    file.seek(0)
    return file


def _write_json(archive: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as entry:
        for text in pieces:
            entry.write(text.encode())


def _write_picture(archive: zipfile.ZipFile, picture: Picture) -> None:
    """The picture in its best form; nothing where its file is missing."""
    name = "loop.mp4" if picture.moves else "picture.png"
    try:
        reader = storage.reader(picture.id, name)
    except FileNotFoundError:
        logger.warning("picture %s has no file to take along", picture.id)
        return
    # As it is: a picture's file is packed already.
    entry = zipfile.ZipInfo(f"pictures/{picture.id}/{name}", timezone.localtime(picture.created_at).timetuple()[:6])
    with reader, archive.open(entry, "w", force_zip64=True) as copy:
        shutil.copyfileobj(reader, copy, PIECE)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Ask once more, then erase everything about the person and sign them out."""
    person = request.user
    if not person.is_authenticated:
        return redirect("erased")
    if request.POST.get("sure") != "yes":
        return render(request, "you/erase.html", {"counts": people.counts(person)})
    forget(people.erase(person))
    jobs.forget(person.pk)
    logger.info("a person was erased", extra={"person": str(person.pk)})
    logout(request)
    return _leave()


def _leave() -> HttpResponse:
    """To the last page, leaving nothing in the browser: no cookie, no draft, no cached page."""
    response = redirect("erased")
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages"):
        response.delete_cookie(name)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return render(request, "you/erased.html")


urlpatterns = [
    path("you/", you, name="you"),
    path("you/export", export, name="export"),
    path("you/erase", erase, name="erase"),
    path("you/erased", erased, name="erased"),
]
