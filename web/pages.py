"""The pages about the site itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What this is, whose model answers, what is kept."""
    return render(request, "about.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read the start page and what it is about.

    Shared pictures are read by chats that show a preview; a header tells search engines to leave them out.
    """
    text = "User-agent: *\nAllow: /$\nAllow: /about/\nAllow: /s/\nDisallow: /\n"
    return HttpResponse(text, content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for a request that nobody's browser makes."""
    return render(request, "400.html", status=400)
