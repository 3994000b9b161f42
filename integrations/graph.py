"""Meta's Graph API over HTTP: one account's token, one host. Every error becomes a ChannelError.

Errors are told by `code` and `error_subcode` in the table of the app. What has no code of an app, but was surely not
done, is a TemporaryError; what may have been done is an UncertainError.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from integrations.errors import ChannelError, LargeMediaError, MediaGoneError, TemporaryError, UncertainError
from integrations.redaction import redacted

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20
# An upload of 16 MB on a slow line, and what the app does with it.
MEDIA_SECONDS = 120
ANSWER_BYTES = 1_000_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """The error in an answer of the Graph API. `detail` are its words; they name no token.

    `transient`: the API itself says that it will pass. `code` and `subcode` are 0 where it names none.
    """

    status: int
    code: int
    subcode: int
    detail: str
    transient: bool = False

    def __str__(self) -> str:
        subcode = f"/{self.subcode}" if self.subcode else ""
        return f"{self.code}{subcode} (HTTP {self.status}): {self.detail}"


class Graph:
    """Calls with one token. `url` is the server with the version, `judge` makes an error of the app's own table.

    `async with` closes it at the end.
    """

    def __init__(self, url: str, token: str, judge: Callable[[Problem], ChannelError]) -> None:
        self.url = url
        self._token = token
        self._judge = judge
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, **parameters: str) -> Json:
        """What the API says about `path`. Raises ChannelError, but never UncertainError."""
        return await _harmless(self._call("GET", path, params=parameters))

    async def post(self, path: str, body: Mapping[str, Any], **parameters: str) -> Json:
        """Do something. Raises ChannelError: UncertainError where it may have been done."""
        return await self._call("POST", path, json=body, params=parameters)

    async def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Delete something. Raises ChannelError."""
        return await self._call("DELETE", path, **({"json": body} if body else {}))

    async def upload(self, path: str, fields: Mapping[str, str], field: str, file: tuple[str, bytes, str]) -> Json:
        """Upload `file` (name, bytes, type) as the form's `field`. Raises ChannelError, but never UncertainError:
        nobody sees a file that was uploaded twice."""
        return await _harmless(self._call("POST", path, data=fields, files={field: file}, timeout=MEDIA_SECONDS))

    async def download(self, url: str, most: int, hosts: tuple[str, ...]) -> bytes:
        """The bytes at `url`, with our token: only from one of `hosts`, or those below them. Raises ChannelError."""
        if not _may_have_token(url, self.url, hosts):
            raise MediaGoneError("a file of somebody lies on a host that is not the app's")
        try:
            async with self._http.stream("GET", url, timeout=MEDIA_SECONDS) as response:
                status = response.status_code
                if status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status):
                    raise TemporaryError(f"a file of somebody cannot be fetched now: HTTP {status}")
                if status != httpx.codes.OK:
                    raise MediaGoneError(f"a file of somebody cannot be fetched: HTTP {status}")
                data = bytearray()
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > most:
                        raise LargeMediaError(most)
                return bytes(data)
        except httpx.HTTPError as error:
            raise TemporaryError(f"a file of somebody cannot be fetched: {type(error).__name__}") from error

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        try:
            response = await self._http.request(method, f"{self.url}/{path.lstrip('/')}", **options)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TemporaryError(f"{urlsplit(self.url).hostname} cannot be reached") from error
        except httpx.HTTPError as error:
            # Not the error's own text: it may hold the address, and that the parameters.
            raise UncertainError(f"no answer of {urlsplit(self.url).hostname}: {type(error).__name__}") from error
        body = _json(response)
        if response.is_success and body is not None and "error" not in body:
            return body
        raise self._error(response.status_code, body)

    def _error(self, status: int, body: Json | None) -> ChannelError:
        error = (body or {}).get("error")
        if not isinstance(error, dict):
            if httpx.codes.is_client_error(status):
                return TemporaryError(f"HTTP {status} without a word of the API")
            return UncertainError(f"HTTP {status} without a word of the API")
        data = error.get("error_data")
        detail = data.get("details") if isinstance(data, dict) else None
        # A token that is no token is quoted in what is said about it.
        words = redacted(str(detail or error.get("message") or ""), self._token)[:300]
        code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
        return self._judge(Problem(status, code, subcode, words, error.get("is_transient") is True))


def _may_have_token(url: str, ours: str, hosts: tuple[str, ...]) -> bool:
    """Whether `url` is on our server, or by HTTPS on one of `hosts` or below them."""
    home = urlsplit(ours)
    try:
        parts, port = urlsplit(url), urlsplit(url).port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return False
    if (parts.scheme, parts.netloc) == (home.scheme, home.netloc):
        return True
    host = parts.hostname or ""
    known = any(host == name or host.endswith(f".{name}") for name in hosts)
    return known and parts.scheme == "https" and port in (None, 443)


async def _harmless(call: Awaitable[Json]) -> Json:
    """A call that may be repeated, whether or not it was carried out."""
    try:
        return await call
    except UncertainError as error:
        raise TemporaryError(str(error)) from error


def _json(response: httpx.Response) -> Json | None:
    if len(response.content) > ANSWER_BYTES:
        return None
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _number(value: object) -> int:
    try:
        number = int(value) if isinstance(value, str | int) else 0
    except ValueError:
        return 0
    return number if abs(number) < 10**12 else 0
