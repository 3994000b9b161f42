"""The page of a person's API keys: they see, make and revoke them. Each is shown once, in answer to its making."""

from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID, uuid4

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assistant import api_keys
from assistant.errors import NotFoundError, RefusedInputError
from assistant.models import Person
from web.accounts.identity import person_or_404
from web.http import an_id, missing_as_404, status_of

View: TypeAlias = Callable[[HttpRequest], HttpResponse]


def is_account(request: HttpRequest) -> bool:
    """Whether it is asked by somebody with an account."""
    return request.user.is_authenticated and not request.user.is_guest


# Who only found an open browser makes none: the password is asked for where it was not typed lately.
password_first: Callable[[View], View] = reauthentication_required(
    enabled=lambda request: request.method == "POST" and is_account(request)
)


@require_http_methods(["GET", "HEAD", "POST"])
@password_first
def keys(request: HttpRequest) -> HttpResponse:
    """The keys; by POST one more. Raises Http404 where keys are off, PermissionDenied for guests."""
    if not settings.API_KEYS:
        raise Http404
    person = request.user
    if not person.is_authenticated:
        return redirect("you")
    if request.method != "POST":
        return overview(request, person)
    if person.is_guest:
        raise PermissionDenied
    name, lifetime = request.POST.get("name", ""), request.POST.get("lifetime", "")
    key_id = an_id(request.POST.get("id"))
    if lifetime not in api_keys.LIFETIMES or key_id is None:
        return overview(request, person, name, _("Please choose how long the key shall last."), status=400)
    try:
        made = api_keys.make(person, name, api_keys.LIFETIMES[lifetime], key_id)
    except RefusedInputError as error:
        return overview(request, person, name, str(error.sentence), status_of(error))
    except NotFoundError:
        # The page that showed a key was loaded again.
        return redirect("api_keys")
    return overview(request, person, made=made)


def overview(
    request: HttpRequest, person: Person, name: str = "", sentence: str = "", status: int = 200, made: str = ""
) -> HttpResponse:
    """The page. `name` was typed, and `sentence` says what was wrong; `made` is the key that was just made."""
    context = {
        "keys": [(key, api_keys.beginning(key)) for key in api_keys.of(person)],
        "may_have_keys": not person.is_guest,
        "name": name,
        "name_characters": api_keys.NAME_CHARACTERS,
        "sentence": sentence,
        "made": made,
        "next_id": uuid4(),
        "address": f"{settings.SITE_URL}/v1",
    }
    return render(request, "you/keys.html", context, status=status)


@require_POST
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Revoke one of the person's keys. Raises Http404."""
    with missing_as_404():
        api_keys.revoke(person_or_404(request), key_id)
    messages.success(request, _("Revoked. Programs that have this key are refused from now on."))
    return redirect("api_keys")


urlpatterns = [
    path("you/keys", keys, name="api_keys"),
    path("you/keys/<uuid:key_id>/revoke", revoke, name="revoke_api_key"),
]
