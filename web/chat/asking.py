"""Questions about pictures that were drawn here: one is attached to a message to come."""

import asyncio
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from assistant import attachments, conversations, vision
from assistant.database import in_thread
from assistant.errors import AssistantError, NotFoundError, PictureFileError
from assistant.models import Person
from imagine import jobs
from imagine.errors import PictureNotFoundError
from imagine.files import storage
from imagine.files.decoder import decoders
from web.accounts.identity import known_person
from web.addresses import address_block
from web.chat.file_view import FileView
from web.http import an_id, error_page, missing_as_404
from web.process import current_process

STILL = "picture.jpg"
# In the address of the page where the message is written.
ATTACHED = "attached"


@require_POST
async def ask_about_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Attach one of the person's pictures to the conversation that the address names, or to a new one."""
    person = await known_person(request)
    place = an_id(request.GET.get("conversation"))
    try:
        with missing_as_404():
            data = await in_thread(_still)(person, picture_id, place)
        await current_process().runtime.limits.count_attachment(person, address_block(request))
        picture = await asyncio.get_running_loop().run_in_executor(decoders, vision.read_picture, data)
        kept = await in_thread(attachments.keep_picture)(person, STILL, picture)
    except AssistantError as error:
        return await in_thread(error_page)(request, error)
    page = reverse("conversation", args=[place]) if place else reverse("start")
    return redirect(f"{page}?{urlencode({ATTACHED: kept.id})}")


def waiting(request: HttpRequest) -> FileView | None:
    """The file of the visitor that the address names, while it waits for its message."""
    named = an_id(request.GET.get(ATTACHED))
    if named is None or not isinstance(request.user, Person):
        return None
    found = request.user.attachments.filter(id=named, conversation=None).defer("text").first()
    return FileView(found) if found else None


def _still(person: Person, picture_id: UUID, place: UUID | None) -> bytes:
    """A finished picture of the person's. Raises PictureNotFoundError, NotFoundError, PictureFileError."""
    picture = jobs.own_picture(person.id, picture_id)
    if place:
        conversations.own_conversation(person, place)
    if not vision.is_on():
        raise PictureFileError("no model sees here")
    if STILL not in picture.files:
        raise NotFoundError
    try:
        return storage.load(picture.id, STILL)
    except FileNotFoundError as error:
        raise PictureNotFoundError(f"picture {picture.id} has no file") from error


urlpatterns = [path("p/<uuid:picture_id>/ask", ask_about_picture, name="ask_about_picture")]
