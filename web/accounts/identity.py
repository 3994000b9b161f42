"""The person behind a request."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from assistant import people
from assistant.database import in_thread
from assistant.models import Person
from assistant.prepared import Prepared
from web.addresses import address_block
from web.models import Session
from web.process import current_process

# What a session says of how its person signed in. Where another name is written here, or this one is no backend any
# more, everybody is signed out, and guests lose what they said.
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@in_thread
def signed_in(request: HttpRequest) -> Person | None:
    """The signed-in person, guest or account, for async views; None for others.

    Not `request.auser()`: that holds a database connection until the answer is sent, and simultaneous requests would
    wait for each other's second one.
    """
    return request.user if request.user.is_authenticated else None


async def known_person(request: HttpRequest) -> Person:
    """The signed-in person, for async views. Raises Http404, as a visitor without a row owns nothing."""
    person = await signed_in(request)
    if person is None:
        raise Http404
    return person


def person_or_404(request: HttpRequest) -> Person:
    """The signed-in person, for sync views. Raises Http404."""
    if not request.user.is_authenticated:
        raise Http404
    return request.user


async def visitor(request: HttpRequest) -> Person:
    """The signed-in person, or a new guest within the limits of the address.

    Raises LimitedError, LogUnavailableError.
    """
    if await signed_in(request) is None:
        await current_process().runtime.limits.count_guest(address_block(request))
    return await in_thread(ensure_person)(request)


def ensure_person(request: HttpRequest) -> Person:
    """The signed-in person, or a new guest whom this call logs in under a new session key."""
    if request.user.is_authenticated:
        remember(request)
        return request.user
    guest = people.make_guest()
    csrf_secret = request.META.get("CSRF_COOKIE")
    login(request, guest, backend=BACKEND)
    if csrf_secret:
        # A guest gains no rights, and pages open in other tabs hold tokens made from this secret.
        request.META["CSRF_COOKIE"] = csrf_secret
    return guest


def remember(request: HttpRequest) -> None:
    """Note that the person was seen, and prolong their session with it."""
    if request.user.is_authenticated and people.touch(request.user):
        request.session.modified = True


@Prepared
def _session(key: str, person: UUID, now: datetime) -> QuerySet[Session, Any]:
    rows = Session.objects.filter(session_key=key, person=person, expire_date__gt=now)
    return rows.values_list("session_data", "person__password", "person__is_active")


def is_active_session(session: SessionBase, person: Person) -> bool:
    """Whether `session` is still that of `person`, in one query: sockets check it before each action.

    False after signing out or in to another account, a change of password, suspension or erasure.
    Raises DatabaseError.
    """
    row = _session.first(session.session_key, person.pk, timezone.now()) if session.session_key else None
    if row is None:
        return False
    data, password, is_active = row
    known = Session(session_data=data).get_decoded().get(HASH_SESSION_KEY, "")
    return is_active and constant_time_compare(known, Person(password=password).get_session_auth_hash())
