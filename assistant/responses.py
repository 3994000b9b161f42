"""Responses of services that the operator named: bounded, and without trust."""

import json

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
