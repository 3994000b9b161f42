"""How the model is told of tools in this process: as the setting says, or as a trial of the server found."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from assistant.llama.backends import Backend, Kind
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_trial import UNTRIED, ToolMode, TrialResult, trial_options, try_tools

logger = logging.getLogger(__name__)

MODES: dict[str, ToolMode] = {mode: mode for mode in get_args(ToolMode)}
# What works with every server, until a trial has ended.
DEFAULT: ToolMode = "text"
# A trial that came to no end is repeated, no sooner than after this time.
RETRY_SECONDS = 300.0
# So often a trial steps aside for answers, or waits for their end. A busy server would never be tried otherwise.
MOST_DELAYS = 20

NATIVE_FAILED = TrialResult("text", "the server failed in an answer for which it should have read calls")


def set_mode(setting: str, *, is_demo: bool) -> ToolMode | None:
    """The mode that LLAMA_TOOLS names. With "auto" it is found by a trial (None), but the demonstration model, which is
    too small for tools, gets none."""
    return MODES.get(setting) or ("off" if is_demo else None)


class ToolChoice:
    """The mode for one server. Use it as `async with`; it belongs to one event loop.

    With "auto" the server is tried in the background, when this process begins and when its kind or model changes:
    while no answer is being made, so that nobody waits for a word because of it. Until it is known the mode is `text`.
    """

    def __init__(self, client: LlamaClient, options: LlamaOptions, setting: str, *, is_demo: bool) -> None:
        """`client` tells what the server is; trials have a client of their own."""
        self._client = client
        # Made here and not in the loop, see Transport.
        self._trial_client = LlamaClient(trial_options(options))
        self._set = set_mode(setting, is_demo=is_demo)
        self._found: TrialResult | None = None
        self._found_for: tuple[Kind, str] | None = None
        self._tried_at = 0.0
        self._trying: asyncio.Task[None] | None = None
        self._answers = 0
        self._delays = 0

    async def __aenter__(self) -> "ToolChoice":
        self._begin()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._trying:
            self._trying.cancel()
            await asyncio.wait([self._trying])
        await self._trial_client.close()

    async def mode(self) -> ToolMode:
        """The mode for the next request, which waits no longer than for `LlamaClient.backend_soon`."""
        if self._set:
            return self._set
        try:
            backend = await self._client.backend_soon()
        except LlamaError:
            # The request for the answer meets the same error, and handles it.
            return DEFAULT
        is_known = bool(backend.models) or backend.context_is_told
        if is_known and self._found_for not in (None, _identity(backend)):
            self._found, self._found_for, self._delays = None, None, 0
        return self._found.mode if self._found else DEFAULT

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around an answer that is being made: a trial steps aside for it, and goes on in a pause."""
        self._answers += 1
        if self._trying and not self._trying.done() and self._may_be_delayed():
            self._trying.cancel()
        try:
            yield
        finally:
            self._answers -= 1
            self._begin()

    def native_failed(self) -> None:
        """The server failed in an answer with tools in the request's field, and answered without."""
        if not self._set and self._found and self._found.mode == "native":
            logger.warning("tools are now described in words: %s", NATIVE_FAILED.reason)
            self._found = NATIVE_FAILED

    def _begin(self) -> None:
        """Try the server, where that is due and nobody waits for it."""
        is_due = self._found is None or self._is_old()
        is_trying = self._trying is not None and not self._trying.done()
        if self._set or is_trying or not is_due or (self._answers and self._may_be_delayed()):
            return
        self._trying = asyncio.create_task(self._try())

    def _may_be_delayed(self) -> bool:
        """Whether the trial may wait for answers once more; counts that it does."""
        self._delays += 1
        return self._delays <= MOST_DELAYS

    def _is_old(self) -> bool:
        undecided = self._found is not None and not self._found.decided
        return undecided and asyncio.get_running_loop().time() > self._tried_at + RETRY_SECONDS

    async def _try(self) -> None:
        """Find the mode. What goes wrong is a result: it is tried again later."""
        found = UNTRIED
        try:
            backend = await self._trial_client.backend(fresh=True)
            found = await try_tools(self._trial_client, backend.kind)
            self._found_for = _identity(backend)
        except LlamaError as error:
            logger.info("the trial of tools has to wait: %s", error)
        self._found, self._tried_at = found, asyncio.get_running_loop().time()
        logger.info("tools: %s, as %s", found.mode, found.reason)


def _identity(backend: Backend) -> tuple[Kind, str]:
    """What a trial holds for."""
    return backend.kind, backend.model
