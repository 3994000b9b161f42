"""Where Meta delivers: one address for all apps. A delivery is stored and acknowledged; a courier reads it later."""

import asyncio
import hashlib
import hmac
import logging
import re

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from assistant.database import in_thread
from integrations import wake
from integrations.models import Delivery
from integrations.signatures import secrets, signer_of

logger = logging.getLogger(__name__)

BODY_BYTES = 4 * 1024 * 1024
# The signature of a larger body is computed beside the loop.
LARGE_BYTES = 64 * 1024
SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
CHALLENGE_CHARACTERS = 200


@csrf_exempt
async def webhook(request: HttpRequest) -> HttpResponse:
    """The handshake, or a delivery. Without a secret there is no such address."""
    if request.method == "GET":
        return handshake(request)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "GET, POST"})
    known = secrets()
    if not known:
        raise Http404
    signature = request.headers.get("X-Hub-Signature-256", "")
    if not SIGNATURE.fullmatch(signature):
        logger.warning("a delivery was refused: it has no signature")
        return HttpResponse(status=403)
    body = request.read(BODY_BYTES + 1)
    if len(body) > BODY_BYTES:
        return HttpResponse(status=413)
    if len(body) > LARGE_BYTES:
        signer = await asyncio.to_thread(signer_of, body, signature, known)
    else:
        signer = signer_of(body, signature, known)
    if signer is None:
        logger.warning("a delivery was refused: its signature is not ours")
        return HttpResponse(status=403)
    try:
        await store(body, signer)
    except DatabaseError as error:
        # Meta sends it again.
        logger.error("a delivery could not be stored: %s", error)
        return HttpResponse(status=503, headers={"Retry-After": "10"})
    return HttpResponse(status=200)


def handshake(request: HttpRequest) -> HttpResponse:
    """Show Meta that the address is ours: its challenge, as plain text."""
    token = settings.META_VERIFY_TOKEN
    if not (token and secrets()):
        raise Http404
    given = request.GET.get("hub.verify_token", "")
    if request.GET.get("hub.mode") != "subscribe" or not hmac.compare_digest(given.encode(), token.encode()):
        return HttpResponse(status=403)
    challenge = request.GET.get("hub.challenge", "")[:CHALLENGE_CHARACTERS]
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


@in_thread
def store(body: bytes, signer: str) -> None:
    """Keep a delivery, once, and wake a courier. Raises DatabaseError."""
    delivery = Delivery(digest=hashlib.sha256(body).hexdigest(), body=body, signer=signer)
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
    wake.couriers()
