"""Pictures of the sites that an answer cites: fetched and kept by us, so that no reader asks those sites."""

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from assistant import conversations
from assistant.database import in_thread
from assistant.errors import AssistantError, NotFoundError
from assistant.models import Person, Run
from assistant.rooms import talk
from assistant.sources import Source
from web.accounts.identity import person_or_404
from web.http import missing_as_404, whole_number
from web.process import current_process

logger = logging.getLogger(__name__)

CACHE = "private, max-age=86400"


@require_safe
async def source_icon(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The picture of source `?source=` of one of the person's answers, as PNG; an empty answer where there is none."""
    address = await in_thread(_address)(request, run_id)
    try:
        data = await current_process().runtime.library.icon(address) if address else b""
    except AssistantError as error:
        logger.info("the icon of a source cannot be had: %s: %s", error.code, error)
        data = b""
    if not data:
        return HttpResponse(status=204)
    return HttpResponse(data, content_type="image/png", headers={"Cache-Control": CACHE})


def _own_run(person: Person, run_id: UUID) -> Run:
    """A run of the person's conversations, or of their rooms. Raises NotFoundError."""
    try:
        return conversations.own_run(person, run_id)
    except NotFoundError:
        return talk.own_run(person, run_id)


def _address(request: HttpRequest, run_id: UUID) -> str:
    """Where the picture is; only what was kept with a source, so that we fetch for nobody else. Raises Http404."""
    with missing_as_404():
        run = _own_run(person_or_404(request), run_id)
    number, sources = whole_number(request.GET.get("source")) or 0, run.sources or []
    return Source.from_json(sources[number - 1]).icon if 0 < number <= len(sources) else ""
