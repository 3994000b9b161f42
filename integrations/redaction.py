"""Secrets stay out of what is logged, stored and shown: Meta repeats a token that it cannot read in its errors."""

from django.conf import settings

SECRETS = (
    "META_APP_SECRET",
    "META_VERIFY_TOKEN",
    "WHATSAPP_TOKEN",
    "MESSENGER_TOKEN",
    "INSTAGRAM_TOKEN",
    "INSTAGRAM_TOKEN_GIVEN",
    "INSTAGRAM_APP_SECRET",
)
# A shorter one would be found in any text.
SHORTEST = 4


def redacted(text: str, *more: str) -> str:
    """`text` without our tokens and secrets, nor `more` of them."""
    found = [*more, *(getattr(settings, name) for name in SECRETS)]
    for secret in sorted(set(found), key=len, reverse=True):
        text = text.replace(secret, "…") if len(secret) >= SHORTEST else text
    return text
