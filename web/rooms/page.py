"""The page of a room, and what it shows after something was done."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assistant import commands
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Member, Message, Person
from assistant.rooms import events, files, membership, orders, records
from imagine.status import is_configured
from web.accounts.identity import known_person, remember
from web.http import an_id, done, error_json, is_fragment, missing_as_404, status_of, whole_number
from web.rooms.access import member_or_404, unlisted
from web.rooms.presenter import EventView, for_reader, present_page, speaker_id


@require_safe
def room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """A room, what happened in it last, which counts as read then."""
    # Looked up before the page, which shows as much at least.
    member = member_or_404(request, room_id)
    response = room_page(request, room_id)
    events.read(member, member.conversation.room.last_number)
    return response


def room_page(
    request: HttpRequest, room_id: UUID, sentence: str = "", status: int = 200, draft: str = ""
) -> HttpResponse:
    """The room, with what was typed and what was wrong with it, or what a command has to say."""
    member = member_or_404(request, room_id)
    remember(request)
    found = member.conversation.room
    before, position = whole_number(request.GET.get("before")), whole_number(request.GET.get("position"))
    page = present_page(member, before, position)
    me = speaker_id(found.pk, member.person_id)
    unread = _first_unread(page.events, member, me) if before is None and position is None else None
    names = [one.name for one in membership.members_of(found)]
    context = {
        "room": found,
        "conversation": found.conversation,
        "member": member,
        "events": for_reader(page.events, me),
        "page": page,
        "before": page.before,
        "position": page.position,
        "me": me,
        "host": speaker_id(found.pk, found.host_id),
        "is_host": found.host_id == member.person_id,
        "unread": unread,
        "names": names,
        "request_id": uuid4(),
        "draft_text": draft,
        "sentence": sentence,
        "commands": [*(commands.DRAWING if is_configured() else ()), *commands.thinking(), *orders.COMMANDS],
        "quoted": _quoted(member, request.GET.get("reply") or request.POST.get("quoted")),
        "room_file_bytes": files.MOST_BYTES,
        "placeholder": _("Write to all. @%(name)s answers") % {"name": settings.SITE_NAME},
    }
    return unlisted(render(request, "rooms/room.html", context, status=status))


def _first_unread(shown: list[EventView], member: Member, me: str) -> int | None:
    """The number of the first event that the member has not read and that others made."""
    by_others = (one for one in shown if one.kind in records.HEARD and not _is_of(one, me))
    unread = (one.number for one in by_others if one.number > member.read_until)
    first = next(unread, None)
    return first if first is not None and shown and shown[0].number != first else None


def _is_of(one: EventView, me: str) -> bool:
    """Whether the speaker `me` said it, or began the vote."""
    return one.by == me if one.poll else one.speaker is not None and one.speaker.id == me


def _quoted(member: Member, text: str | None) -> Message | None:
    """The message to which the form replies where no script runs."""
    message = an_id(text)
    return events.readable(member).filter(pk=message).first() if message else None


@require_safe
def messages_fragment(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """What happened before an event, alone for a script; with the page around it where none runs."""
    if not is_fragment(request):
        return room_page(request, room_id)
    member = member_or_404(request, room_id)
    page = present_page(member, whole_number(request.GET.get("before")), whole_number(request.GET.get("position")))
    me = speaker_id(room_id, member.person_id)
    context = {
        "room": member.conversation.room,
        "events": for_reader(page.events, me),
        "before": page.before,
        "position": page.position,
        "me": me,
        "is_host": member.conversation.room.host_id == member.person_id,
    }
    return render(request, "rooms/_events.html", context)


async def change(
    request: HttpRequest,
    room_id: UUID,
    work: Callable[[Person], Any],
    page: Callable[..., HttpResponse] = room_page,
    then: str = "room",
) -> HttpResponse:
    """Do something in a room of the visitor's, and show it; a sentence where it failed. Raises Http404."""
    person = await known_person(request)
    try:
        with missing_as_404():
            await in_thread(work)(person)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(page)(request, room_id, str(error.sentence), status_of(error))
    return done(request, then, room_id)
