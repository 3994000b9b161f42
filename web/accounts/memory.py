"""The page of what the assistant remembers: a person sees, adds, changes and erases it, and switches it off."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assistant import memories
from assistant.errors import RefusedInputError
from assistant.models import Person
from web.accounts.identity import person_or_404
from web.http import missing_as_404, status_of


@require_http_methods(["GET", "HEAD", "POST"])
def memory(request: HttpRequest) -> HttpResponse:
    """All that is remembered; by POST one thing more. Raises PermissionDenied where guests have no memory."""
    person = request.user
    if not person.is_authenticated:
        return redirect("you")
    if request.method != "POST":
        return overview(request, person)
    if not memories.may_remember(person):
        raise PermissionDenied
    text = request.POST.get("text", "")
    try:
        memories.add(person, text)
    except RefusedInputError as error:
        return overview(request, person, text, str(error.sentence), status=status_of(error))
    messages.success(request, _("Remembered. It counts from the next answer on."))
    return redirect("memory")


def overview(
    request: HttpRequest,
    person: Person,
    text: str = "",
    sentence: str = "",
    edited: UUID | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page. `text` was typed, for a new memory or the `edited` one, and `sentence` says what was wrong with it."""
    context = {
        "memories": memories.of(person),
        "may_remember": memories.may_remember(person),
        "memory_is_on": memories.is_on(person),
        "memory_characters": settings.MEMORY_CHARACTERS,
        "memories_most": settings.MEMORIES_PER_PERSON,
        "text": text,
        "sentence": sentence,
        "edited": edited,
    }
    return render(request, "you/memory.html", context, status=status)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Switch the memory on or off. Raises PermissionDenied where guests have none."""
    person = request.user
    if not person.is_authenticated:
        return redirect("you")
    if not memories.may_remember(person):
        raise PermissionDenied
    memories.switch(person, on=request.POST.get("on") == "1")
    return redirect("memory")


@require_POST
def edit(request: HttpRequest, memory_id: UUID) -> HttpResponse:
    """Say one of the person's memories otherwise. Raises Http404."""
    person, text = person_or_404(request), request.POST.get("text", "")
    try:
        with missing_as_404():
            memories.edit(person, memory_id, text)
    except RefusedInputError as error:
        return overview(request, person, text, str(error.sentence), memory_id, status_of(error))
    messages.success(request, _("Saved. It counts from the next answer on."))
    return redirect("memory")


@require_POST
def erase(request: HttpRequest, memory_id: UUID) -> HttpResponse:
    """Erase one of the person's memories. Raises Http404."""
    with missing_as_404():
        memories.erase(person_or_404(request), memory_id)
    messages.success(request, _("Erased."))
    return redirect("memory")


@require_POST
def erase_all(request: HttpRequest) -> HttpResponse:
    """Erase all of the person's memories, once confirmed."""
    person = request.user
    if not person.is_authenticated:
        return redirect("you")
    if request.POST.get("sure") != "yes":
        return render(request, "you/erase_memory.html", {"count": memories.of(person).count()})
    memories.erase_all(person)
    messages.success(request, _("All of it is erased."))
    return redirect("memory")


urlpatterns = [
    path("you/memory", memory, name="memory"),
    path("you/memory/switch", switch, name="switch_memory"),
    path("you/memory/erase", erase_all, name="erase_memories"),
    path("you/memory/<uuid:memory_id>/edit", edit, name="edit_memory"),
    path("you/memory/<uuid:memory_id>/erase", erase, name="erase_memory"),
]
