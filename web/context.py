"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from assistant.models import Conversation, Person

SIDEBAR_LENGTH = 30


def sidebar(request: HttpRequest) -> list[Conversation]:
    """The person's newest conversations, newest first."""
    if not request.user.is_authenticated:
        return []
    return list(request.user.conversations.order_by("-updated_at")[:SIDEBAR_LENGTH])


def site(request: HttpRequest) -> dict[str, Any]:
    """Names and flags of the site, and who is looking. Error pages may come here without `user`."""
    user = getattr(request, "user", None)
    person = user if isinstance(user, Person) else None
    return {
        "site_name": settings.SITE_NAME,
        "guest_days": settings.GUEST_DAYS,
        "demo_model": settings.LLAMA_DEMO,
        "is_guest": person is not None and person.is_guest,
        "is_account": person is not None and not person.is_guest,
        "sidebar_conversations": SimpleLazyObject(lambda: sidebar(request)) if person else [],
    }
