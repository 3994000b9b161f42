"""What is said in a room by a form, as by the socket: words, reactions, and the end of an answer."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from assistant.database import in_thread
from assistant.errors import AssistantError, NotFoundError
from assistant.models import Person, Run
from assistant.rooms import events, reactions, talk
from assistant.rooms.talk import Words
from imagine.errors import ImagineError
from web.accounts.identity import known_person
from web.accounts.terms import take_agreement
from web.addresses import address_block
from web.http import an_id, client_id, done, error_json, is_fragment, missing_as_404, status_of
from web.process import current_process
from web.rooms import actions
from web.rooms.attaching import take
from web.rooms.page import change, messages_fragment, room_page


async def messages(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """GET: a part of what happened as HTML, for a script. POST: say something where no script runs."""
    if request.method == "POST":
        return await say(request, room_id)
    return await in_thread(messages_fragment)(request, room_id)


@require_POST
async def say(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Say something in a room, or carry out a command."""
    text = request.POST.get("text", "")
    try:
        with missing_as_404():
            person = await known_person(request)
            await in_thread(events.membership)(person, room_id)
            await take_agreement(request, person)
            attached = await take(request, person)
            quoted, search = an_id(request.POST.get("quoted")), request.POST.get("search", "")
            words = Words(
                text,
                client_id(request),
                attached.files,
                quoted,
                search,
                things=attached.things,
                pictures=attached.pictures,
            )
            process = current_process()
            outcome = await actions.say(process.answering, person, address_block(request), room_id, words)
    except (AssistantError, ImagineError) as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(room_page)(request, room_id, str(error.sentence), status_of(error), text)
    if is_fragment(request):
        return JsonResponse({"sentence": outcome.sentence}) if outcome.sentence else HttpResponse(status=204)
    if outcome.sentence:
        try:
            return await in_thread(room_page)(request, room_id, outcome.sentence)
        except Http404:
            return redirect("start")
    return redirect("room", room_id)


@require_POST
async def unsay(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Erase a message of one's own."""
    message = an_id(request.POST.get("message"))

    def work(person: Person) -> None:
        member = events.membership(person, room_id)
        found = events.readable(member).filter(pk=message).first() if message else None
        if found is None:
            raise NotFoundError
        talk.unsay(person, found.pk)

    return await change(request, room_id, work)


@require_POST
async def react(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """React to a message that the visitor may read; no `emoji` takes the reaction back."""
    message, emoji = an_id(request.GET.get("message")), request.POST.get("emoji", "")
    person = await known_person(request)
    try:
        limits = current_process().runtime.limits
        await limits.count(settings.LIMIT_MEMBER_MESSAGES, "reaction", "member", str(person.id), str(room_id))
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(room_page)(request, room_id, str(error.sentence), status_of(error))

    def work(person: Person) -> None:
        member = events.membership(person, room_id)
        found = events.readable(member).filter(pk=message).first() if message else None
        if found is None:
            raise NotFoundError
        reactions.react(person, found.pk, emoji)

    return await change(request, room_id, work)


@require_POST
async def stop(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Stop the answer that is being written."""
    person = await known_person(request)
    try:
        with missing_as_404():
            await in_thread(events.membership)(person, room_id)
            run = await in_thread(_running)(room_id)
            if run:
                await actions.stop(current_process().runtime, person, run)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(room_page)(request, room_id, str(error.sentence), status_of(error))
    return done(request, "room", room_id)


def _running(room_id: UUID) -> UUID | None:
    return Run.objects.filter(conversation=room_id, status=Run.Status.RUNNING).values_list("id", flat=True).first()
