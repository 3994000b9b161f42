"""The way to the model: any server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from assistant.llama.backends import Backend, probe, read_page
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
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Part
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import error_from, fault_name, read_problem
from assistant.llama.special import neutralise
from assistant.llama.stream import AnswerDecoder
from assistant.llama.tokens import correction, fit

# Answers are limited by the line before the model, not here.
LIMITS = httpx.Limits(max_connections=10_000, max_keepalive_connections=100, keepalive_expiry=30)
BACKEND_SECONDS = 300.0
MAX_ERROR_BYTES = 64 * 1024
# One token a byte: what `fit` assumes when the server found the prompt too long.
TIGHT = 2.0


class LlamaClient:
    """One model server. Make one per event loop and share it: it keeps connections open between answers."""

    def __init__(self, options: LlamaOptions) -> None:
        self._options = options
        # aiohttp's parser, written in C, halves the cost of a word.
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(limits=LIMITS, trust_env=False),
            timeout=httpx.Timeout(None, connect=options.connect_seconds),
            trust_env=False,
        )
        self._backend: Backend | None = None
        self._ask_again = 0.0
        self._asking: asyncio.Task[Backend] | None = None

    async def backend(self, fresh: bool = False) -> Backend:
        """What the server is and can do. Remembered for some minutes, unless a call failed or `fresh` is set.

        Raises UnreachableError, ModelLoadingError or NotAllowedError.
        """
        if self._backend and not fresh and asyncio.get_running_loop().time() < self._ask_again:
            return self._backend
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(_look_at)
        return await asyncio.shield(self._asking)

    async def stream(self, messages: Sequence[ChatMessage], factor: float = 1.0) -> AsyncGenerator[Part]:
        """The answer in pieces: Loading while the model wakes up, Delta for words, one Finish at the end.

        The oldest turns of `messages` are left out where the server's context is too small, see `tokens.fit`;
        `factor` is the one that came with the Finish of an earlier answer in this conversation.
        To stop, close the generator (`contextlib.aclosing`) or cancel its task: the connection closes at once,
        and with it the server's work. A server that is away or busy is asked again a few times, but never after
        the first word. Raises LlamaError.
        """
        deadlines = Deadlines(self._options)
        response: httpx.Response | None = None
        while response is None:
            try:
                response, sent = await self._open(messages, deadlines, factor)
            except ContextTooLongError:
                # Our estimate was too low, or the last turn is too long in any case.
                if factor == TIGHT:
                    raise
                factor = TIGHT
            except LlamaError as error:
                self._doubt(error)
                pause = deadlines.pause(error)
                if pause is None:
                    raise
                if isinstance(error, ModelLoadingError):
                    yield Loading()
                await asyncio.sleep(pause)
        try:
            async with aclosing(self._read(response, deadlines)) as parts:
                async for part in parts:
                    yield _with_factor(part, sent) if isinstance(part, Finish) else part
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close all connections."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await self._http.aclose()

    async def _ask(self) -> Backend:
        self._backend = await probe(self._http, self._options)
        self._ask_again = asyncio.get_running_loop().time() + BACKEND_SECONDS
        return self._backend

    def _doubt(self, error: LlamaError) -> None:
        """Ask what the server is before the next request: it may be another one by now."""
        if not isinstance(error, RateLimitedError):
            self._ask_again = 0.0

    async def _open(
        self, messages: Sequence[ChatMessage], deadlines: Deadlines, factor: float
    ) -> tuple[httpx.Response, list[ChatMessage]]:
        """A response whose body is an answer, and the messages it answers. Any other is read, closed and raised."""
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                backend = await self.backend()
                fitting = fit(messages, backend.context, self._options.max_tokens, factor)
                return await self._post(self._body(fitting, backend)), fitting
        except TimeoutError:
            raise deadlines.overdue() from None

    def _body(self, messages: Sequence[ChatMessage], backend: Backend) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {
            "messages": [{"role": message.role, "content": neutralise(message.content)} for message in messages],
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
            raise UnreachableError(f"{options.host} cannot be reached: {fault_name(error)}") from error
        kind = response.headers.get("content-type", "")
        if response.status_code == 200 and not kind.startswith(("application/json", "text/html")):
            return response
        try:
            raise await self._refusal(response)
        finally:
            await response.aclose()

    async def _refusal(self, response: httpx.Response) -> LlamaError:
        """The error that a response without a stream stands for."""
        try:
            value = await read_page(response, MAX_ERROR_BYTES)
        except httpx.HTTPError:
            value = None
        if response.status_code == 200 and not (isinstance(value, dict) and value.get("error")):
            return DecodingError(f"{self._options.host} sent no event stream")
        return error_from(read_problem(response.status_code, value), self._options.host, _retry_after(response))

    async def _read(self, response: httpx.Response, deadlines: Deadlines) -> AsyncGenerator[Part]:
        """The words of an open response. Once the model is at its end, no fault of the connection matters."""
        answer = AnswerDecoder(self._options.host)
        pieces = response.aiter_raw()
        while data := await self._next(pieces, deadlines, answer):
            text = answer.feed(data)
            if text:
                yield Delta(text)
                deadlines.heard()
            elif answer.started and not deadlines.started:
                deadlines.heard()
            if answer.problem:
                raise answer.problem
            if answer.ending:
                deadlines.winding_up(answer.done)
        if rest := answer.close():
            yield Delta(rest)
        if answer.problem:
            raise answer.problem
        yield answer.finish()

    async def _next(self, pieces: AsyncIterator[bytes], deadlines: Deadlines, answer: AnswerDecoder) -> bytes:
        """The next bytes, or none at the end. Raises when they are overdue or the connection broke."""
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                return await anext(pieces, b"")
        except TimeoutError:
            if answer.ending:
                return b""
            raise deadlines.overdue() from None
        except httpx.TransportError as error:
            if answer.ending:
                return b""
            raise CutOffError(f"{self._options.host} broke the connection: {fault_name(error)}") from error


def _with_factor(finish: Finish, sent: Sequence[ChatMessage]) -> Finish:
    """`finish` with the factor that makes our estimate of what was sent the server's count."""
    return replace(finish, factor=correction(sent, finish.prompt_tokens)) if finish.prompt_tokens else finish


def _look_at(task: asyncio.Task[Backend]) -> None:
    """Take the task's error, so that nobody warns of it when all who waited have gone."""
    if not task.cancelled():
        task.exception()


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds a busy server asks us to wait. A date instead of a number is not worth reading."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = response.headers.get(name, "")
        if value.isdecimal() and len(value) < 10:
            return int(value) * unit
    return None
