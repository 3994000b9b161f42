"""Requests to services that the operator named: their responses are bounded, and not trusted."""

import json
import ssl
from functools import cache

import httpx


async def read_json(response: httpx.Response, limit: int) -> object:
    """The JSON of a streamed response, or None where it is not JSON or longer than `limit` bytes.

    Raises httpx.HTTPError when the connection breaks.
    """
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            return None
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


def cause_name(error: Exception) -> str:
    """The name of the transport's exception below httpx's, or httpx's own, for the operator."""
    return type(error.__cause__ or error).__name__


@cache
def tls() -> ssl.SSLContext:
    """The authorities that are trusted: to read them takes longer than to connect."""
    return httpx.create_ssl_context(trust_env=False)
