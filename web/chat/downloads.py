"""What a person takes out of a conversation: the text of one message, and all of it as a file."""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assistant import conversations, transcripts
from assistant.database import in_thread
from assistant.models import Conversation
from assistant.sentences import answer_text
from web.accounts.export import next_text, picture_url
from web.accounts.identity import person_or_404
from web.chat.transcript import markdown
from web.chat.views import own_conversation_or_404
from web.http import missing_as_404

NAME_CHARACTERS = 60
# What no file system takes, or what turns the direction of a name and so hides its end.
REFUSED_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200e\u200f\u2028-\u202e\u2066-\u2069]+')


@require_safe
def message_text(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """What was written in one message, mark by mark. The page does not hold it, which would double its weight."""
    with missing_as_404():
        message = conversations.own_message(person_or_404(request), message_id)
    run = getattr(message, "run", None)
    pictures = conversations.pictures_of(message, run)
    text = answer_text(message, pictures, run.status if run else "", run.steps if run else None)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
async def export_markdown(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """The conversation as a Markdown file."""
    found = await in_thread(own_conversation_or_404)(request, conversation_id)
    url = settings.SITE_URL + reverse("conversation", args=[found.pk])
    return attachment(found, "md", "text/markdown; charset=utf-8", markdown(found, url, picture_url))


@require_safe
async def export_json(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """The conversation as a JSON file."""
    found = await in_thread(own_conversation_or_404)(request, conversation_id)
    return attachment(found, "json", "application/json", transcripts.fields(found, picture_url))


def attachment(found: Conversation, ending: str, kind: str, texts: Iterator[str]) -> StreamingHttpResponse:
    """`texts` as a file named after the conversation, written while it is sent."""
    response = StreamingHttpResponse(pieces(texts, get_language()), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, file_name(found.title, ending)) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


async def pieces(texts: Iterator[str], language: str | None) -> AsyncIterator[bytes]:
    """The texts in the visitor's language; between two pieces no thread and no connection is held."""
    while True:
        with override(language):
            piece = await next_text(texts)
        if not piece:
            return
        yield piece


def file_name(title: str, ending: str) -> str:
    """A name for a file, of any script, that every file system takes."""
    words = REFUSED_IN_NAMES.sub(" ", unicodedata.normalize("NFC", title))
    name = " ".join(words.split())[:NAME_CHARACTERS].strip(" .")
    return f"{name or _('Conversation')}.{ending}"
