"""What a search engine is, and one request to it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from assistant.responses import cause_name, read_json
from assistant.websearch.errors import EngineError, EngineLimitedError, EngineSetupError
from assistant.websearch.results import RESULTS, Query, Result

MAX_BYTES = 2 * 1024 * 1024
# What an engine may ask us to wait, at least and at most, and what we wait where it does not say.
SHORTEST_REST, LONGEST_REST, USUAL_REST = 1.0, 3600.0, 60.0
# Identifiers of errors, safe to log; sentences may quote what was searched for.
CODE = re.compile(r"[A-Za-z_][\w.\-]{0,60}")


class Engine(Protocol):
    """One search engine. `name` is the one in SEARCH_ENGINES; `knows_freshness`: it can search in what is new."""

    name: str
    knows_freshness: bool

    async def search(self, query: Query) -> list[Result]:
        """At most RESULTS pages, the best first. Raises EngineError. The caller limits the time."""


def host_of(url: str) -> str:
    """Host and port for the log, without credentials that the address may hold."""
    return urlsplit(url).netloc.rpartition("@")[2]


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str | int] | None = None,
    body: object = None,
    hints: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """The JSON object that an engine answers. `hints` tell the operator what to do about a status.

    Raises EngineError: EngineLimitedError for 429, EngineSetupError for 401, 402, 403 and whatever has a hint.
    """
    host = host_of(url)
    try:
        async with http.stream(method, url, params=params, json=body, headers=headers) as response:
            value = await read_json(response, MAX_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineError(f"{host} cannot be reached: {cause_name(error)}") from None
    status = response.status_code
    if status == 200 and isinstance(value, dict):
        return value
    text = f"{host} answered {status}" + "".join(f" ({code})" for code in _codes(value))
    if status == 200:
        raise EngineError(f"{host} sent no JSON object, or too much")
    if status == 429:
        raise EngineLimitedError(text, retry_after(response.headers))
    hint = (hints or {}).get(status, "")
    if hint or status in (401, 402, 403):
        raise EngineSetupError(f"{text}: {hint}" if hint else text)
    raise EngineError(text)


def retry_after(headers: httpx.Headers) -> float:
    """The delay in seconds that a response asks for, within bounds: Retry-After, or the windows of a rate limit."""
    asked = (_seconds(headers.get("retry-after", "")), _window(headers))
    seconds = next((one for one in asked if one is not None), USUAL_REST)
    return max(SHORTEST_REST, min(seconds, LONGEST_REST))


def entries(value: object) -> list[dict[str, Any]]:
    """The objects in a list of results, as many as are read of one engine."""
    found = value if isinstance(value, list) else []
    return [entry for entry in found[: 5 * RESULTS] if isinstance(entry, dict)]


def collect(rows: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Result | None]) -> list[Result]:
    """The results that can be read from `rows`, within the bound."""

    def readable() -> Iterator[Result]:
        for row in rows:
            if result := read(row):
                yield result

    return [result for result, _place in zip(readable(), range(RESULTS), strict=False)]


def _codes(value: object) -> list[str]:
    """The identifiers of an error body."""
    inner = value.get("error") if isinstance(value, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    return [code] if isinstance(code, str) and CODE.fullmatch(code) else []


def _seconds(text: str) -> float | None:
    """Seconds from now, written as a number or a date; None where it is neither."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text.strip()):
        return float(text)
    try:
        due = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (due if due.tzinfo else due.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()


def _window(headers: httpx.Headers) -> float | None:
    """The reset of the window that is used up, as `X-RateLimit-Remaining: 0, 1500` and `X-RateLimit-Reset: 1, 9999`."""
    left, resets = (headers.get(f"x-ratelimit-{name}", "").split(",") for name in ("remaining", "reset"))
    used_up = [_seconds(reset) for remaining, reset in zip(left, resets, strict=False) if remaining.strip() == "0"]
    return max((seconds for seconds in used_up if seconds is not None), default=None)
