"""The page that Meta shows to people who asked it that we delete their data."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from integrations.callbacks import outcome_of
from integrations.models import DeletionRequest


@require_safe
def deletion(request: HttpRequest, code: str) -> HttpResponse:
    """What became of a request, for whoever has its code. Raises Http404."""
    found = outcome_of(code)
    context = {"erased": found.outcome == DeletionRequest.Outcome.ERASED, "day": found.created_at}
    return render(request, "you/deletion.html", context)


urlpatterns = [path("deletion/<str:code>", deletion, name="deletion")]
