"""Webhook requests as Meta sends them."""

import hashlib
import hmac
import json
from typing import Any

import httpx

from web.local.llama import NO_TLS

SECRET = "test-app-secret"
INSTAGRAM_SECRET = "test-instagram-secret"
VERIFY_TOKEN = "test-verify-token"


def signed(body: bytes, secret: str = SECRET) -> str:
    """The header for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def deliver(url: str, value: object, secret: str = SECRET) -> httpx.Response:
    """Post a delivery to the site at `url`, signed."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {"X-Hub-Signature-256": signed(body, secret), "Content-Type": "application/json"}
    return httpx.post(f"{url}/webhooks/meta", content=body, headers=headers, timeout=20, trust_env=False, verify=NO_TLS)


def page_delivery(**fields: Any) -> dict[str, Any]:
    """A delivery with nothing in it that anybody knows; `fields` make it another one each time."""
    return {"object": "page", "entry": [{"id": "0", "time": 1790000000123, **fields}]}
