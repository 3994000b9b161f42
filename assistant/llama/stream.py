"""The bytes of a streamed answer, read into words. Nothing here waits or touches the network."""

import json
from typing import Any, Literal

from assistant.llama.errors import (
    CutOffError,
    DecodingError,
    EmptyAnswerError,
    LlamaError,
)
from assistant.llama.messages import Finish
from assistant.llama.problems import error_from, is_problem, read_problem
from assistant.llama.special import Stripper
from assistant.llama.sse import EventReader

MAX_ANSWER_BYTES = 64 * 1024 * 1024


class AnswerDecoder:
    """One answer as it arrives.

    `problem` is set when the server reported an error or sent nonsense; what came before it is still good.
    `finished`: the model said that it is at its end. `done`: nothing more is to come. `ending`: either.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._events = EventReader()
        self._stripper = Stripper()
        self._bytes = 0
        self._reason: Literal["stop", "length"] | None = None
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._done_mark = False
        self._shown = False
        self.started = False
        self.problem: LlamaError | None = None

    @property
    def finished(self) -> bool:
        return self._reason is not None or (self._done_mark and self.started)

    @property
    def done(self) -> bool:
        return self._done_mark or self.problem is not None

    @property
    def ending(self) -> bool:
        return self.finished or self.done

    def feed(self, data: bytes) -> str:
        """The words in the next bytes, as far as they can be shown."""
        self._bytes += len(data)
        if self._bytes > MAX_ANSWER_BYTES:
            return self._fail(DecodingError(f"{self._host} sent more than {MAX_ANSWER_BYTES} bytes"))
        try:
            return self._text(self._events.feed(data))
        except DecodingError as error:
            return self._fail(DecodingError(f"{self._host} sent {error}"))

    def close(self) -> str:
        """The last words, after the last bytes. Sets `problem` when the answer did not come to its end."""
        text = self._text(self._events.close()) + self._stripper.flush()
        self._shown = self._shown or bool(text)
        if self.problem is None and not (self.finished and self._shown):
            self.problem = self._early_end()
        return text

    def finish(self) -> Finish:
        """How it ended; only after `close`, and only without a `problem`."""
        return Finish(
            self._reason or "stop",
            _count(self._usage.get("prompt_tokens")),
            _count(self._usage.get("completion_tokens")),
            self._model,
        )

    def _fail(self, error: LlamaError) -> str:
        """Take note of a fault. One that comes after the answer's end does no harm."""
        if self.finished:
            self._done_mark = True
        else:
            self.problem = error
        return ""

    def _early_end(self) -> LlamaError:
        if self._shown and not self.finished:
            return CutOffError(f"{self._host} ended the stream in mid-answer")
        if self._events.stray:
            return DecodingError(f"{self._host} sent something that is no event stream")
        return EmptyAnswerError(f"{self._host} ended the stream without a word")

    def _text(self, events: list[tuple[bytes, bytes]]) -> str:
        words = []
        for name, data in events:
            if self.done:
                break
            if data == b"[DONE]":
                self._done_mark = True
            else:
                words.append(self._read(name, data))
        text = words[0] if len(words) == 1 else "".join(words)
        if not text:
            return ""
        self.started = True
        text = self._stripper.feed(text)
        self._shown = self._shown or bool(text)
        return text

    def _read(self, name: bytes, data: bytes) -> str:
        """The words of one event. Anything else it holds is kept."""
        try:
            value = json.loads(data.decode())
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return self._fail(DecodingError(f"{self._host} sent an event that is not a JSON object"))
        if name == b"error" or is_problem(value):
            return self._fail(error_from(read_problem(200, value), self._host))
        self._note(value)
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ""
        if reason := choice.get("finish_reason"):
            self._reason = "length" if reason in ("length", "max_tokens") else "stop"
        delta = choice.get("delta")
        content = delta.get("content") if isinstance(delta, dict) else None
        return _clean(content) if isinstance(content, str) else ""

    def _note(self, value: dict[str, Any]) -> None:
        """Keep the model's name and the counts; Groq puts those under a name of its own."""
        if not self._model and isinstance(model := value.get("model"), str):
            self._model = _clean(model[:200])
        groq = value.get("x_groq")
        usage = value.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
        if isinstance(usage, dict):
            self._usage = usage


def _clean(text: str) -> str:
    """The text without what no database or socket takes: halves of characters, and zero bytes."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
