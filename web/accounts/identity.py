"""The person and the network address behind a request."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from assistant import people
from assistant.database import in_thread
from assistant.models import Person
from web.models import Session
from web.process import current_process

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
IPV6_BLOCK = 64


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


def is_active_session(session: SessionBase, person: Person) -> bool:
    """Whether `session` is still that of `person`, in one query: sockets check it before each action.

    False after signing out or in to another account, a change of password, suspension or erasure.
    Raises DatabaseError.
    """
    row = (
        Session.objects.select_related("person")
        .only("session_data", "person__password", "person__is_active")
        .filter(session_key=session.session_key, person=person.pk, expire_date__gt=timezone.now())
        .first()
    )
    if row is None or row.person is None or not row.person.is_active:
        return False
    known = row.get_decoded().get(HASH_SESSION_KEY, "")
    return constant_time_compare(known, row.person.get_session_auth_hash())


def address_block(source: HttpRequest | Mapping[str, Any]) -> str:
    """The address of a request or an ASGI scope, as the key for rate limits.

    The block is one IPv4 address or a /64 of IPv6. `X-Forwarded-For` counts only as far as it was
    written by `TRUSTED_PROXIES`. "unknown" where the server knows none (a Unix socket).
    """
    peer, forwarded = _hops(source)
    address = _parse(peer)
    for hop in reversed(forwarded):
        before = _parse(hop)
        if address is None or before is None or not _is_trusted(address):
            break
        address = before
    return "unknown" if address is None else _block(address)


def _hops(source: HttpRequest | Mapping[str, Any]) -> tuple[str, list[str]]:
    """The address that connected, and those it forwards for, nearest last."""
    if isinstance(source, HttpRequest):
        peer, claims = source.META.get("REMOTE_ADDR", ""), source.META.get("HTTP_X_FORWARDED_FOR", "")
    else:
        peer, claims = (source.get("client") or [""])[0], ",".join(_forwarded_headers(source))
    return peer, claims.split(",") if claims else []


def _forwarded_headers(scope: Mapping[str, Any]) -> Iterator[str]:
    for name, value in scope.get("headers", ()):
        if name.lower() == b"x-forwarded-for":
            yield value.decode("latin-1")


def _parse(text: str) -> Address | None:
    """An address, also from `1.2.3.4:80`, `[::1]:80` and `fe80::1%eth0`; None if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _block(address: Address) -> str:
    prefix = IPV6_BLOCK if address.version == 6 else address.max_prefixlen
    return str(ipaddress.ip_network((cast(Any, address), prefix), strict=False))
