"""Who may open a room, and what is said of its pages to others."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from assistant.errors import NotFoundError
from assistant.models import Member
from assistant.rooms import events
from web.accounts.identity import person_or_404
from web.http import missing_as_404


def member_of(request: HttpRequest, room_id: UUID) -> Member | None:
    """The visitor's membership in a room; None without one."""
    try:
        return events.membership(request.user, room_id) if request.user.is_authenticated else None
    except NotFoundError:
        return None


def member_or_404(request: HttpRequest, room_id: UUID) -> Member:
    """The visitor's membership, or the same 404 as for a room that does not exist."""
    with missing_as_404():
        return events.membership(person_or_404(request), room_id)


def unlisted(response: HttpResponse) -> HttpResponse:
    """No search engine lists a room, nor an invitation, nor does a link from there tell where it stood.

    Not "no-referrer": browsers then send no origin with forms, which are refused.
    """
    response.headers["X-Robots-Tag"] = "noindex, noarchive"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
