"""Requests to the model server. All that aiohttp and the network raise becomes a LlamaError here.

Those exceptions hold the request, and with it the key, so none is chained to ours: a log of ours, or of a library that
prints the causes of an error, shows a name of theirs and no more.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator

import aiohttp
import certifi
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError

from assistant.llama.errors import CutOffError, DecodingError, LlamaError, NotAllowedError, UnreachableError
from assistant.llama.options import LlamaOptions

# Concurrency is limited by the queue before the model, see assistant/queue.py, not here.
CONNECTIONS = 10_000
KEEP_ALIVE_SECONDS = 30.0
# ValueError: addresses and headers that cannot be sent. OSError: the network, where aiohttp lets it through.
# RuntimeError: a connection or a session that is closed.
FAILURES = (aiohttp.ClientError, HttpProcessingError, ValueError, OSError, RuntimeError)


class Reply:
    """An open response. Close it, or read it to its end."""

    def __init__(self, response: aiohttp.ClientResponse, host: str) -> None:
        self._response = response
        self.host = host
        self.status = response.status
        _wake_reader_when_closed(response)

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        return self._response.headers.get(name, "")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, decompressed where the server compresses although it is asked not to.

        Raises CutOffError where the connection breaks, DecodingError where the compression is broken.
        """
        failure: LlamaError
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
            return
        except FAILURES as error:
            failure = CutOffError(f"{self.host} broke the connection: {cause_name(error)}")
            if isinstance(error, ContentEncodingError) or isinstance(error.__cause__, ContentEncodingError):
                failure = DecodingError(f"{self.host} sent a body that cannot be decompressed")
        raise failure

    async def value(self, limit: int) -> object:
        """The JSON of the whole body; its text where it is no JSON; None where it is longer than `limit` bytes.

        Raises CutOffError or DecodingError, as `chunks`.
        """
        body = b""
        async for chunk in self.chunks():
            body += chunk
            if len(body) > limit:
                return None
        text = body.decode(errors="replace")
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value

    def close(self) -> None:
        """Close the connection at once, unless the body was read to its end."""
        self._response.close()


class Transport:
    """A pool of connections to one server, for one event loop."""

    def __init__(self, options: LlamaOptions) -> None:
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        # Read here and not in the loop, as it takes a while.
        self._trusted = _trusted_authorities() if options.base.startswith("https:") else True

    async def open(self, method: str, url: str, body: object = None) -> Reply:
        """Send a request and return once the head of the response is there, whatever its status.

        Raises UnreachableError, or NotAllowedError for a key that cannot be sent.
        """
        options = self._options
        if not options.key_is_sendable:
            raise NotAllowedError("LLAMA_KEY holds characters that no header can carry")
        if self._session is None:
            self._session = self._connect()
        try:
            response = await self._session.request(
                method, url, json=body, headers=options.headers, allow_redirects=False
            )
            return Reply(response, options.host)
        except aiohttp.ClientResponseError:
            failure = f"{options.host} does not answer in proper HTTP"
        except FAILURES as error:
            failure = f"{options.host} cannot be reached: {cause_name(error)}"
        raise UnreachableError(failure)

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _connect(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=self._trusted),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._options.connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )


def _trusted_authorities() -> ssl.SSLContext:
    """The certificate authorities of the system, which may hold the operator's own, and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def cause_name(error: BaseException) -> str:
    """The name of an exception of the transport, for the operator: its text may hold the request."""
    return type(error).__name__


def _wake_reader_when_closed(response: aiohttp.ClientResponse) -> None:
    """Fail the body as soon as its connection is closed.

    aiohttp closes the connection at a malformed chunk, and leaves the one who reads the body waiting.
    """
    connection = response.connection
    # Not by its truth: an empty queue is false.
    protocol = connection.protocol if connection is not None else None
    closed = protocol.closed if protocol is not None else None

    def fail(closed: asyncio.Future[None]) -> None:
        if not closed.cancelled():
            # It would be logged as never retrieved.
            closed.exception()
        if not response.content.is_eof() and response.content.exception() is None:
            response.content.set_exception(aiohttp.ClientPayloadError("the connection was closed"))

    if closed is not None:
        closed.add_done_callback(fail)
