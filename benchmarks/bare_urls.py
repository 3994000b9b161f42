"""The addresses of the site, and one that stores what is posted, see bare_webhook.py."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from assistant.database import in_thread
from integrations.models import Delivery
from web.urls import urlpatterns as ours


@csrf_exempt
async def bare(request: HttpRequest) -> HttpResponse:
    """Store the body."""
    await store(request.read())
    return HttpResponse(status=200)


@in_thread
def store(body: bytes) -> None:
    """Nobody reads it: it counts as done."""
    digest = hashlib.sha256(body).hexdigest()
    Delivery.objects.create(digest=digest, body=body, signer="meta", state=Delivery.State.DONE)


urlpatterns = [path("webhooks/bare", bare), *ours]
