"""Pages that make a room, and that lead into one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assistant import conversations
from assistant.database import in_thread
from assistant.errors import AssistantError, BadNameError, InvitationEndedError, NameTakenError, RoomFullError
from assistant.models import Member, Person, Room
from assistant.posing import chosen_name, poses_as
from assistant.rooms import membership
from integrations import doors
from integrations.groups import making
from web.accounts.identity import known_person, person_or_404, visitor
from web.addresses import address_block
from web.http import an_id, error_page, missing_as_404, status_of
from web.process import current_process
from web.rooms.access import member_of, unlisted


@require_http_methods(["GET", "HEAD", "POST"])
async def new_room(request: HttpRequest) -> HttpResponse:
    """The form that makes a room, out of the conversation that `?conversation=` names or from nothing."""
    conversation = an_id(request.GET.get("conversation"))
    if request.method != "POST":
        return await _new_page(request, conversation)
    try:
        name, title = request.POST.get("name", ""), request.POST.get("title", "")
        _check_name(name, ())
        with missing_as_404():
            person = await _maker(request, conversation)
            limits = current_process().runtime.limits
            await limits.count_use(settings.LIMIT_PERSON_ROOMS, "made", person, address_block(request))
            if conversation is None and request.POST.get("door") == making.CHANNEL:
                room = await in_thread(making.make)(person, name, title)
            else:
                shows_earlier = request.POST.get("shows_earlier") == "1"
                room = await in_thread(membership.make)(person, name, title, conversation, shows_earlier=shows_earlier)
    except AssistantError as error:
        return await _new_page(request, conversation, str(error.sentence), status_of(error))
    return redirect(f"{reverse('room', args=[room.pk])}#people")


def _check_name(name: str, others: Sequence[str]) -> None:
    """Refuse a name before anything is made for it. Raises BadNameError, NameTakenError."""
    chosen = chosen_name(name)
    if not chosen or poses_as(chosen, ()):
        raise BadNameError
    if poses_as(chosen, others):
        raise NameTakenError


async def _maker(request: HttpRequest, conversation: UUID | None) -> Person:
    """Who makes the room: a visitor becomes a guest only where all else is right. Raises Http404, AssistantError."""
    if conversation is None:
        return await visitor(request)
    person = await known_person(request)
    await in_thread(conversations.own_conversation)(person, conversation)
    return person


@in_thread
def _new_page(
    request: HttpRequest, conversation_id: UUID | None, sentence: str = "", status: int = 200
) -> HttpResponse:
    conversation = None
    if conversation_id:
        with missing_as_404():
            conversation = conversations.own_conversation(person_or_404(request), conversation_id)
            if conversation.temporary:
                raise Http404
    context = {
        "source": conversation,
        "sentence": sentence,
        "title": request.POST.get("title", conversation.title if conversation else ""),
        "name": request.POST.get("name", _known_name(request)),
        "room_days": settings.ROOM_DAYS,
        "links": bool(conversation and conversation.shares.exists()),
        "offer": making.offer(request.user if request.user.is_authenticated else None) if conversation is None else "",
        "group_people": making.PEOPLE,
        "door": request.POST.get("door", ""),
    }
    return render(request, "rooms/new.html", context, status=status)


def _known_name(request: HttpRequest) -> str:
    """What somebody may want to be called: as in the room where they were last, or as their account."""
    if not request.user.is_authenticated:
        return ""
    last = Member.objects.filter(person=request.user).exclude(name="").order_by("joined_at").last()
    return last.name if last else "" if request.user.is_guest else request.user.get_username()


@require_http_methods(["GET", "HEAD", "POST"])
async def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a room is, who reads what is said there, and the form to join it. A visitor becomes a guest by joining."""
    try:
        limits = current_process().runtime.limits
        await limits.count_address(settings.LIMIT_ADDRESS_INVITATIONS, "invitation", address_block(request))
    except AssistantError as error:
        # Before anything is looked up: who guesses learns nothing.
        return await in_thread(error_page)(request, error)
    if request.method != "POST":
        return await _invitation_page(request, token)
    try:
        await in_thread(_check_joining)(request, token)
        person = await visitor(request)
        member = await in_thread(membership.join)(person, token, request.POST.get("name", ""))
    except AssistantError as error:
        return await _invitation_page(request, token, error)
    return redirect("room", member.conversation_id)


def _check_joining(request: HttpRequest, token: str) -> None:
    """Refuse what can be refused before a visitor is made a guest. Raises AssistantError."""
    room = membership.invited(token)
    if member_of(request, room.pk) is None:
        if room.locked:
            raise InvitationEndedError
        names = list(room.conversation.memberships.values_list("name", flat=True))
        if len(names) >= settings.ROOM_MEMBERS:
            raise RoomFullError
        _check_name(request.POST.get("name", ""), names)


@in_thread
def _invitation_page(request: HttpRequest, token: str, error: AssistantError | None = None) -> HttpResponse:
    try:
        room = membership.invited(token)
    except AssistantError:
        return _ended(request)
    if member_of(request, room.pk):
        return redirect("room", room.pk)
    person = request.user if request.user.is_authenticated else None
    blocked = person is not None and room.blocks.filter(person=person).exists()
    if room.locked or blocked:
        return _ended(request)
    context = {
        "room": room,
        "title": room.conversation.title,
        "names": [member.name for member in membership.members_of(room)],
        "minutes": settings.ROOM_CONTEXT_MINUTES,
        "room_days": settings.ROOM_DAYS,
        "name": request.POST.get("name", _known_name(request)),
        "sentence": str(error.sentence) if error else "",
        "token": token,
        **into_apps(token),
    }
    status = status_of(error) if error else 200
    return unlisted(render(request, "rooms/invitation.html", context, status=status))


def _ended(request: HttpRequest) -> HttpResponse:
    """The same for an invitation that ended, is locked or blocked, or never was."""
    return unlisted(render(request, "rooms/ended.html", status=404))


def into_apps(token: str) -> dict[str, Any]:
    """The apps in which one can join, for a template: those with an address, and in which words have to be written."""
    found = doors.invitations(token)
    written = [door.title for door in found if not door.address]
    return {
        "doors": [door for door in found if door.address],
        "written": get_text_list(written, _("or")),
        "typed": doors.invitation_words(token),
    }


def link_of(found: Room) -> str:
    """The address of the invitation; empty while there is none."""
    return settings.SITE_URL + reverse("invitation", args=[found.token]) if found.token else ""
