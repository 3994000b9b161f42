"""A person's own data: what is kept, taking it along, and erasing it."""

import asyncio
import json
import logging
import tempfile
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from assistant import people
from assistant.models import Person
from assistant.runs.forget import forget

logger = logging.getLogger(__name__)

PIECE = 64 * 1024


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
        with archive.open("conversations.json", "w", force_zip64=True) as entry:
            for text in people.conversations_json(person):
                entry.write(text.encode())
    file.seek(0)
    return file


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
