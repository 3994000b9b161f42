"""Decode a streamed answer from bytes to text. No input or output happens here."""

import json
from typing import Any, Literal

from assistant.llama.errors import (
    CutOffError,
    DecodingError,
    EmptyAnswerError,
    LlamaError,
    NoAnswerError,
)
from assistant.llama.messages import Finish, Reasoning
from assistant.llama.problems import error_from, is_problem, read_problem
from assistant.llama.reasoning import ReasoningSplitter, content_of, field_of
from assistant.llama.special import Stripper
from assistant.llama.sse import EventReader

MAX_ANSWER_BYTES = 64 * 1024 * 1024


class AnswerDecoder:
    """Incremental decoder of one answer: feed bytes, take text, `close` after the last byte, then `finish`.

    After each, `reasoning` is what the model thought meanwhile; it comes before that text. `problem` is set when the
    server reported an error or sent what cannot be decoded; text before it stays valid. `started`: the model began.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._events = EventReader()
        self._splitter = ReasoningSplitter()
        self._stripper = Stripper()
        self._bytes = 0
        self._reason: Literal["stop", "length"] | None = None
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._done_mark = False
        self._shown = False
        self._reasoned = False
        self.reasoning: Reasoning | None = None
        self.started = False
        self.problem: LlamaError | None = None

    @property
    def finished(self) -> bool:
        """Whether a finish reason arrived, or `[DONE]` after some text."""
        return self._reason is not None or (self._done_mark and self.started)

    @property
    def done(self) -> bool:
        """Whether nothing more is to come: after `[DONE]` or a problem."""
        return self._done_mark or self.problem is not None

    @property
    def ending(self) -> bool:
        """Whether the answer is `finished` or `done`."""
        return self.finished or self.done

    def feed(self, data: bytes) -> str:
        """The text in the next bytes, as far as it can be shown. Errors go to `problem`; nothing is raised."""
        self.reasoning = None
        self._bytes += len(data)
        if self._bytes > MAX_ANSWER_BYTES:
            return self._fail(DecodingError(f"{self._host} sent more than {MAX_ANSWER_BYTES} bytes"))
        try:
            return self._text(self._events.feed(data))
        except DecodingError as error:
            return self._fail(DecodingError(f"{self._host} sent {error}"))

    def close(self) -> str:
        """The last text, after the last bytes. Sets `problem` when the answer was incomplete or empty."""
        self.reasoning = None
        text = self._text(self._events.close())
        rest = self._splitter.flush()
        if self._splitter.thoughts and self._take_reasoning():
            text = ""
        text += self._stripper.feed(rest) + self._stripper.flush()
        self._shown = self._shown or bool(text)
        if self.problem is None and not (self.finished and self._shown):
            self.problem = self._early_end()
        return text

    def finish(self) -> Finish:
        """Reason, usage counts and model; only after `close`, and only without a `problem`."""
        return Finish(
            self._reason or "stop",
            _count(self._usage.get("prompt_tokens")),
            _count(self._usage.get("completion_tokens")),
            self._model,
        )

    def _fail(self, error: LlamaError) -> str:
        """Keep `error` as the problem, unless the answer was already complete."""
        if self.finished:
            self._done_mark = True
        else:
            self.problem = error
        return ""

    def _early_end(self) -> LlamaError:
        if self._shown and not self.finished:
            return CutOffError(f"{self._host} ended the stream in mid-answer")
        if self._reasoned and self.finished:
            return NoAnswerError(f"{self._host} sent reasoning and no answer; LLAMA_MAX_TOKENS may be too small")
        if self._reasoned:
            return CutOffError(f"{self._host} ended the stream in mid-thought")
        if self._events.stray:
            return DecodingError(f"{self._host} sent something that is no event stream")
        return EmptyAnswerError(f"{self._host} ended the stream without a word")

    def _text(self, events: list[tuple[bytes, bytes]]) -> str:
        pieces = []
        for name, data in events:
            if self.done:
                break
            if data == b"[DONE]":
                self._done_mark = True
            else:
                pieces.append(self._read(name, data))
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        if text:
            self.started = True
            text = self._splitter.feed(text)
        if self._splitter.thoughts:
            self._take_reasoning()
        if not text:
            return ""
        text = self._stripper.feed(text)
        self._shown = self._shown or bool(text)
        return text

    def _take_reasoning(self) -> bool:
        """Add what the model thought to `reasoning`; returns whether the text so far was part of it."""
        before = self.reasoning or Reasoning("")
        text, retracts = self._splitter.take()
        self.reasoning = Reasoning(before.text + text, before.retracts or retracts)
        self._reasoned = True
        if retracts:
            self._shown = False
            self._stripper = Stripper()
        return retracts

    def _read(self, name: bytes, data: bytes) -> str:
        """The text of one event; its metadata is stored."""
        try:
            value = json.loads(data.decode())
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return self._fail(DecodingError(f"{self._host} sent an event that is not a JSON object"))
        if name == b"error" or is_problem(value):
            return self._fail(error_from(read_problem(200, value), self._host))
        self._store_metadata(value)
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ""
        if reason := choice.get("finish_reason"):
            self._reason = "length" if reason in ("length", "max_tokens") else "stop"
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return ""
        content = delta.get("content")
        reasoning = ""
        if isinstance(content, list):
            reasoning, content = content_of(content)
        elif not content or len(delta) > 1:
            reasoning = field_of(delta)
        if reasoning:
            self.started = True
            self._splitter.note(_clean(reasoning))
        return _clean(content) if isinstance(content, str) else ""

    def _store_metadata(self, value: dict[str, Any]) -> None:
        """Store the model's name and the usage counts; Groq puts those under `x_groq`."""
        if not self._model and isinstance(model := value.get("model"), str):
            self._model = _clean(model[:200])
        groq = value.get("x_groq")
        usage = value.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
        if isinstance(usage, dict):
            self._usage = usage


def _clean(text: str) -> str:
    """`text` without what no database or socket accepts: lone surrogates and NUL."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
