"""What people say to their browser in place of typing, as text for the composer."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from assistant import agreement, transcription
from assistant.errors import AssistantError, SpeechOffError, UnreadableAudioError
from web.accounts.identity import signed_in
from web.addresses import address_block
from web.http import error_json
from web.process import current_process


@require_POST
async def dictate(request: HttpRequest) -> HttpResponse:
    """The words of a recording, as JSON; it is kept nowhere, and no visitor becomes a guest by it.

    Where the browser hangs up Django cancels this, and the speech model's server is let go.
    """
    try:
        return JsonResponse({"text": await _words(request)})
    except AssistantError as error:
        return error_json(error)


async def _words(request: HttpRequest) -> str:
    """Raises SpeechError, AgreementNeededError, LimitedError, LogUnavailableError."""
    if not transcription.is_on():
        raise SpeechOffError("SPEECH_URL is not set")
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise UnreadableAudioError("no file")
    person, address = await signed_in(request), address_block(request)
    await agreement.check(person)
    limits = current_process().runtime.limits
    await limits.count_use(settings.LIMIT_PERSON_DICTATIONS, "dictation", person, address)
    async with limits.speech("dictation", person, address):
        return await transcription.dictated(file.read())
