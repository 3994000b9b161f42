"""The only way out to an address that a person, a page or a model chose.

Every address that a host resolves to is checked, and only those that were checked are dialled, so that a second answer
of the name server changes nothing. Redirects are followed by hand, each checked as the first. See docs/decisions/0014.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from assistant.fetch.addresses import Address, is_allowed, may_dial, parse
from assistant.fetch.errors import (
    BrokenResponseError,
    CertificateError,
    FetchError,
    PageClosedError,
    PageNotFoundError,
    RedirectError,
    SiteFaultError,
    SlowSiteError,
    UnknownSiteError,
    UnreachableSiteError,
    WrongTypeError,
)
from assistant.fetch.seats import Seats

MOST_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
STATUS_ERRORS: dict[int, type[FetchError]] = {
    401: PageClosedError,
    402: PageClosedError,
    403: PageClosedError,
    451: PageClosedError,
    404: PageNotFoundError,
    410: PageNotFoundError,
}
# Of one line of the response's head, and the number of its lines.
HEAD_BYTES = 8_190
HEAD_LINES = 128
CHUNK_BYTES = 64 * 1024
# A name server that does not answer holds a thread for many seconds; it must not be one that others need.
RESOLVER_THREADS = 8


@dataclass(frozen=True)
class Kind:
    """What is asked for: the media types that are taken, and how many bytes after decompression are read."""

    types: frozenset[str]
    most: int

    @property
    def accept(self) -> str:
        return ", ".join(sorted(self.types))


PAGE = Kind(frozenset({"text/html", "application/xhtml+xml", "text/plain"}), 2_000_000)
# Servers name icons in many ways; what they are is decided when they are decoded. SVG is not among them.
ICON = Kind(
    frozenset(
        {
            "application/octet-stream",
            "image/gif",
            "image/ico",
            "image/icon",
            "image/jpeg",
            "image/png",
            "image/vnd.microsoft.icon",
            "image/webp",
            "image/x-icon",
        }
    ),
    200_000,
)


@dataclass(frozen=True)
class Fetched:
    """A response. `url` is the address after all redirects; `cut` says that there was more than is read."""

    url: str
    type: str
    charset: str
    body: bytes = field(repr=False)
    cut: bool = False


Resolve = Callable[[str, int], Awaitable[list[Address]]]


@dataclass(frozen=True)
class FetchOptions:
    """`allowed` are hosts, with a port where it is not that of their scheme, that may have private addresses."""

    user_agent: str
    allowed: frozenset[str] = frozenset()
    connect_seconds: float = 5
    total_seconds: float = 10


class Fetcher:
    """Use it as `async with Fetcher(options) as fetcher`; it belongs to one event loop.

    `resolve` gives the addresses of a host; by default it asks the system.
    """

    def __init__(self, options: FetchOptions, resolve: Resolve | None = None) -> None:
        self._options = options
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")
        self._resolve = resolve or self._ask_the_system
        self._seats = Seats()

    async def __aenter__(self) -> "Fetcher":
        self._ssl = await asyncio.to_thread(trusted)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, address: str, kind: Kind = PAGE) -> Fetched:
        """GET it, without cookies, credentials or a proxy. Raises FetchError.

        A body over `kind.most` is cut there. The whole takes no longer than `total_seconds`, the wait for a seat too.
        """
        url = parse(address, self._options.allowed)
        try:
            async with asyncio.timeout(self._options.total_seconds):
                return await self._follow(url, kind)
        except TimeoutError as error:
            raise SlowSiteError(f"{url.raw_host} was not read within {self._options.total_seconds:g} s") from error

    async def _follow(self, url: URL, kind: Kind) -> Fetched:
        for _hop in range(MOST_REDIRECTS + 1):
            async with self._seats.seat(url.raw_host or ""):
                found = await self._get(url, kind)
            if isinstance(found, Fetched):
                return found
            if found == url:
                break
            url = found
        raise RedirectError(f"{url.raw_host} was one of more than {MOST_REDIRECTS} redirects, or leads to itself")

    async def _get(self, url: URL, kind: Kind) -> Fetched | URL:
        """The response, or where it leads."""
        pinned = Pinned(await self._checked(url))
        connector = aiohttp.TCPConnector(
            resolver=pinned,
            socket_factory=pinned.socket,
            ssl=self._ssl,
            use_dns_cache=False,
            force_close=True,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": kind.accept,
                "Accept-Encoding": "gzip, deflate",
                "Accept-Language": "*",
                "User-Agent": self._options.user_agent,
            },
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._options.connect_seconds),
            read_bufsize=CHUNK_BYTES,
            max_line_size=HEAD_BYTES,
            max_field_size=HEAD_BYTES,
            max_headers=HEAD_LINES,
            # Neither proxies nor a .netrc file of the environment: what is dialled is what was checked.
            trust_env=False,
        )
        try:
            async with session, session.get(url, allow_redirects=False) as response:
                if response.status in REDIRECTS:
                    return self._target(url, response)
                return await _read(url, response, kind)
        except aiohttp.ClientConnectorCertificateError as error:
            raise CertificateError(f"{url.raw_host} has no valid certificate") from error
        except aiohttp.ServerTimeoutError as error:
            raise SlowSiteError(f"{url.raw_host} accepts no connection in time") from error
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
            raise BrokenResponseError(f"{url.raw_host} sent no valid response: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableSiteError(f"{url.raw_host} cannot be reached: {type(error).__name__}") from error

    async def _checked(self, url: URL) -> list[Address]:
        """All addresses of its host, each of which may be dialled. Raises UnknownSiteError, UnreachableSiteError."""
        host = url.raw_host or ""
        try:
            addresses = await self._resolve(host, url.port or 0)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise UnreachableSiteError(f"{host} cannot be resolved right now") from error
            raise UnknownSiteError(f"{host} does not resolve") from error
        except (OSError, ValueError) as error:
            raise UnknownSiteError(f"{host} does not resolve") from error
        allowed = is_allowed(url, self._options.allowed)
        # A name with one bad address among good ones is an attempt to be dialled at the bad one.
        if not addresses or not all(may_dial(address, allowed=allowed) for address in addresses):
            raise UnknownSiteError(f"{host} resolves to an address that is not of the internet")
        return addresses

    async def _ask_the_system(self, host: str, port: int) -> list[Address]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [ip_address(sockaddr[0]) for *_rest, sockaddr in found]

    def _target(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        """Where a redirect leads. Raises RefusedAddressError, RedirectError."""
        location = response.headers.get("Location", "").strip()
        if not location:
            raise RedirectError(f"{url.raw_host} redirects to nowhere")
        try:
            target = parse(str(url.join(URL(location))), self._options.allowed)
        except ValueError as error:
            raise RedirectError(f"{url.raw_host} redirects to what does not parse") from error
        if url.scheme == "https" and target.scheme == "http":
            # Nobody on the way may write what is then read under the site's name. Most who do this mean their own
            # site behind a proxy that ends HTTPS, and answer there too; so it is asked for by HTTPS or not at all.
            target = target.with_scheme("https")
        return target


class Pinned(AbstractResolver):
    """Resolves any name to the addresses that were checked, and makes sockets for no others."""

    def __init__(self, addresses: list[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=_family(address),
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    def socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for one of the addresses; the last moment before it is dialled. Raises OSError for any other."""
        family, kind, protocol, _name, sockaddr = info
        if ip_address(sockaddr[0]) not in self._addresses:
            raise OSError(f"{sockaddr[0]} was not checked")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Nothing is held."""


def trusted() -> ssl.SSLContext:
    """TLS that trusts what the system trusts, and the list that comes along where a system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


async def _read(url: URL, response: aiohttp.ClientResponse, kind: Kind) -> Fetched:
    """Its body, if it is of that kind. Raises FetchError."""
    if response.status != 200:
        error = STATUS_ERRORS.get(response.status, SiteFaultError)
        raise error(f"{url.raw_host} answers {response.status}")
    if response.content_type not in kind.types or "Content-Type" not in response.headers:
        raise WrongTypeError(f"{url.raw_host} sends {response.content_type:.60}")
    if response.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        raise BrokenResponseError(f"{url.raw_host} compresses in a way that was not asked for")
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > kind.most:
            break
    return Fetched(
        url=str(url),
        type=response.content_type,
        charset=response.charset or "",
        body=bytes(body[: kind.most]),
        cut=len(body) > kind.most,
    )


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6
