"""Where Meta delivers: one address for all apps. A delivery is stored and acknowledged; a courier reads it later."""

import hashlib
import hmac
import logging
import threading
from collections import deque
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from assistant.database import in_thread
from integrations import wake
from integrations.models import Delivery
from integrations.signatures import signer_of

logger = logging.getLogger(__name__)

BODY_BYTES = 4 * 1024 * 1024
CHALLENGE_CHARACTERS = 200
# How many deliveries are stored in one transaction.
AT_ONCE = 100


@csrf_exempt
async def webhook(request: HttpRequest) -> HttpResponse:
    """The handshake, or a delivery. Without a secret there is no such address."""
    if request.method == "GET":
        return handshake(request)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "GET, POST"})
    secrets = {"meta": settings.META_APP_SECRET, "instagram": settings.INSTAGRAM_APP_SECRET}
    if not any(secrets.values()):
        raise Http404
    body = request.read(BODY_BYTES + 1)
    if len(body) > BODY_BYTES:
        return HttpResponse(status=413)
    signer = signer_of(body, request.headers.get("X-Hub-Signature-256", ""), secrets)
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
    if not (token and (settings.META_APP_SECRET or settings.INSTAGRAM_APP_SECRET)):
        raise Http404
    given = request.GET.get("hub.verify_token", "")
    if request.GET.get("hub.mode") != "subscribe" or not hmac.compare_digest(given.encode(), token.encode()):
        return HttpResponse(status=403)
    challenge = request.GET.get("hub.challenge", "")[:CHALLENGE_CHARACTERS]
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


@dataclass(eq=False)
class Waiting:
    """A delivery that is to be stored, and what came of it."""

    delivery: Delivery
    done: bool = False
    error: DatabaseError | None = None


_waiting: deque[Waiting] = deque()
_writing = threading.Lock()


async def store(body: bytes, signer: str) -> None:
    """Keep a delivery, once, and wake a courier. Raises DatabaseError."""
    waiting = Waiting(Delivery(digest=hashlib.sha256(body).hexdigest(), body=body, signer=signer))
    _waiting.append(waiting)
    await in_thread(_write)(waiting)


def _write(mine: Waiting) -> None:
    """Store a delivery, with all others that wait: in a rush each would wait for the transaction of each before it."""
    with _writing:
        while not mine.done:
            together = [_waiting.popleft() for _ in range(min(len(_waiting), AT_ONCE))]
            problem: DatabaseError | None = DatabaseError("who was to store it failed")
            try:
                Delivery.objects.bulk_create([one.delivery for one in together], ignore_conflicts=True)
                problem = None
            except DatabaseError as error:
                problem = error
            finally:
                for one in together:
                    one.done, one.error = True, problem
    if mine.error:
        raise mine.error
    wake.couriers()
