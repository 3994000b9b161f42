"""The card that asks for a yes to the terms of the site, on the pages where people write and draw."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from assistant import agreement
from assistant.models import Person

# The button of the card.
AGREE = "agree"


class TermsCard(NamedTuple):
    """What the card shows. Where no script runs it is open, and sends the `fields` of a form that was refused again."""

    address: str
    age: int
    action: str
    fields: list[tuple[str, str]]
    is_open: bool


def card(request: HttpRequest, person: Person | None) -> TermsCard | None:
    """The card for a page; None for who is asked nothing."""
    if agreement.has_agreed(person):
        return None
    refused = request.method == "POST"
    # A page cannot send files; those of a message are kept by now, and named.
    repeats = refused and (not request.FILES or hasattr(request, "kept_files"))
    fields = _fields(request) if repeats else [("next", reverse("start") if refused else request.path)]
    action = request.get_full_path() if repeats else reverse("agree")
    return TermsCard(settings.TERMS_URL, settings.TERMS_AGE, action, fields, refused)


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    kept = getattr(request, "kept_files", None)
    left_out = {"csrfmiddlewaretoken", AGREE} | ({"attachments"} if kept is not None else set())
    named = [(name, str(text)) for name, texts in request.POST.lists() if name not in left_out for text in texts]
    return [*named, *(("attachments", str(one)) for one in kept or ())]
