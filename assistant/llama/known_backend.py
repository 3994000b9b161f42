"""What is known about the model server: probed once for all who ask, cached, and never waited for for long."""

import asyncio

from assistant.llama.backends import DEFAULT_CONTEXT, Backend, probe
from assistant.llama.options import LlamaOptions
from assistant.llama.transport import Transport

CACHE_SECONDS = 300.0
# The same where the server did not answer the probe.
RETRY_SECONDS = 15.0
# An answer waits so long for a probe. Then it is asked for with what is known, and the probe goes on.
PATIENCE_SECONDS = 1.0


class KnownBackend:
    """The cached backend of one client. It belongs to one event loop."""

    def __init__(self, transport: Transport, options: LlamaOptions) -> None:
        self._transport = transport
        self._options = options
        self._backend: Backend | None = None
        self._expires_at = 0.0
        self._probing: asyncio.Task[Backend] | None = None
        self._is_late = False
        """Whether an answer has given up waiting, and no probe was answered since."""

    async def get(self, fresh: bool = False) -> Backend:
        """What the server is. `fresh`: as it is now.

        Raises UnreachableError, ModelLoadingError, ModelNotFoundError or NotAllowedError.
        """
        if self._backend and not fresh and asyncio.get_running_loop().time() < self._expires_at:
            return self._backend
        return await asyncio.shield(self._probe())

    async def get_soon(self) -> Backend:
        """The same, or what is known without a probe that takes long. Raises the same."""
        if self._backend and asyncio.get_running_loop().time() < self._expires_at:
            return self._backend
        probing = self._probe()
        if not self._is_late:
            await asyncio.wait([probing], timeout=PATIENCE_SECONDS)
        if probing.done():
            return await probing
        self._is_late = True
        options = self._options
        return self._backend or Backend("unknown", options.model, options.context or DEFAULT_CONTEXT)

    def invalidate(self) -> None:
        """Probe again before the next request: after a failure another server may stand behind the address."""
        self._expires_at = 0.0

    async def close(self) -> None:
        """Cancel a probe that is under way."""
        if self._probing:
            self._probing.cancel()
            await asyncio.wait([self._probing])

    def _probe(self) -> asyncio.Task[Backend]:
        """The probe that is under way, or a new one."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_now())
            self._probing.add_done_callback(_retrieve_exception)
        return self._probing

    async def _probe_now(self) -> Backend:
        self._backend = await probe(self._transport, self._options)
        has_answered = bool(self._backend.models) or self._backend.context_is_told
        seconds = CACHE_SECONDS if has_answered else RETRY_SECONDS
        self._expires_at = asyncio.get_running_loop().time() + seconds
        self._is_late = self._is_late and not has_answered
        return self._backend


def _retrieve_exception(task: asyncio.Task[Backend]) -> None:
    """Mark the task's exception as retrieved: asyncio would log it when all callers were cancelled."""
    if not task.cancelled():
        task.exception()
