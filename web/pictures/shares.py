"""Shared pictures: making and revoking a link, and the public pages behind it.

The public pages read neither session nor cookie, so that they are the same for every visitor.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assistant.database import in_thread
from assistant.errors import AssistantError
from imagine import shares
from imagine.errors import ImagineError
from imagine.models import Share
from web.accounts.identity import known_person
from web.addresses import address_block
from web.http import error_page, missing_as_404, page_for, status_of
from web.pictures.files import serve
from web.process import current_process

logger = logging.getLogger(__name__)

HEADERS = {"X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "no-referrer"}
# A browser may keep a file, but revalidates it each time: the link may have been revoked.
SHARED_CACHE = "private, no-cache"


@dataclass(frozen=True)
class SharedPicture:
    """The public fields of a picture. `prompt` is empty where its owner hides it."""

    moves: bool
    shape: str
    width: int
    height: int
    made_on: date
    prompt: str


# For the owner


@require_POST
async def share_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Make the link to the person's picture, which its page then shows."""
    shows_prompt = request.POST.get("shows_prompt") == "1"
    person = await known_person(request)
    try:
        limits = current_process().runtime.limits
        await limits.count_use(settings.LIMIT_PERSON_SHARES, "share", person, address_block(request))
        with missing_as_404():
            await in_thread(shares.make)(person.id, picture_id, shows_prompt)
    except (AssistantError, ImagineError) as error:
        return await in_thread(error_page)(request, error)
    return redirect("picture", picture_id)


@require_POST
async def unshare_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Revoke the link."""
    person = await known_person(request)
    with missing_as_404():
        await in_thread(shares.take_back)(person.id, picture_id)
    return redirect("picture", picture_id)


def address(share: Share) -> str:
    """The absolute address of a link."""
    return settings.SITE_URL + reverse("shared", args=[share.token])


# For people with the link


@require_safe
async def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page of a shared picture."""
    return await answer(request, partial(_show, token, _picture_page))


@require_safe
async def shared_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A file of a shared picture; `?download=1` to keep it."""
    return await answer(request, partial(_show, token, partial(_picture_file, request, name)))


@require_http_methods(["GET", "HEAD", "POST"])
async def report_share(request: HttpRequest, token: str) -> HttpResponseBase:
    """The form to report a shared picture, and its answer. Its CSRF token brings a cookie."""
    return await answer(request, partial(_show, token, partial(_report, request)))


async def answer(request: HttpRequest, show: Callable[[], Awaitable[HttpResponseBase]]) -> HttpResponseBase:
    """What `show` makes of a link, within the address's limit. Links for which it raises Http404 all look the same."""
    try:
        limits = current_process().runtime.limits
        await limits.count_address(settings.LIMIT_ADDRESS_SHARED, "shared", address_block(request))
    except AssistantError as error:
        status = status_of(error)
        return _with_headers(public_page(page_for(status), status))
    try:
        return _with_headers(await show())
    except Http404:
        return _with_headers(public_page("shared_gone.html", 404))


@in_thread
def _show(token: str, show: Callable[[Share], HttpResponseBase]) -> HttpResponseBase:
    """What `show` makes of the valid link. Raises Http404."""
    share = shares.find(token)
    if share is None:
        raise Http404
    return show(share)


def _with_headers(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def public_page(template: str, status: int = 200, context: dict[str, Any] | None = None) -> HttpResponse:
    """A page that is the same for every visitor: its template is rendered without the request."""
    return HttpResponse(render_to_string(template, {"site_name": settings.SITE_NAME, **(context or {})}), status=status)


def _picture_page(share: Share) -> HttpResponse:
    found, page = share.picture, address(share)
    words = found.prompt if share.shows_prompt else ""
    picture = SharedPicture(found.moves, found.shape, found.width, found.height, found.created_at.date(), words)
    context = {
        "share": {"token": share.token, "ends_at": share.ends_at, "shows_prompt": share.shows_prompt},
        "picture": picture,
        "words": words,
        "page_address": page,
        "picture_address": f"{page}picture.jpg",
        "loop_address": f"{page}loop.mp4" if found.moves else "",
    }
    return public_page("shared.html", context=context)


def _picture_file(request: HttpRequest, name: str, share: Share) -> HttpResponseBase:
    return serve(share.picture, name, request, download="download" in request.GET, cache=SHARED_CACHE)


def _report(request: HttpRequest, share: Share) -> HttpResponse:
    if request.method == "POST":
        shares.report(share, request.POST.get("word", ""))
        logger.warning("a shared picture was reported", extra={"picture": str(share.picture_id)})
    return report_page(request, reverse("shared", args=[share.token]), "picture")


def report_page(request: HttpRequest, link: str, subject: str) -> HttpResponse:
    """The form to report what stands behind `link`, a "picture" or a "conversation", or the thanks for it."""
    context = {
        "link": link,
        "subject": subject,
        "reported": request.method == "POST",
        "characters": shares.REPORT_CHARACTERS,
    }
    return with_form(render(request, "report.html", context))


def with_form(page: HttpResponse) -> HttpResponse:
    """A page with a form: without any referrer browsers send it from "null", which is refused as another site."""
    page.headers["Referrer-Policy"] = "same-origin"
    return page


urlpatterns = [
    path("p/<uuid:picture_id>/share", share_picture, name="share_picture"),
    path("p/<uuid:picture_id>/unshare", unshare_picture, name="unshare_picture"),
    path("s/<str:token>/", shared, name="shared"),
    path("s/<str:token>/report", report_share, name="report_share"),
    path("s/<str:token>/<str:name>", shared_file, name="shared_file"),
]
