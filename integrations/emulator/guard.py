"""Who may speak to the emulator: this machine, under a name of this machine; pages only from the emulator itself."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

MARK = {"X-Chaski-Emulator": "1"}
NAMES = {"127.0.0.1", "localhost", "[::1]"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other host names (DNS rebinding) and pages of other sites."""
    if not allowed(request):
        return web.Response(status=403, text="Only this machine may ask the emulator.")
    return await handler(request)


async def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer says that it is the emulator's, that of a failure too."""
    response.headers.update(MARK)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")


def allowed(request: web.Request) -> bool:
    """Whether the host is this machine by name, and the origin, where a page asks, the emulator's own."""
    host = request.headers.get("Host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name not in NAMES:
        return False
    origin = request.headers.get("Origin")
    if origin is not None:
        parts = urlsplit(origin)
        return parts.scheme == "http" and parts.netloc == host
    # Navigating to a page is fine; reaching in from another site's page is not.
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin") or request.method == "GET"
