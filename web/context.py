"""The variables of every template."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from assistant import commands, members, memories, synthesis, transcription, vision
from assistant.models import Conversation, Person
from assistant.rooms import records
from imagine.status import is_configured
from web.mail import mail_is_on
from web.terms import card

SIDEBAR_LENGTH = 30


def sidebar(person: Person) -> list[Conversation]:
    """The person's newest conversations, newest first."""
    return list(members.listed(person).order_by("-updated_at")[:SIDEBAR_LENGTH])


def commands_for(person: Person | None) -> list[commands.Command]:
    """The commands that the composer lists for somebody."""
    drawing = commands.DRAWING if is_configured() else ()
    return [*drawing, *commands.thinking(), *(commands.MEMORY if person and memories.is_on(person) else ())]


def site(request: HttpRequest) -> dict[str, Any]:
    """Names and flags of the site, and the visitor's conversations. Error pages may come without `request.user`."""
    # On account pages a guest is anonymous, see GuestsAsAnonymousMiddleware; the list is theirs all the same.
    user = getattr(request, "guest", None) or getattr(request, "user", None)
    person = user if isinstance(user, Person) else None
    return {
        "site_name": settings.SITE_NAME,
        "guest_days": settings.GUEST_DAYS,
        "mail_is_on": mail_is_on(),
        "message_characters": settings.MESSAGE_CHARACTERS,
        "attachment_bytes": settings.ATTACHMENT_BYTES,
        "pictures_asked": vision.is_on(),
        "dictation": transcription.is_on(),
        "voice": synthesis.is_on(),
        "upload_bytes": settings.UPLOAD_BYTES,
        "attachments_most": settings.ATTACHMENTS_PER_MESSAGE,
        "prompt_characters": settings.PROMPT_CHARACTERS,
        "imagine_pattern": commands.IMAGINE,
        "talk_pattern": commands.TALK,
        "commands": commands_for(person),
        "web_search": bool(settings.SEARCH_ENGINES),
        "best_model": bool(settings.LLAMA_ROLES["best"]),
        "demo_model": settings.LLAMA_DEMO,
        "demo_pictures": settings.IMAGINE_DEMO,
        "terms": SimpleLazyObject(lambda: card(request, person)),
        "is_guest": person is not None and person.is_guest,
        "is_account": person is not None and not person.is_guest,
        "sidebar_conversations": SimpleLazyObject(lambda: sidebar(person)) if person else [],
        "sidebar_rooms": SimpleLazyObject(lambda: records.listed(person)) if person else [],
    }
