"""Client for any server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assistant.llama.backends import Backend, same_model
from assistant.llama.counting import TokenCounter
from assistant.llama.deadlines import Deadlines
from assistant.llama.errors import ContextTooLongError, LlamaError, ModelLoadingError, RateLimitedError
from assistant.llama.files import cut_files
from assistant.llama.known_backend import KnownBackend
from assistant.llama.messages import ChatMessage, Delta, Finish, Loading, Part
from assistant.llama.options import LlamaOptions
from assistant.llama.pictures import sight_of
from assistant.llama.problems import error_from, read_problem
from assistant.llama.redaction import Redaction
from assistant.llama.sight import in_view, pictures_of, written
from assistant.llama.sizing import Sizing
from assistant.llama.special import STOP
from assistant.llama.stream import AnswerDecoder
from assistant.llama.tokens import correction, estimate, is_credible
from assistant.llama.transport import Reply, Transport

NoteUsage = Callable[[str, int, int], None]

MAX_ERROR_BYTES = 64 * 1024
# With the choice of "none" their prompts hold the tools as before, and they call none: llama.cpp's is the same byte for
# byte; vLLM leaves them out where --exclude-tools-when-tool-choice-none is set. Ollama ignores the field.
KEEP_TOOLS = ("llamacpp", "vllm")


class LlamaClient:
    """Client of one model server. Create one per event loop and share it: it pools connections."""

    def __init__(self, options: LlamaOptions, note_usage: NoteUsage = lambda _model, _read, _written: None) -> None:
        """`note_usage` is called at the end of each answer, also of one that was cut: model, tokens read, written."""
        self._options = options
        self._note_usage = note_usage
        self._transport = Transport(options)
        self._known = KnownBackend(self._transport, options)
        self._counter = TokenCounter(self._transport, options)
        self._reported: dict[str, str] = {}
        """The names by which the server answers, by those by which it is asked."""

    @property
    def answer_seconds(self) -> float:
        """How long a whole answer may take."""
        return self._options.answer_seconds

    async def backend(self, fresh: bool = False) -> Backend:
        """What the server is and can do. Cached for some minutes, unless a call failed or `fresh` is set.

        Raises UnreachableError, ModelLoadingError, ModelNotFoundError or NotAllowedError.
        """
        return await self._known.get(fresh)

    async def backend_soon(self) -> Backend:
        """The same, or what is known by now where the server takes long to tell. Raises the same."""
        return await self._known.get_soon()

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        factor: float = 1.0,
        factor_model: str = "",
        stop: str = "",
        tools: Sequence[dict[str, Any]] = (),
        *,
        may_call: bool = True,
        marks: bool = False,
        seconds: float | None = None,
        most_tokens: int | None = None,
    ) -> AsyncGenerator[Part]:
        """The answer in parts: Loading while the model loads, Reasoning while it thinks, Delta for text, one Finish.

        The oldest turns of `messages` are left out where the server's context is too small, see `tokens.fit`, and
        pictures but for the newest ones, see `pictures.Sight`;
        `factor` is the one that came with the Finish of an earlier answer in this conversation, `factor_model` the
        model of that Finish: what was learned from another model does not count. The answer ends before `stop`.
        `tools` are offered in the request's field of that name; the calls that the server reads come with the Finish.
        Without `may_call` none shall be called: servers whose prompts hold them all the same are told of them still, so
        that the head stays as it is.
        With `marks` the text keeps the marks around calls, for a reader of calls: see `special.CALL_MARKS`.
        It takes at most `seconds`, and has at most `most_tokens`, and never more than the options allow.
        To stop, close the generator (`contextlib.aclosing`) or cancel its task: the connection closes at once, which
        ends the server's work. A server that is unreachable, loading or busy is retried, but never after the first
        token; a prompt that is too long is sent once more, shorter.

        Raises LlamaError: ContextTooLongError, ModelNotFoundError, NotAllowedError, RefusalError, UnreachableError,
        ModelLoadingError, RateLimitedError or LlamaServerError before the first token; FirstTokenTimeout,
        ReadTimeout, AnswerTimeout, DecodingError, EmptyAnswerError, CutOffError or what the server reports in the
        stream after it.
        """
        deadlines = Deadlines(self._options, seconds)
        sizing = Sizing(factor, tools)
        fields: dict[str, Any] = {"stop": [*STOP, stop] if stop else STOP}
        if most_tokens:
            fields["max_tokens"] = most_tokens
        if tools:
            fields |= {"tools": list(tools), "tool_choice": "auto" if may_call else "none"}
        while True:
            begun = False
            try:
                async with aclosing(self._attempt(messages, deadlines, sizing, factor_model, fields, marks)) as parts:
                    async for part in parts:
                        begun = True
                        yield part
                return
            except LlamaError as error:
                if begun:
                    raise
                delay = self._delay_before_retry(error, deadlines, sizing)
                if delay is None:
                    raise
                is_loading = isinstance(error, ModelLoadingError)
            if is_loading:
                yield Loading()
            await asyncio.sleep(delay)

    async def close(self) -> None:
        """Cancel a probe that is under way and close all connections."""
        await self._known.close()
        await self._transport.close()

    def _delay_before_retry(self, error: LlamaError, deadlines: Deadlines, sizing: Sizing) -> float | None:
        """Seconds until the request should be sent again, or None where that would not help."""
        if not isinstance(error, RateLimitedError):
            self._known.invalidate()
        if isinstance(error, ContextTooLongError):
            return 0.0 if sizing.tighten(error.context) else None
        return deadlines.retry_after(error)

    async def _attempt(
        self,
        messages: Sequence[ChatMessage],
        deadlines: Deadlines,
        sizing: Sizing,
        factor_model: str,
        fields: dict[str, Any],
        marks: bool,
    ) -> AsyncGenerator[Part]:
        """The parts of one answer, of one request with `fields` of its own. Raises LlamaError."""
        deadlines.restart()
        timeout: LlamaError | None = None
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                backend = sizing.limit(await self.backend_soon())
                if factor_model and not self._is_current(factor_model, backend):
                    sizing.forget_factor()
                messages = in_view(messages, sight_of(backend.model).most)
                texts = sizing.texts_to_count(messages, backend, self._options.max_tokens)
                counted = await self._counter.counts(texts, backend)
                sent = sizing.fit(messages, backend, self._options.max_tokens, counted)
                redaction = Redaction(self._options.secrets, tuple(message.whole for message in sent))
                reply = await self._post(self._body(sent, backend, fields), redaction)
        except TimeoutError:
            timeout = deadlines.timeout_error()
        if timeout:
            raise timeout
        said, finish = list[str](), None
        try:
            answer = AnswerDecoder(reply.host, redaction, marks=marks)
            async with aclosing(self._decoded(reply, deadlines, answer)) as parts:
                async for part in parts:
                    if isinstance(part, Finish):
                        finish = self._as_sent(part, sent, backend, sizing.factor)
                        yield finish
                    else:
                        said.append("" if isinstance(part, Loading) else part.text)
                        yield part
        finally:
            reply.close()
            self._note_usage(*_used(sent, "".join(said), finish, backend))

    def _is_current(self, model: str, backend: Backend) -> bool:
        """Whether an answer by `model` came from the one that is asked now, which may report another name."""
        return same_model(model, backend.model) or model == self._reported.get(backend.model)

    def _body(self, messages: Sequence[ChatMessage], backend: Backend, fields: dict[str, Any]) -> dict[str, Any]:
        options = self._options
        if fields.get("tool_choice") == "none" and backend.kind not in KEEP_TOOLS:
            fields = {name: value for name, value in fields.items() if name not in ("tools", "tool_choice")}
        most = min(options.max_tokens, backend.context // 2)
        body: dict[str, Any] = {
            "messages": written(messages),
            "temperature": options.temperature,
            "top_p": 0.9,
            "stream": True,
            "stream_options": {"include_usage": True},
            **fields,
            "max_tokens": min(most, fields.get("max_tokens", most)),
        }
        return {"model": backend.model, **body} if backend.model else body

    async def _post(self, body: dict[str, Any], redaction: Redaction) -> Reply:
        """A response that may hold an answer. Raises LlamaError for any other."""
        reply = await self._transport.open("POST", f"{self._options.base}/chat/completions", body)
        if reply.status == 200:
            return reply
        try:
            value = await reply.value(MAX_ERROR_BYTES)
        except LlamaError:
            # The status says enough.
            value = None
        finally:
            reply.close()
        raise error_from(read_problem(reply.status, value), reply.host, _retry_after(reply), redaction)

    async def _decoded(self, reply: Reply, deadlines: Deadlines, answer: AnswerDecoder) -> AsyncGenerator[Part]:
        """The parts of an open response. Once the answer is complete, errors of the connection are ignored."""
        chunks = reply.chunks()
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
            if answer.runaway:
                break
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
        failure: LlamaError
        try:
            async with asyncio.timeout_at(deadlines.deadline):
                return await anext(chunks, b"")
        except TimeoutError:
            failure = deadlines.timeout_error()
        except LlamaError as error:
            failure = error
        if answer.finished or answer.done:
            return b""
        raise failure

    def _as_sent(self, finish: Finish, sent: Sequence[ChatMessage], backend: Backend, before: float) -> Finish:
        """`finish` with the files that were cut, and the factor that makes our estimate of what was sent the count."""
        self._reported[backend.model] = finish.model
        files = cut_files([file for message in sent for file in message.files])
        # Of pictures servers count what they like.
        counted = None if pictures_of(sent) else finish.prompt_tokens
        factor = correction(sent, counted, before) if counted and is_credible(sent, counted) else None
        return replace(finish, cut_files=files, factor=factor)


def _retry_after(reply: Reply) -> float | None:
    """The delay in seconds that a busy server asks for. HTTP also allows a date, which is ignored.

    `retry-after-ms` is OpenAI's: https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = reply.header(name)
        if value.isdecimal() and len(value) < 10:
            return int(value) * unit
    return None


def _used(sent: Sequence[ChatMessage], text: str, finish: Finish | None, backend: Backend) -> tuple[str, int, int]:
    """The model, and the tokens that it read and wrote: as the server counted them, or by our estimate."""
    read, written = (finish.prompt_tokens, finish.answer_tokens) if finish else (None, None)
    model = finish.model if finish else backend.model
    return model, read or estimate(sent), written or estimate([ChatMessage("assistant", text)])
