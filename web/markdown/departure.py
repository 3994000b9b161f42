"""The links to our page that asks before a link leads to another site.

Their addresses are signed, so that the page shows nothing that no answer has linked to. The same address is signed
alike each time, so that an answer that streams ends as it is shown later.
"""

from urllib.parse import quote, urlsplit

from django.core import signing
from django.urls import reverse

from assistant.markdown.links import LINK_CHARACTERS

SIGNATURE_CHARACTERS = 100


def departure(address: str) -> str:
    """The link to the page that asks before it leads to `address`."""
    return f"{reverse('leave')}?to={quote(_signer().sign(address), safe='/:')}"


def is_departure(link: str) -> str | None:
    """`link` where it leads to the page that asks, the only page of ours that an answer links to; else None."""
    return link if link.startswith(f"{reverse('leave')}?to=http") else None


def destination(signed: str) -> str:
    """The address that was signed. Raises ValueError where it was not, or is none that a link leads to."""
    if len(signed) > LINK_CHARACTERS + SIGNATURE_CHARACTERS:
        raise ValueError("the address is too long")
    try:
        address = _signer().unsign(signed)
    except signing.BadSignature as error:
        raise ValueError("the address was not signed here") from error
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address is none of the web")
    return address


def _signer() -> signing.Signer:
    return signing.Signer(salt="web.markdown.departure")
