"""Decode a streamed answer from bytes to text. No input or output happens here."""

import json
import re
from typing import Any

from assistant.llama.deltas import (
    ENDINGS,
    CharacterJoiner,
    Ending,
    choice_of,
    delta_of,
    reason_of,
    tool_calls_of,
    usage_of,
    words_of,
)
from assistant.llama.endings import Ended
from assistant.llama.errors import DecodingError, LlamaError
from assistant.llama.messages import Finish, Reasoning
from assistant.llama.problems import NO_REDACTION, error_from, is_problem, read_problem
from assistant.llama.reasoning import ReasoningSplitter
from assistant.llama.redaction import Redaction
from assistant.llama.special import CALL_MARKS, TOKEN, Stripper, TurnReader
from assistant.llama.sse import DONE, EventReader
from assistant.llama.tokens import told_count

MAX_ANSWER_BYTES = 64 * 1024 * 1024
REPEATED_FIELD = re.compile(rb"^(?:data:\s*)+")
# Not strict: some servers write line breaks and tabs into their strings as they are.
parse_json = json.JSONDecoder(strict=False).decode


class AnswerDecoder:
    """Incremental decoder of one answer: feed bytes, take text, `close` after the last byte, then `finish`.

    After each, `reasoning` is what the model thought meanwhile; it comes before that text. `problem` is set when the
    server reported an error, or sent what cannot be decoded; text before it stays valid. `started`: the model began.
    `reason` is the server's own word for the end. `tool_calls` are pieces of calls in fields of their own.
    """

    def __init__(self, host: str, redaction: Redaction = NO_REDACTION, *, marks: bool = False) -> None:
        """`marks`: the text keeps CALL_MARKS, for a reader of tool calls."""
        self._host = host
        self._kept = CALL_MARKS if marks else frozenset[str]()
        self._redaction = redaction
        self._events = EventReader()
        self._content = CharacterJoiner()
        self._thought = CharacterJoiner()
        self._splitter = ReasoningSplitter()
        self._turn = TurnReader()
        self._stripper = Stripper(self._kept)
        self._thought_stripper = Stripper()
        self._bytes = 0
        self._pieces = 0
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._done_mark = False
        self._reason_with_text = False
        """Whether the last reason came with text: some servers send one with each piece."""
        self._shown = False
        self._reasoned = False
        self.reason = ""
        self.tool_calls: list[dict[str, Any]] = []
        self.reasoning: Reasoning | None = None
        self.started = False
        self.problem: LlamaError | None = None

    @property
    def finished(self) -> bool:
        """Whether a finish reason arrived, the model ended its turn, or `[DONE]` came after some text."""
        return bool(self.reason) or self._turn.ended or (self._done_mark and self.started)

    @property
    def done(self) -> bool:
        """Whether nothing more is to come: after `[DONE]`, a problem, or words after the end of the turn."""
        return self._done_mark or self.problem is not None or self.runaway

    @property
    def runaway(self) -> bool:
        """Whether the model went on after the end of its turn: its work should be stopped."""
        return self._turn.runaway

    @property
    def ending(self) -> bool:
        """Whether the answer is `done`, or `finished` with no more text to be expected."""
        return self.done or (self.finished and not self._reason_with_text)

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
        rest = self._splitter.feed(self._content.flush()) + self._splitter.flush()
        if self._splitter.thoughts and self._take_reasoning():
            text = ""
        text += self._visible(rest, final=True)
        if self.problem is None:
            self.problem = self._bad_end()
        return text

    def finish(self) -> Finish:
        """Reason, usage counts and model; only after `close`, and only without a `problem`."""
        return Finish(
            "length" if self._end() == "length" else "stop",
            told_count(self._usage.get("prompt_tokens")),
            told_count(self._usage.get("completion_tokens")),
            self._model,
            tool_calls=tuple(self.tool_calls),
            pieces=self._pieces,
        )

    def _fail(self, error: LlamaError) -> str:
        """Keep `error` as the problem, unless the answer was already complete."""
        if self.finished and not self._reason_with_text and self._end() in ("stop", "length"):
            self._done_mark = True
        else:
            self.problem = error
        return ""

    def _end(self) -> Ending:
        return "stop" if self._turn.ended else ENDINGS.get(self.reason.lower(), "stop")

    def _bad_end(self) -> LlamaError | None:
        """The error of an answer that ended without an error of the server's; None for a good one."""
        return Ended(
            host=self._host,
            ending=self._end(),
            reason=self.reason,
            finished=self.finished,
            has_text=self._shown,
            has_calls=bool(self.tool_calls),
            has_reasoning=self._reasoned,
            is_stray=self._events.stray,
            prompt_tokens=told_count(self._usage.get("prompt_tokens")),
        ).error()

    def _text(self, events: list[tuple[bytes, bytes]]) -> str:
        pieces = []
        for name, data in events:
            if self.done:
                break
            if data == DONE:
                self._done_mark = True
            else:
                pieces.append(self._read(name, data))
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        if text:
            self.started = True
            text = self._splitter.feed(text)
        if self._splitter.thoughts:
            self._take_reasoning()
        return self._visible(text) if text else ""

    def _visible(self, text: str, *, final: bool = False) -> str:
        """What can be shown of the answer's text, up to the end of its turn and without special tokens."""
        text = self._turn.feed(text) + self._turn.flush() if final else self._turn.feed(text)
        text = self._stripper.feed(text) + self._stripper.flush() if final else self._stripper.feed(text)
        if TOKEN.sub("", text) if self._kept and "<" in text else text:
            self._shown = True
        return text

    def _take_reasoning(self) -> bool:
        """Add what the model thought to `reasoning`; returns whether the text so far was part of it."""
        before = self.reasoning or Reasoning("")
        text, retracts = self._splitter.take()
        # What is held back at the very end is the beginning of a mark, and dropped.
        text = self._thought_stripper.feed(text)
        self.reasoning = Reasoning(before.text + text, before.retracts or retracts)
        self._reasoned = True
        if retracts:
            self._shown = False
            self._turn, self._stripper = TurnReader(), Stripper(self._kept)
        return retracts

    def _read(self, name: bytes, data: bytes) -> str:
        """The text of one event; its metadata is stored."""
        try:
            value = parse_json(data.decode(errors="replace"))
        except (ValueError, RecursionError):
            return self._unreadable(name, data)
        if not isinstance(value, dict) and name != b"error":
            self._events.stray = True
            return ""
        if name == b"error" or is_problem(value):
            return self._fail(error_from(read_problem(200, value), self._host, redaction=self._redaction))
        if not self._model and isinstance(model := value.get("model"), str):
            self._model = CharacterJoiner().feed(model[:200])
        if usage := usage_of(value):
            self._usage = usage
        choice = choice_of(value)
        return self._take(choice) if choice else ""

    def _take(self, choice: dict[str, Any]) -> str:
        """The text of one choice; reasoning, calls and the finish reason are stored."""
        delta = choice.get("delta")
        if delta.__class__ is dict and len(delta) == 1 and not (self.reason or choice.get("finish_reason")):
            # Nearly all are such, and each costs a few microseconds.
            text = delta.get("content")
            if text.__class__ is str:
                self._pieces += 1
                return self._content.feed(text)
        delta = delta_of(choice)
        reasoning, text = words_of(delta)
        if (not text or len(delta) > 1) and (calls := tool_calls_of(delta)):
            self.tool_calls += calls
            self.started = True
        if reason := reason_of(choice):
            self.reason = reason
            self._reason_with_text = bool(text) and "message" not in choice
        elif text:
            self._reason_with_text = bool(self.reason)
        if reasoning:
            self.started = True
            self._splitter.note(self._thought.feed(reasoning))
        if not text:
            return ""
        self._pieces += 1
        return self._content.feed(text)

    def _unreadable(self, name: bytes, data: bytes) -> str:
        """An event that is no JSON: a keep-alive, another `data:` within, or a broken object."""
        inner = REPEATED_FIELD.sub(b"", data.strip())
        if inner == DONE:
            self._done_mark = True
            return ""
        if data.startswith(b"data:"):
            return self._read(name, inner)
        data = inner
        if name == b"error":
            problem = read_problem(200, data.decode(errors="replace"))
            return self._fail(error_from(problem, self._host, redaction=self._redaction))
        if data.startswith(b"{"):
            return self._fail(DecodingError(f"{self._host} sent an event that is broken JSON"))
        # Comments wrapped in `data:` are https://github.com/mnfst/llm-gateway/issues/2053.
        self._events.stray = self._events.stray or not (data == b"" or data.startswith(b":"))
        return ""
