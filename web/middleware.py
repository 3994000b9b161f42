"""The middleware of all pages."""

from collections.abc import Callable
from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

ADMIN = "/admin/"
# What Chromium and others know, and we never ask for, but for the microphone where one can dictate.
DEVICES = {"camera", "display-capture", "geolocation", "hid", "microphone", "midi", "payment", "usb"}
TRUSTED_TYPES = {"require-trusted-types-for": ["'script'"], "trusted-types": ["chaski"]}


class PrivatePagesMiddleware(MiddlewareMixin):
    """Keeps pages out of shared and disk caches, as nearly all of them are personal."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class PoliciesMiddleware(MiddlewareMixin):
    """Tells browsers what no page of ours does: use a device, or make HTML of text but by static/js/shared/http.js.

    Django's admin makes HTML its own way. It stands before the middleware of the Content-Security-Policy in the answer.
    """

    get_response: Callable[[HttpRequest], HttpResponse]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        in_admin = request.path.startswith(ADMIN)
        response.headers.setdefault(
            "Permissions-Policy", devices(can_dictate=bool(settings.SPEECH_URL) and not in_admin)
        )
        if not in_admin:
            response._csp_update = {**getattr(response, "_csp_update", {}), **TRUSTED_TYPES}  # type: ignore[attr-defined]
        return response


def devices(*, can_dictate: bool) -> str:
    """The Permissions-Policy: no device, or for our own pages the microphone."""
    allowed = {"microphone"} if can_dictate else set()
    return ", ".join(f"{name}=({'self' if name in allowed else ''})" for name in sorted(DEVICES))


class TimeZoneMiddleware(MiddlewareMixin):
    """Shows times and dates in the time zone of the browser, which web/static/js/shared/early.js names in a cookie.

    Not by a script that rewrites them: so they are right at the first paint, in sentences too. What is no name of a
    zone is ignored.
    """

    get_response: Callable[[HttpRequest], HttpResponse]

    def process_request(self, request: HttpRequest) -> None:
        name = request.COOKIES.get("timezone", "")
        if name in zones():
            timezone.activate(name)
        else:
            timezone.deactivate()


@cache
def zones() -> set[str]:
    """The names of all time zones."""
    return available_timezones()
