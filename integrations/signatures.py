"""Meta's signatures: of webhook requests, and of the `signed_request` of its callbacks.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

PREFIX = "sha256="


def secrets() -> dict[str, str]:
    """The secrets that are set and by which Meta may sign, by the name of the signer; none: no delivery is believed."""
    known = {"meta": settings.META_APP_SECRET, "instagram": settings.INSTAGRAM_APP_SECRET}
    return {signer: secret for signer, secret in known.items() if secret}


def signer_of(body: bytes, header: str, secrets: Mapping[str, str]) -> str | None:
    """Which of the `secrets` signed the bytes of a request, by its name; None where none did, or none is set."""
    if not header.startswith(PREFIX):
        return None
    found = None
    for name, secret in secrets.items():
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if secret and hmac.compare_digest(expected.encode(), header.removeprefix(PREFIX).encode()):
            found = found or name
    return found


def signed_request(text: str, secret: str) -> Mapping[str, Any] | None:
    """What a `signed_request` says; None unless `secret` signed it.

    It is `signature.payload`, both base64url without padding; signed are the letters of the payload.
    """
    signature, dot, payload = text.partition(".")
    if not (secret and dot and text.isascii()):
        return None
    expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    try:
        if not hmac.compare_digest(expected, _decoded(signature)):
            return None
        value = json.loads(_decoded(payload))
    except (binascii.Error, ValueError, RecursionError):
        return None
    known = isinstance(value, dict) and str(value.get("algorithm")).upper() == "HMAC-SHA256"
    return value if known else None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
