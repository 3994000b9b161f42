"""The page that asks before a link of an answer leads to another site. It never leads there by itself."""

import unicodedata
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from web.markdown.departure import destination
from web.markdown.outward import carries_data, looks_otherwise, readable

HEADERS = {"X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "no-referrer"}


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Where `?to=` leads, and whether to go. The same for every visitor: it reads neither session nor cookie."""
    try:
        context = _context(destination(request.GET.get("to", "")))
    except ValueError:
        return _page("shared_gone.html", {}, 404)
    return _page("leave.html", context)


def _context(address: str) -> dict[str, object]:
    """Raises ValueError for what is no address."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    before, _, _ = parts.netloc.rpartition("@")
    start = len(parts.scheme) + len("://") + (len(before) + 1 if before else 0)
    shown = readable(host)
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    name = f"[{host}]" if ":" in host else host
    after = address[start:][len(name) :]
    told = seen(unquote(after))
    return {
        "address": address,
        "host": name + port,
        "labels": f"{name}{port}".split("."),
        "readable": seen(shown) if shown != host else "",
        "looks_otherwise": looks_otherwise(host),
        "before": address[:start],
        "name": address[start:][: len(name)],
        "after": after,
        "told": told if told != after else "",
        "user": bool(before),
        "data": carries_data(parts),
    }


def seen(text: str) -> str:
    """`text` without signs that nobody sees, as those that turn lines around."""
    return "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in text)


def _page(template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    html = render_to_string(template, {"site_name": settings.SITE_NAME, **context})
    return HttpResponse(html, status=status, headers=HEADERS)
