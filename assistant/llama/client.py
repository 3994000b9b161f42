"""Client for any server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from assistant.llama.backends import Backend, probe, read_json
from assistant.llama.deadlines import Deadlines
from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    DecodingError,
    LlamaError,
    ModelLoadingError,
    RateLimitedError,
    UnreachableError,
)
from assistant.llama.files import cut_files
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Part
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import cause_name, error_from, read_problem
from assistant.llama.special import neutralise
from assistant.llama.stream import AnswerDecoder
from assistant.llama.tokens import correction, fit

# Concurrency is limited by the queue before the model, see assistant/queue.py, not here.
LIMITS = httpx.Limits(max_connections=10_000, max_keepalive_connections=100, keepalive_expiry=30)
BACKEND_CACHE_SECONDS = 300.0
MAX_ERROR_BYTES = 64 * 1024
# One token a byte, the upper bound: what `fit` assumes after the server refused the prompt as too long.
PESSIMISTIC_FACTOR = 2.0


class LlamaClient:
    """Client of one model server. Create one per event loop and share it: it pools connections."""

    def __init__(self, options: LlamaOptions) -> None:
        self._options = options
        # aiohttp's parser, written in C, halves the processor time of a token.
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(limits=LIMITS, trust_env=False),
            timeout=httpx.Timeout(None, connect=options.connect_seconds),
            trust_env=False,
        )
        self._backend: Backend | None = None
        self._backend_expires_at = 0.0
        self._probing: asyncio.Task[Backend] | None = None

    async def backend(self, fresh: bool = False) -> Backend:
        """What the server is and can do. Cached for some minutes, unless a call failed or `fresh` is set.

        Raises UnreachableError, ModelLoadingError or NotAllowedError.
        """
        if self._backend and not fresh and asyncio.get_running_loop().time() < self._backend_expires_at:
            return self._backend
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe())
            self._probing.add_done_callback(_retrieve_exception)
        return await asyncio.shield(self._probing)

    async def stream(self, messages: Sequence[ChatMessage], factor: float = 1.0) -> AsyncGenerator[Part]:
        """The answer in parts: Loading while the model loads, Reasoning while it thinks, Delta for text, one Finish.

        The oldest turns of `messages` are left out where the server's context is too small, see `tokens.fit`;
        `factor` is the one that came with the Finish of an earlier answer in this conversation.
        To stop, close the generator (`contextlib.aclosing`) or cancel its task: the connection closes at once, which
        ends the server's work. A server that is unreachable, loading or busy is retried, but never after the first
        token.

        Raises LlamaError: ContextTooLongError, ModelNotFoundError, NotAllowedError, UnreachableError,
        ModelLoadingError, RateLimitedError or LlamaServerError before the first token; FirstTokenTimeout,
        ReadTimeout, AnswerTimeout, DecodingError, EmptyAnswerError, CutOffError or what the server reports in the
        stream after it.
        """
        deadlines = Deadlines(self._options)
        response: httpx.Response | None = None
        while response is None:
            try:
                response, sent = await self._open(messages, deadlines, factor)
            except ContextTooLongError:
                # Our estimate was too low, or the last turn is too long in any case.
                if factor == PESSIMISTIC_FACTOR:
                    raise
                factor = PESSIMISTIC_FACTOR
            except LlamaError as error:
                self._invalidate_backend(error)
                delay = deadlines.retry_after(error)
                if delay is None:
                    raise
                if isinstance(error, ModelLoadingError):
                    yield Loading()
                await asyncio.sleep(delay)
        try:
            async with aclosing(self._decoded(response, deadlines)) as parts:
                async for part in parts:
                    yield _as_sent(part, sent) if isinstance(part, Finish) else part
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Cancel a probe that is under way and close all connections."""
        if self._probing:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await self._http.aclose()

    async def _probe(self) -> Backend:
        self._backend = await probe(self._http, self._options)
        self._backend_expires_at = asyncio.get_running_loop().time() + BACKEND_CACHE_SECONDS
        return self._backend

    def _invalidate_backend(self, error: LlamaError) -> None:
        """Probe again before the next request: after a failure another server may stand behind the address."""
        if not isinstance(error, RateLimitedError):
            self._backend_expires_at = 0.0

    async def _open(
        self, messages: Sequence[ChatMessage], deadlines: Deadlines, factor: float
    ) -> tuple[httpx.Response, list[ChatMessage]]:
        """A response whose body is an answer, and the messages that were sent. Raises LlamaError for any other."""
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                backend = await self.backend()
                fitting = fit(messages, backend.context, self._options.max_tokens, factor)
                return await self._post(self._body(fitting, backend)), fitting
        except TimeoutError:
            raise deadlines.timeout_error() from None

    def _body(self, messages: Sequence[ChatMessage], backend: Backend) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {
            "messages": [{"role": message.role, "content": neutralise(message.whole)} for message in messages],
            "max_tokens": min(options.max_tokens, backend.context // 2),
            "temperature": options.temperature,
            "top_p": 0.9,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return {"model": backend.model, **body} if backend.model else body

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        options = self._options
        request = self._http.build_request(
            "POST", f"{options.url}/chat/completions", json=body, headers=options.headers
        )
        try:
            response = await self._http.send(request, stream=True)
        except httpx.TransportError as error:
            raise UnreachableError(f"{options.host} cannot be reached: {cause_name(error)}") from error
        kind = response.headers.get("content-type", "")
        if response.status_code == 200 and not kind.startswith(("application/json", "text/html")):
            return response
        try:
            raise await self._response_error(response)
        finally:
            await response.aclose()

    async def _response_error(self, response: httpx.Response) -> LlamaError:
        """The error for a response without a stream."""
        try:
            value = await read_json(response, MAX_ERROR_BYTES)
        except httpx.HTTPError:
            value = None
        if response.status_code == 200 and not (isinstance(value, dict) and value.get("error")):
            return DecodingError(f"{self._options.host} sent no event stream")
        return error_from(read_problem(response.status_code, value), self._options.host, _retry_after(response))

    async def _decoded(self, response: httpx.Response, deadlines: Deadlines) -> AsyncGenerator[Part]:
        """The parts of an open response. Once the answer is complete, errors of the connection are ignored."""
        answer = AnswerDecoder(self._options.host)
        chunks = response.aiter_raw()
        while chunk := await self._next_chunk(chunks, deadlines, answer):
            text = answer.feed(chunk)
            if answer.reasoning:
                yield answer.reasoning
                deadlines.note_progress()
            if text:
                yield Delta(text)
                deadlines.note_progress()
            elif answer.started and not deadlines.started:
                deadlines.note_progress()
            if answer.problem:
                raise answer.problem
            if answer.ending:
                deadlines.note_end(answer.done)
        rest = answer.close()
        if answer.reasoning:
            yield answer.reasoning
        if rest:
            yield Delta(rest)
        if answer.problem:
            raise answer.problem
        yield answer.finish()

    async def _next_chunk(self, chunks: AsyncIterator[bytes], deadlines: Deadlines, answer: AnswerDecoder) -> bytes:
        """The next bytes, or none at the end. Raises ReadTimeout, FirstTokenTimeout, AnswerTimeout or CutOffError."""
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                return await anext(chunks, b"")
        except TimeoutError:
            if answer.ending:
                return b""
            raise deadlines.timeout_error() from None
        except httpx.TransportError as error:
            if answer.ending:
                return b""
            raise CutOffError(f"{self._options.host} broke the connection: {cause_name(error)}") from error


def _as_sent(finish: Finish, sent: Sequence[ChatMessage]) -> Finish:
    """`finish` with the files that were cut, and the factor that makes our estimate of what was sent the count."""
    finish = replace(finish, cut_files=cut_files([file for message in sent for file in message.files]))
    return replace(finish, factor=correction(sent, finish.prompt_tokens)) if finish.prompt_tokens else finish


def _retrieve_exception(task: asyncio.Task[Backend]) -> None:
    """Mark the task's exception as retrieved: asyncio would log it when all callers were cancelled."""
    if not task.cancelled():
        task.exception()


def _retry_after(response: httpx.Response) -> float | None:
    """The delay in seconds that a busy server asks for. HTTP also allows a date, which is ignored.

    `retry-after-ms` is OpenAI's: https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = response.headers.get(name, "")
        if value.isdecimal() and len(value) < 10:
            return int(value) * unit
    return None
