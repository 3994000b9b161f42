"""The sheet of a room: who is here, the invitation, and what can be changed."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from redis import Redis
from redis.exceptions import RedisError

from assistant.errors import RefusedInputError
from assistant.models import Person
from assistant.rooms import events, membership
from assistant.runs.forget import forget
from integrations import doors, qr
from integrations.groups import making, removals
from web.http import is_fragment, whole_number
from web.rooms import presence
from web.rooms.access import member_or_404, unlisted
from web.rooms.joining import into_apps, link_of
from web.rooms.page import change
from web.rooms.presenter import Speakers

logger = logging.getLogger(__name__)

# More are behind a line.
SHOWN_PEOPLE = 12


@require_safe
def sheet(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Who is in the room, its invitation and its settings: alone for a script, else as a page."""
    return sheet_page(request, room_id)


def sheet_page(request: HttpRequest, room_id: UUID, sentence: str = "", status: int = 200) -> HttpResponse:
    """The sheet, with what was wrong."""
    member = member_or_404(request, room_id)
    found = member.conversation.room
    speakers, here, apps = Speakers(found.pk), _here(room_id), doors.in_room(room_id)
    people = [
        {
            "member": one,
            "speaker": (speaker := speakers.of(one.person_id, one.name)),
            "is_host": one.person_id == found.host_id,
            "is_me": one.pk == member.pk,
            "is_here": speaker.id in here,
            "apps": apps.get(one.person_id, ()),
        }
        for one in membership.members_of(found)
    ]
    context = {
        "room": found,
        "conversation": found.conversation,
        "member": member,
        "people": people,
        "shown_people": SHOWN_PEOPLE,
        "more_people": len(people) - SHOWN_PEOPLE,
        "is_host": found.host_id == member.person_id,
        "link": link_of(found),
        "group": making.view(found),
        "group_people": making.PEOPLE,
        **(into_apps(found.token) if found.token and not found.locked else {}),
        "minutes": settings.ROOM_CONTEXT_MINUTES,
        "room_days": settings.ROOM_DAYS,
        "sentence": sentence,
    }
    template = "rooms/_sheet.html" if is_fragment(request) else "rooms/sheet.html"
    return unlisted(render(request, template, context, status=status))


@require_safe
def code(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """The invitation as a QR code. Raises Http404 while there is none."""
    link = link_of(member_or_404(request, room_id).conversation.room)
    if not link:
        raise Http404
    return unlisted(HttpResponse(qr.svg(link), content_type="image/svg+xml"))


def _here(room_id: UUID) -> list[str]:
    """The speakers who are here now; nobody where that is not known."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis:
            return presence.here_now(redis, room_id)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("who is in room %s is not known: %s", room_id, error)
        return []


@require_POST
async def change_room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Do what the button `do` says: a setting of the host's, or of one's own."""
    what, chosen = request.POST.get("do", ""), whole_number(request.POST.get("member"))
    ended: list[UUID] = []

    def work(person: Person) -> None:
        events.membership(person, room_id)
        ended.extend(_carry_out(person, room_id, what, chosen, request.POST.get("title", "")))

    response = await change(request, room_id, work, sheet_page, "room_sheet")
    await asyncio.to_thread(forget, ended)
    if response.status_code == 302 and what in ("leave", "end"):
        return redirect("start")
    return response


def _carry_out(person: Person, room: UUID, what: str, chosen: int | None, title: str) -> list[UUID]:
    """Returns the runs of a room that was ended. Raises AssistantError."""
    member = -1 if chosen is None else chosen
    simple: dict[str, Callable[[], Any]] = {
        "rename": lambda: membership.rename(person, room, title),
        "lock": lambda: membership.set_locked(person, room, locked=True),
        "unlock": lambda: membership.set_locked(person, room, locked=False),
        "invite": lambda: membership.renew_invitation(person, room),
        "close": lambda: membership.renew_invitation(person, room, closed=True),
        "hand_over": lambda: membership.hand_over(person, room, member),
        "remove": lambda: membership.remove(person, room, member),
        "block": lambda: membership.remove(person, room, member, block=True),
        "mute": lambda: membership.mute(person, room, muted=True),
        "unmute": lambda: membership.mute(person, room, muted=False),
        "remove_again": lambda: removals.try_again(person, room),
        "let_stay": lambda: removals.let_stay(person, room),
        "leave": lambda: membership.leave(person, room),
    }
    if what == "invite" and making.is_one(room):
        raise RefusedInputError("people come into it by its WhatsApp group")
    if what == "end":
        return membership.end(person, room)
    if what not in simple:
        raise RefusedInputError(f"{what[:20]} is nothing that a room can do")
    simple[what]()
    return []
