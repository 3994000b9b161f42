"""Sharing a conversation: what its copy would hold, its links, made, renewed and taken back."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from assistant import conversations, shares
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Person
from web.accounts.identity import known_person
from web.addresses import address_block
from web.http import error_json, is_fragment, missing_as_404, status_of
from web.process import current_process
from web.shares.reader import address


@require_http_methods(["GET", "HEAD", "POST"])
async def share_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The panel for sharing. POST makes a link, or with `link` puts a new copy behind that one."""
    person = await known_person(request)
    if request.method != "POST":
        return await _panel(request, person, conversation_id)
    link, shows_name = request.POST.get("link", ""), request.POST.get("shows_name") == "1"
    try:
        with missing_as_404():
            await in_thread(conversations.own_conversation)(person, conversation_id)
            limits = current_process().runtime.limits
            await limits.count_use(settings.LIMIT_PERSON_SHARES, "share", person, address_block(request))
            if link:
                await in_thread(shares.renew)(person, conversation_id, link, shows_name)
            else:
                await in_thread(shares.make)(person, conversation_id, shows_name)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await _panel(request, person, conversation_id, str(error.sentence), status_of(error))
    return redirect("share_conversation", conversation_id)


@require_POST
async def unshare_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Revoke the link `link`, or without one all of the conversation's; then show where they are listed."""
    person = await known_person(request)
    with missing_as_404():
        await in_thread(shares.take_back)(person, conversation_id, request.POST.get("link", ""))
    if request.POST.get("from") == "you":
        return redirect("you")
    return redirect("share_conversation", conversation_id)


@in_thread
def _panel(
    request: HttpRequest, person: Person, conversation_id: UUID, sentence: str = "", status: int = 200
) -> HttpResponse:
    """The panel alone for a script, else the page of it. Raises Http404."""
    with missing_as_404():
        conversation = conversations.own_conversation(person, conversation_id)
    now, links = shares.extent(conversation), list(shares.of(person, conversation))
    shown = [(share, address(share), shares.is_current(share, now, conversation.title)) for share in links]
    context = {
        "conversation": conversation,
        "extent": now,
        "links": shown,
        "current": any(current for _, _, current in shown),
        "may_show_name": not person.is_guest,
        "name": person.get_username(),
        "days": settings.SHARE_DAYS,
        "sentence": sentence,
    }
    template = "_conversation_share.html" if is_fragment(request) else "conversation_share.html"
    return render(request, template, context, status=status)


urlpatterns = [
    path("c/<uuid:conversation_id>/share", share_conversation, name="share_conversation"),
    path("c/<uuid:conversation_id>/unshare", unshare_conversation, name="unshare_conversation"),
]
