"""Meta's callbacks about people who signed in with Facebook: they removed the app, or ask that their data is deleted.

https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback

Meta names people by an id that only our app knows, which is no contact's id: it leads to somebody where they signed in
with Facebook here, and to nobody otherwise. Whose chats are meant, nobody can tell from it.
"""

import base64
import logging
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from assistant import traces
from assistant.models import Person
from integrations.models import DeletionRequest
from integrations.signatures import secrets, signed_request

logger = logging.getLogger(__name__)

REQUEST_CHARACTERS = 8_000
ID_CHARACTERS = 191
# Through which door of ours a person came of whom this secret speaks.
PROVIDERS = {"meta": "facebook", "instagram": "instagram"}


@csrf_exempt
@require_POST
def deauthorize(request: HttpRequest) -> HttpResponse:
    """Somebody removed the app: what Facebook gave us about them goes. They may sign in with it again."""
    found = verified(request)
    if found is None:
        return HttpResponse(status=403)
    account = sign_in(*found)
    if account is not None:
        account.socialtoken_set.all().delete()
        account.extra_data = {}
        account.save(update_fields=["extra_data"])
    logger.info("somebody removed the app of a provider", extra={"provider": found[0]})
    return HttpResponse(status=200)


@csrf_exempt
@require_POST
def delete_data(request: HttpRequest) -> HttpResponse:
    """Erase the person, once, and tell Meta where they can read that it was done."""
    found = verified(request)
    if found is None:
        return HttpResponse(status=403)
    # The same request again has the same code, and erases nobody who came back meanwhile.
    code = code_for(request.POST["signed_request"])
    try:
        person = carry_out(*found, code)
    except IntegrityError:
        person = None
    if person is not None:
        logger.info("a person was erased, as they asked of a provider", extra={"provider": found[0]})
    address = settings.SITE_URL + reverse("deletion", args=[code])
    return JsonResponse({"url": address, "confirmation_code": code})


def verified(request: HttpRequest) -> tuple[str, str] | None:
    """The provider and its id of the person that a request is about; None unless one of our secrets signed it.

    Raises Http404 where no secret is set.
    """
    known = secrets()
    if not known:
        raise Http404
    text = request.POST.get("signed_request", "")
    if len(text) > REQUEST_CHARACTERS:
        return None
    for signer, secret in known.items():
        value = signed_request(text, secret)
        if value is None:
            continue
        user_id = value.get("user_id")
        named = isinstance(user_id, str | int) and not isinstance(user_id, bool)
        return (PROVIDERS[signer], str(user_id)) if named and 0 < len(str(user_id)) <= ID_CHARACTERS else None
    logger.warning("a callback was refused: its signature is not ours")
    return None


@transaction.atomic
def carry_out(provider: str, user_id: str, code: str) -> Person | None:
    """Erase who is meant; None where that is nobody. Raises IntegrityError where the request was carried out before."""
    request = DeletionRequest.objects.create(digest=digest_of(code), outcome=DeletionRequest.Outcome.NOTHING)
    account = sign_in(provider, user_id)
    if account is None:
        return None
    person: Person = account.user
    traces.erase(person)
    request.outcome = DeletionRequest.Outcome.ERASED
    request.save(update_fields=["outcome"])
    return person


def sign_in(provider: str, user_id: str) -> Any:
    """The SocialAccount with a provider's id; None where there is none, or nobody can sign in like that here."""
    if not apps.is_installed("allauth.socialaccount"):
        return None
    accounts = apps.get_app_config("socialaccount").get_model("SocialAccount")
    return accounts._default_manager.select_related("user").filter(provider=provider, uid=user_id).first()


def code_for(text: str) -> str:
    """The code of a request, by our key: nobody guesses it, and the same request gives it again."""
    made = salted_hmac("integrations.callbacks.code", text, algorithm="sha256").digest()[:18]
    return base64.urlsafe_b64encode(made).decode()


def digest_of(code: str) -> str:
    """By what a code is found: it is not stored itself."""
    return salted_hmac("integrations.callbacks.digest", code, algorithm="sha256").hexdigest()


def outcome_of(code: str) -> DeletionRequest:
    """The request with that code. Raises Http404."""
    found = DeletionRequest.objects.filter(digest=digest_of(code)).first()
    if found is None:
        raise Http404
    return found
