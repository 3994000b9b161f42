"""The forms by which a visitor agrees to the terms of the site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from assistant import agreement
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Person
from web.accounts.identity import visitor
from web.http import error_page, is_fragment
from web.terms import AGREE


async def take_agreement(request: HttpRequest, person: Person) -> None:
    """Keep the yes that a form carries, if it does."""
    if request.POST.get(AGREE):
        await in_thread(agreement.agree)(person)


@require_POST
async def agree(request: HttpRequest) -> HttpResponse:
    """Keep the visitor's yes; they become a guest."""
    try:
        person = await visitor(request)
    except AssistantError as error:
        return await in_thread(error_page)(request, error)
    await in_thread(agreement.agree)(person)
    if is_fragment(request):
        return HttpResponse(status=204)
    following = request.POST.get("next", "")
    own = following.startswith("/") and url_has_allowed_host_and_scheme(following, allowed_hosts=None)
    return redirect(following if own else "you")


urlpatterns = [path("you/agree", agree, name="agree")]
