"""What one has said, changed by a form."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from assistant.database import in_thread
from assistant.errors import NotFoundError
from assistant.models import Member, Message, Person
from assistant.rooms import events, talk
from web.http import is_fragment, missing_as_404
from web.rooms.access import member_or_404, unlisted
from web.rooms.page import change


@require_http_methods(["GET", "HEAD", "POST"])
async def edit(request: HttpRequest, room_id: UUID, message_id: UUID) -> HttpResponse:
    """The form that changes a message of the visitor's own: alone for a script, else as a page."""
    if request.method != "POST":
        return await in_thread(edit_page)(message_id, request, room_id)
    work = partial(_edit, room_id, message_id, request.POST.get("text", ""))
    return await change(request, room_id, work, partial(edit_page, message_id))


def edit_page(
    message_id: UUID, request: HttpRequest, room_id: UUID, sentence: str = "", status: int = 200
) -> HttpResponse:
    """The form, with what was typed and what was wrong with it."""
    member = member_or_404(request, room_id)
    with missing_as_404():
        message = _own(member, message_id)
    context = {
        "room": member.conversation.room,
        "conversation": member.conversation,
        "message": message,
        "text": request.POST.get("text", message.text),
        "may_be_empty": message.attachments.exists() or talk.has_things(message),
        "sentence": sentence,
    }
    template = "rooms/_edit.html" if is_fragment(request) else "rooms/edit.html"
    return unlisted(render(request, template, context, status=status))


def _edit(room_id: UUID, message_id: UUID, text: str, person: Person) -> None:
    talk.edit(person, _own(events.membership(person, room_id), message_id).pk, text)


def _own(member: Member, message_id: UUID) -> Message:
    """What a member said in the room. Raises NotFoundError."""
    found = events.readable(member).filter(pk=message_id, author=member.person_id).first()
    if found is None:
        raise NotFoundError
    return found
