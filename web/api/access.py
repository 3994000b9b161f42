"""Who asks: the owner of the API key that came with a request. Sessions and cookies count for nothing here."""

import re

from django.conf import settings
from django.http import HttpRequest

from assistant import api_keys, people
from assistant.database import in_thread
from assistant.models import ApiKey
from web.api.errors import ApiError

BEARER = re.compile(r"bearer +([!-~]{1,200})", re.IGNORECASE)


async def key_of(request: HttpRequest) -> ApiKey:
    """The key of a request, with its person. Raises ApiError, InvalidKeyError, SuspendedError, DatabaseError."""
    if not settings.API_KEYS:
        raise ApiError("This site gives programs no access.", 404, code="not_found")
    if api_keys.PREFIX in request.META.get("QUERY_STRING", ""):
        # Addresses end up in logs and histories.
        message = "A key in an address is refused. Revoke it, as others may have read it, and send one in a header."
        raise ApiError(message, 401, "authentication_error", "key_in_address", headers={"WWW-Authenticate": "Bearer"})
    given = BEARER.fullmatch(request.headers.get("Authorization", ""))
    if given is None:
        message = "Send your API key in the header 'Authorization: Bearer ...'. You make one on the site."
        raise ApiError(message, 401, "authentication_error", "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
    return await known(given[1])


@in_thread
def known(text: str) -> ApiKey:
    """The key that `text` is; its person was seen. Raises InvalidKeyError, SuspendedError."""
    key = api_keys.known(text)
    people.touch(key.person)
    return key


@in_thread
def holds(key: ApiKey) -> bool:
    """Whether it is a key still."""
    return api_keys.still_holds(key.id)
