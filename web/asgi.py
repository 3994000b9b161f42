"""The ASGI application: pages, the socket, and the runtime that both need."""

import logging
import os
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from assistant import transcription, vision  # noqa: E402
from assistant.rooms.files import MOST_BYTES  # noqa: E402
from integrations.webhook import BODY_BYTES  # noqa: E402
from web.api import views  # noqa: E402
from web.bodies import API, BoundedBodies  # noqa: E402
from web.chat.socket import ChatConsumer  # noqa: E402
from web.machines import MachineHandler  # noqa: E402
from web.pictures.socket import PictureConsumer  # noqa: E402
from web.process import web_process  # noqa: E402
from web.rooms.socket import RoomConsumer  # noqa: E402
from web.sockets.base import RejectingConsumer  # noqa: E402

logger = logging.getLogger(__name__)

machines = MachineHandler()

BODY_SECONDS = 30
# A picture or text files, and the form around them.
FORM = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
MESSAGE_BODY = settings.ATTACHMENT_BYTES * settings.ATTACHMENTS_PER_MESSAGE + FORM
LARGER_BODIES = {
    "/imagine/upload": settings.UPLOAD_BYTES + 64 * 1024,
    "/attachments/": max(settings.ATTACHMENT_BYTES, settings.UPLOAD_BYTES if vision.is_on() else 0) + FORM,
    "/dictate": transcription.DICTATION_BYTES + FORM,
    # Forms carry files where no script runs.
    "/": MESSAGE_BODY,
    "/c/[0-9a-f-]{36}/messages": MESSAGE_BODY,
    "/m/[0-9a-f-]{36}/edit": MESSAGE_BODY,
    "/rooms/[0-9a-f-]{36}/messages": MESSAGE_BODY,
    "/rooms/[0-9a-f-]{36}/attach/": MOST_BYTES + FORM,
    "/webhooks/meta": BODY_BYTES,
    f"{API}chat/completions": views.BODY_BYTES,
}
# Where programs call, and no browser.
MACHINES = ("/webhooks/", API)


def origins() -> set[bytes]:
    """Where a page that opens our socket may come from: this site, and on a local one its other names."""
    url = urlsplit(settings.SITE_URL)
    names = {url.hostname or ""} | (set() if settings.HTTPS else {"localhost", "127.0.0.1"})
    port = "" if url.port in (None, 443 if settings.HTTPS else 80) else f":{url.port}"
    return {f"{url.scheme}://{f'[{name}]' if ':' in name else name}{port}".encode() for name in names}


def from_here(application: Any) -> Any:
    """`application` for our own pages alone. Browsers name the page's origin, and scripts cannot change it."""
    allowed, nowhere = origins(), RejectingConsumer.as_asgi()

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        named = [value for name, value in scope["headers"] if name == b"origin"]
        own = len(named) == 1 and named[0] in allowed
        await (application if own else nowhere)(scope, receive, send)

    return guarded


async def site(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The pages. Where SITE_URL says HTTPS, a proxy before us ends it: no header needs to be believed for that."""
    if settings.HTTPS:
        scope = {**scope, "scheme": "https"}
    await (machines if scope["path"].startswith(MACHINES) else pages)(scope, receive, send)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Open the runtime when the server starts, close it when it ends."""
    async with AsyncExitStack() as stack:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await stack.enter_async_context(web_process())
                await send({"type": "lifespan.startup.complete"})
            else:
                await stack.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return


sockets = URLRouter(
    [
        path("ws/", ChatConsumer.as_asgi()),
        path("ws/imagine/", PictureConsumer.as_asgi()),
        path("ws/room/", RoomConsumer.as_asgi()),
        re_path("", RejectingConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {
        "http": BoundedBodies(site, settings.DATA_UPLOAD_MAX_MEMORY_SIZE, BODY_SECONDS, LARGER_BODIES),
        "websocket": from_here(AuthMiddlewareStack(sockets)),
        "lifespan": lifespan,
    }
)
