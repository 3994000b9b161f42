"""Errors as HTTP answers, and what requests carry, read with care."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from redis.exceptions import RedisError

from assistant import errors as chat
from assistant.errors import AssistantError
from imagine import errors as pictures
from imagine.errors import ImagineError

logger = logging.getLogger(__name__)

ProductError = AssistantError | ImagineError

# The first that fits counts; what is not here conflicts with how things stand.
STATUSES: dict[type[ProductError], HTTPStatus] = {
    chat.NotFoundError: HTTPStatus.NOT_FOUND,
    pictures.PictureNotFoundError: HTTPStatus.NOT_FOUND,
    chat.LimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    pictures.BusyDrawingError: HTTPStatus.TOO_MANY_REQUESTS,
    chat.AccountNeededError: HTTPStatus.FORBIDDEN,
    chat.AgreementNeededError: HTTPStatus.FORBIDDEN,
    chat.RefusedInputError: HTTPStatus.BAD_REQUEST,
    pictures.RefusedInputError: HTTPStatus.BAD_REQUEST,
    chat.LogUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    chat.SpeechOffError: HTTPStatus.NOT_FOUND,
    chat.UnreadableAudioError: HTTPStatus.BAD_REQUEST,
    chat.LongAudioError: HTTPStatus.BAD_REQUEST,
    chat.NoSpeechError: HTTPStatus.BAD_REQUEST,
    chat.SpeechError: HTTPStatus.SERVICE_UNAVAILABLE,
    chat.VoiceOffError: HTTPStatus.NOT_FOUND,
    chat.VoiceError: HTTPStatus.SERVICE_UNAVAILABLE,
    pictures.CheckpointError: HTTPStatus.SERVICE_UNAVAILABLE,
    pictures.AwayError: HTTPStatus.SERVICE_UNAVAILABLE,
}

# The pages that say what happened; all others say that a request could not be read.
PAGES = {HTTPStatus.TOO_MANY_REQUESTS: "429.html", HTTPStatus.SERVICE_UNAVAILABLE: "500.html"}


def status_of(error: ProductError) -> int:
    """The HTTP status for an error."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), HTTPStatus.CONFLICT)


def _logged(error: ProductError) -> int:
    """The HTTP status for an error that is about to be shown. The operator reads why something of ours failed."""
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("%s: %s", error.code, error)
    return status


@contextmanager
def missing_as_404() -> Iterator[None]:
    """Answer with the page for 404 where something does not exist or is somebody else's. Raises Http404."""
    try:
        yield
    except (chat.NotFoundError, pictures.PictureNotFoundError) as error:
        raise Http404 from error


@contextmanager
def redis_as_unavailable() -> Iterator[None]:
    """Raises LogUnavailableError where Redis cannot be reached."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise chat.LogUnavailableError(f"Redis cannot be reached: {error}") from error


def error_json(error: ProductError) -> JsonResponse:
    """The error for a script."""
    fields = {"code": error.code, "sentence": str(error.sentence), "retry": error.retry}
    return JsonResponse(fields, status=_logged(error))


def error_text(error: ProductError) -> HttpResponse:
    """The error as one sentence."""
    return HttpResponse(error.sentence, status=_logged(error), content_type="text/plain")


def error_page(request: HttpRequest, error: ProductError) -> HttpResponse:
    """The error as a page, or for a script as JSON. Sync: pages show what the database holds."""
    if is_fragment(request):
        return error_json(error)
    status = _logged(error)
    return render(request, page_for(status), status=status)


def page_for(status: int) -> str:
    """The template that says what a status means."""
    return PAGES.get(HTTPStatus(status), "400.html")


def is_fragment(request: HttpRequest) -> bool:
    """Whether one of our scripts asks, for a part of a page."""
    return "X-Fragment" in request.headers


def done(request: HttpRequest, page: str, *arguments: object) -> HttpResponse:
    """The answer to a form: nothing for a script, a redirect to the named page for everybody else."""
    return HttpResponse(status=204) if is_fragment(request) else redirect(page, *arguments)


def whole_number(text: str | None) -> int | None:
    """A number from a query string or a form; None when there is none, or nonsense."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def an_id(text: str | None) -> UUID | None:
    """An id from a query string; None when there is none, or nonsense."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def client_id(request: HttpRequest) -> UUID:
    """The id that the page made for this message, or a new one where no script runs. Raises RefusedInputError."""
    text = request.POST.get("id", "")
    try:
        return UUID(text) if text else uuid4()
    except ValueError as error:
        raise chat.RefusedInputError("the id is none") from error
