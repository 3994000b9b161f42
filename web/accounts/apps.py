"""The page of a person's apps: which chats are one with them, and how another one becomes so."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assistant.database import in_thread
from assistant.errors import AssistantError, LimitedError
from assistant.models import Person
from integrations import doors, links
from integrations.errors import AlreadyLinkedError, LinkEndedError
from integrations.models import Contact, LinkCode
from web.accounts.identity import person_or_404, visitor
from web.http import error_page, is_fragment, missing_as_404, status_of
from web.process import current_process


@require_safe
def apps(request: HttpRequest) -> HttpResponse:
    """The page; for its script, the part that changes while a code is shown, or nothing where it has not changed."""
    person = request.user if request.user.is_authenticated else None
    if is_fragment(request) and person and request.GET.get("state") == state_of(links.current(person)):
        return HttpResponse(status=204)
    return overview(request)


def overview(request: HttpRequest, sentence: str = "", status: int = 200) -> HttpResponse:
    """The page. `sentence` says what was wrong."""
    person = request.user if request.user.is_authenticated else None
    link = links.current(person) if person else None
    state = state_of(link)
    code = links.code_of(link) if link and state == "code" else ""
    context = {
        "link": link,
        "state": state,
        "asking": described(link.contact) if link and link.contact else None,
        "code": code,
        "doors": doors.doors(f"/link {code}"),
        "contacts": [described(contact) for contact in links.linked(person)] if person else [],
        "sentence": sentence,
    }
    page = "you/_link.html" if is_fragment(request) else "you/apps.html"
    return render(request, page, context, status=status)


def state_of(link: LinkCode | None) -> str:
    """How far a link has come: "none", a "code" is shown, the person is "asked", or they have "agreed"."""
    if link is None:
        return "none"
    if link.contact is None:
        return "code"
    return "asked" if link.person_agreed_at is None else "agreed"


def described(contact: Contact) -> dict[str, object]:
    """A contact as pages show it. Its name is its own claim."""
    return {
        "id": contact.pk,
        "app": doors.title(contact.channel),
        "name": links.contact_name(contact),
        "number": links.number_end(contact),
        "since": contact.linked_at,
    }


@require_POST
async def make_code(request: HttpRequest) -> HttpResponse:
    """Show the person a code, in place of the one before it; a visitor becomes a guest."""
    try:
        person = await counted(request)
        await in_thread(links.make)(person)
    except AssistantError as error:
        return await in_thread(refused)(request, error)
    return redirect("apps")


@require_POST
def agree(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """The person says that the contact who typed their code is they. Somebody else's is as one that has ended."""
    try:
        joined = links.agree(person_or_404(request), link_id)
    except LinkEndedError:
        return ended(request)
    except AlreadyLinkedError as error:
        return overview(request, str(error.sentence), status_of(error))
    if joined:
        messages.success(request, _("Connected. It is one conversation, here and in the app."))
    return redirect("apps")


@require_POST
def decline(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """The person ends what was begun."""
    try:
        links.decline(person_or_404(request), link_id)
    except LinkEndedError:
        return ended(request)
    messages.success(request, _("Nothing was connected."))
    return redirect("apps")


@require_POST
def disconnect(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Part the person from one of their contacts. Raises Http404."""
    with missing_as_404():
        links.disconnect(person_or_404(request), contact_id)
    messages.success(request, _("Disconnected. What was said stays in your conversations."))
    return redirect("apps")


@require_http_methods(["GET", "HEAD", "POST"])
async def accept(request: HttpRequest, token: str) -> HttpResponse:
    """What an address from a chat offers; by POST the visitor agrees, as a new guest where they are nobody yet."""
    if request.method != "POST":
        return await in_thread(offer)(request, token)
    try:
        # First, so that a wrong address makes nobody a guest.
        await in_thread(links.offered)(token)
        person = await counted(request)
        return await in_thread(accepted)(request, person, token)
    except LinkEndedError:
        return await in_thread(ended)(request)
    except AssistantError as error:
        return await in_thread(refused)(request, error)


def offer(request: HttpRequest, token: str) -> HttpResponse:
    """The page that says who asks, and what it means to agree. Looking at it changes nothing."""
    try:
        link = links.offered(token)
    except LinkEndedError:
        return ended(request)
    asking = described(link.contact) if link.contact else None
    return render(request, "you/accept_link.html", {"asking": asking, "token": token})


def accepted(request: HttpRequest, person: Person, token: str) -> HttpResponse:
    """Agree to it. Raises LinkEndedError, AlreadyLinkedError."""
    links.accept(person, token)
    return redirect("apps")


async def counted(request: HttpRequest) -> Person:
    """The visitor, one try of theirs counted. Raises LimitedError, LogUnavailableError."""
    person = await visitor(request)
    limits = current_process().runtime.limits
    await limits.count(settings.LIMIT_PERSON_LINKS, "link", "person", str(person.id))
    return person


def refused(request: HttpRequest, error: AssistantError) -> HttpResponse:
    """The page with what was wrong."""
    if isinstance(error, AlreadyLinkedError | LimitedError):
        return overview(request, str(error.sentence), status_of(error))
    return error_page(request, error)


def ended(request: HttpRequest) -> HttpResponse:
    """The page for what has ended, was used, is somebody else's or never was."""
    return render(request, "you/link_ended.html", status=404)


urlpatterns = [
    path("you/apps", apps, name="apps"),
    path("you/apps/code", make_code, name="make_link_code"),
    path("you/apps/link/<str:token>", accept, name="accept_link"),
    path("you/apps/<uuid:link_id>/agree", agree, name="agree_to_link"),
    path("you/apps/<uuid:link_id>/decline", decline, name="decline_link"),
    path("you/apps/<int:contact_id>/disconnect", disconnect, name="disconnect_app"),
]
