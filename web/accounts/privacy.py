"""The pages about a person's data: overview, export, erasure."""

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assistant import memories, people, shares, traces
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Person
from assistant.rooms import records as rooms
from integrations import doors
from web.accounts.export import archive
from web.accounts.identity import signed_in
from web.addresses import address_block
from web.http import error_page, status_of
from web.process import current_process

logger = logging.getLogger(__name__)


@require_safe
def you(request: HttpRequest) -> HttpResponse:
    """The overview of what is kept about the visitor."""
    return overview(request)


def overview(
    request: HttpRequest, instructions: str | None = None, sentence: str = "", status: int = 200
) -> HttpResponse:
    """The page, with instructions as they were typed and what was wrong with them."""
    person = request.user
    if not person.is_authenticated:
        return render(request, "you/nobody.html", {"has_apps": doors.are_open()})
    context = {
        "person": person,
        "counts": counts(person),
        "has_apps": doors.are_open() or person.contacts.exists(),
        "ends": person.last_seen_at + timedelta(days=settings.GUEST_DAYS) if person.is_guest else None,
        "may_instruct": people.may_instruct(person),
        "instructions": person.instructions if instructions is None else instructions,
        "instructions_characters": settings.INSTRUCTIONS_CHARACTERS,
        "sentence": sentence,
        "may_remember": memories.may_remember(person),
        "memory_is_on": memories.is_on(person),
        "has_keys": settings.API_KEYS and not person.is_guest,
        "shares": shares.all_of(person),
    }
    return render(request, "you/you.html", context, status=status)


def counts(person: Person) -> dict[str, int]:
    """How much is kept about the person."""
    return people.counts(person) | {
        "apps": person.contacts.count(),
        "rooms": rooms.count(person),
        "said": rooms.said(person),
    }


@require_POST
def instruct(request: HttpRequest) -> HttpResponse:
    """Keep the person's instructions for the assistant. Raises PermissionDenied where guests may give none."""
    person = request.user
    if not person.is_authenticated:
        return redirect("you")
    if not people.may_instruct(person):
        raise PermissionDenied
    text = request.POST.get("instructions", "")
    try:
        people.instruct(person, text)
    except AssistantError as error:
        return overview(request, text, str(error.sentence), status_of(error))
    saved = _("Saved. It counts from the next answer on.") if person.instructions else _("There are none any more.")
    messages.success(request, saved)
    return redirect("you")


@require_POST
async def export(request: HttpRequest) -> HttpResponseBase:
    """Everything kept about the person, as a ZIP that is packed while it is sent."""
    person = await signed_in(request)
    if person is None:
        return redirect("you")
    limits = current_process().runtime.limits
    try:
        await limits.count_use(settings.LIMIT_PERSON_EXPORTS, "export", person, address_block(request))
    except AssistantError as error:
        return await in_thread(error_page)(request, error)
    response = StreamingHttpResponse(archive(person), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="export.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Erase everything about the person and sign them out, once confirmed."""
    person = request.user
    if not person.is_authenticated:
        return redirect("erased")
    if request.POST.get("sure") != "yes":
        return render(request, "you/erase.html", {"counts": counts(person)})
    key = str(person.pk)
    traces.erase(person)
    logger.info("a person was erased", extra={"person": key})
    logout(request)
    return _cleared_response()


def _cleared_response() -> HttpResponse:
    """A redirect to the last page that clears the browser: cookies, drafts, cached pages."""
    response = redirect("erased")
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages"):
        response.delete_cookie(name)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """The page after an erasure."""
    return render(request, "you/erased.html")


urlpatterns = [
    path("you/", you, name="you"),
    path("you/instructions", instruct, name="instructions"),
    path("you/export", export, name="export"),
    path("you/erase", erase, name="erase"),
    path("you/erased", erased, name="erased"),
]
