"""Answers read aloud: the sentences of one, and each as sound. Nothing is read but what stands in a stored answer."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from assistant import agreement, aloud, conversations, synthesis
from assistant.aloud import Sentence
from assistant.database import in_thread
from assistant.errors import AssistantError, BusyError, NotFoundError
from assistant.models import Message, Person, Run
from assistant.sentences import answer_text
from web.accounts.identity import known_person
from web.addresses import address_block
from web.chat.attachments import SANDBOX
from web.http import error_json, missing_as_404
from web.process import current_process


@require_safe
async def sentences(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """What is read of an answer: pairs of the number of a block, and words that stand in it."""
    person = await known_person(request)
    try:
        with missing_as_404():
            return JsonResponse({"sentences": await in_thread(_sentences)(person, message_id)})
    except AssistantError as error:
        return error_json(error)


@require_POST
async def read_sentence(request: HttpRequest, message_id: UUID, number: int) -> HttpResponse:
    """One sentence of an answer as sound. Where the browser hangs up, the voice's server is let go."""
    person, address = await known_person(request), address_block(request)
    try:
        with missing_as_404():
            text = await in_thread(_sentence)(person, message_id, number)
        limits = current_process().runtime.limits
        if synthesis.is_on():
            await agreement.check(person)
            await limits.count_use(settings.LIMIT_PERSON_SENTENCES, "sentence", person, address)
        async with limits.speech("sentence", person, address):
            audio = await synthesis.say(text)
    except AssistantError as error:
        return error_json(error)
    return HttpResponse(audio.data, content_type=audio.content_type, headers=SANDBOX)


def _sentence(person: Person, message_id: UUID, number: int) -> str:
    """Raises NotFoundError, BusyError."""
    found = _sentences(person, message_id)
    if number >= len(found):
        raise NotFoundError
    return found[number].text


def _sentences(person: Person, message_id: UUID) -> list[Sentence]:
    """Those of a finished answer of the person's. Raises NotFoundError, BusyError."""
    message = conversations.own_message(person, message_id)
    run = getattr(message, "run", None)
    if message.role == Message.Role.USER:
        raise NotFoundError
    if run and run.status == Run.Status.RUNNING:
        raise BusyError
    pictures = conversations.pictures_of(message, run)
    text = answer_text(message, pictures, run.status if run else "", run.steps if run else None)
    return aloud.sentences(text, len((run.sources if run else None) or ()))
