"""Health checks for monitoring: liveness of the process, readiness of all it depends on."""

import asyncio
import logging
from collections.abc import Awaitable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.llama.errors import LlamaError
from assistant.runtime import Runtime
from web.process import current_process

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5


class Readiness:
    """Whether all that this process depends on answers; a part of web/process.py.

    Who asks meanwhile gets the same answer: nobody has others asked without end.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._asking: asyncio.Task[dict[str, bool]] | None = None

    async def close(self) -> None:
        """There is nothing to close."""

    async def found(self) -> dict[str, bool]:
        """What answers, by its name."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, bool]:
        runtime = self._runtime
        parts = {
            "database": query_database(),
            "redis": runtime.redis.ping(),
            "model": runtime.usual.client.backend(fresh=True),
        }
        results = await asyncio.gather(*(answers(name, part) for name, part in parts.items()))
        return dict(zip(parts, results, strict=True))


@require_safe
async def alive(request: HttpRequest) -> HttpResponse:
    """Liveness: the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """Readiness: the database, Redis and the model answer too; 503 when one of them does not."""
    found = await current_process().part(Readiness).found()
    return JsonResponse(found, status=200 if all(found.values()) else 503)


async def answers(name: str, part: Awaitable[object]) -> bool:
    """Whether `part` answers in time."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await part
    except (LlamaError, RedisError, DatabaseError, OSError, TimeoutError) as error:
        logger.warning("not ready: %s: %s", name, error)
        return False
    return True


@in_thread
def query_database() -> None:
    """The smallest query. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
