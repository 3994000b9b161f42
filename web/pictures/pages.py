"""The pages of pictures."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from assistant import people
from assistant.database import in_thread
from assistant.models import Person
from imagine import jobs, shares
from imagine.errors import PictureNotFoundError
from imagine.files.motions import MOTIONS
from imagine.models import Picture
from imagine.shapes import SHAPES
from imagine.status import PainterStatus, is_configured
from web.accounts.identity import person_or_404, remember
from web.http import is_fragment, missing_as_404, whole_number
from web.pictures.files import serve
from web.pictures.shares import address
from web.pictures.status import painter_status, painter_status_now
from web.pictures.status import sentence as painter_sentence

RECENT = 12
PAGE_LENGTH = 48
TRAIL_LENGTH = 30


async def imagine_page(request: HttpRequest, sentence: str = "", status: int = 200) -> HttpResponse:
    """The page where pictures are drawn, with the sentence of an error."""
    return await in_thread(show_imagine)(request, await painter_status(), sentence, status)


def show_imagine(request: HttpRequest, found: PainterStatus, sentence: str, status: int) -> HttpResponse:
    person = request.user if isinstance(request.user, Person) else None
    remember(request)
    context = choices(found) | {
        "prompt": (request.POST.get("prompt") or request.GET.get("prompt", ""))[: settings.PROMPT_CHARACTERS],
        "without": request.POST.get("without", "")[: settings.NEGATIVE_CHARACTERS],
        "negative_characters": settings.NEGATIVE_CHARACTERS,
        "start": start_of(request, person),
        "recent": list(people.kept_pictures(person)[:RECENT]) if person else [],
        "account_needed": people.needs_account(person),
        "sentence": sentence,
    }
    return render(request, "imagine.html", context, status=status)


def start_of(request: HttpRequest, person: Person | None) -> Picture | None:
    """The person's own picture that the page starts from, named in `from`."""
    try:
        return jobs.own_picture(person.id, UUID(request.GET.get("from", ""))) if person else None
    except (ValueError, PictureNotFoundError):
        return None


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """All pictures of a person; for a script only the list."""
    remember(request)
    mine = people.kept_pictures(request.user) if isinstance(request.user, Person) else Picture.objects.none()
    page = Paginator(mine, PAGE_LENGTH).get_page(whole_number(request.GET.get("page")) or 1)
    fragment = is_fragment(request)
    context = {"page": page, "pictures": page.object_list, "painter": painter_status_now()}
    return render(request, "_pictures.html" if fragment else "gallery.html", context)


@require_safe
async def picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """One picture, its parents and its children; for a script a part of the page."""
    return await picture_page(request, picture_id)


async def picture_page(request: HttpRequest, picture_id: UUID, sentence: str = "", status: int = 200) -> HttpResponse:
    """The page of a picture, with the sentence of an error. Raises Http404."""
    return await in_thread(show_picture)(request, picture_id, await painter_status(), sentence, status)


def show_picture(
    request: HttpRequest, picture_id: UUID, found: PainterStatus, sentence: str, status: int
) -> HttpResponse:
    own = own_picture_or_404(request, picture_id)
    share = shares.of(own)
    context = choices(found) | {
        "picture": own,
        "trail": trail(own),
        "children": list(own.children.filter(person=own.person_id).order_by("created_at")),
        "group": list(jobs.own_pictures(own.person_id).filter(group=own.group).exclude(id=own.id).reverse()),
        "share": share,
        "share_address": address(share) if share else "",
        "sentence": sentence,
    }
    if not is_fragment(request):
        return render(request, "picture.html", context, status=status)
    return render(request, "_picture_card.html" if "card" in request.GET else "_picture.html", context, status=status)


def trail(found: Picture) -> list[Picture]:
    """The parents of a picture, oldest first."""
    steps: list[Picture] = []
    while found.parent_id and len(steps) < TRAIL_LENGTH:
        parent = Picture.objects.filter(id=found.parent_id, person=found.person_id).first()
        if parent is None:
            break
        steps.append(parent)
        found = parent
    return steps[::-1]


@require_safe
def picture_file(request: HttpRequest, picture_id: UUID, name: str) -> HttpResponseBase:
    """One file of the person's own picture."""
    return serve(own_picture_or_404(request, picture_id), name, request, "download" in request.GET)


def choices(found: PainterStatus) -> dict[str, Any]:
    """What pages about pictures offer, and the painter's status."""
    return {
        "painter": found,
        "painter_sentence": painter_sentence(found),
        "is_configured": is_configured(),
        "styles": found.styles,
        "shapes": SHAPES,
        "motions": MOTIONS,
        "seconds": [round(seconds) for seconds in jobs.SECONDS],
    }


def own_picture_or_404(request: HttpRequest, picture_id: UUID) -> Picture:
    """The person's picture. Raises Http404, the same for another's as for one that does not exist."""
    with missing_as_404():
        return jobs.own_picture(person_or_404(request).id, picture_id)


urlpatterns = [
    path("imagine/gallery/", gallery, name="gallery"),
    path("p/<uuid:picture_id>/", picture, name="picture"),
]
# After all others below p/, as it matches any name.
file_patterns = [path("p/<uuid:picture_id>/<str:name>", picture_file, name="picture_file")]
