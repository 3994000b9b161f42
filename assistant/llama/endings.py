"""Whether an answer ended well: by the server's finish reason, and by what came before it."""

import re
from dataclasses import dataclass

from assistant.llama.deltas import Ending
from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    DecodingError,
    EmptyAnswerError,
    LlamaError,
    LlamaServerError,
    NoAnswerError,
    RateLimitedError,
    RefusalError,
)

REASON = re.compile(r"[\w.\-]{1,40}")


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known once no more bytes come. `reason` is the server's own word for `ending`."""

    host: str
    ending: Ending
    reason: str
    finished: bool
    has_text: bool
    has_calls: bool
    has_reasoning: bool
    is_stray: bool
    """Whether something came that is no event stream."""
    prompt_tokens: int | None

    def error(self) -> LlamaError | None:
        """What is wrong with the answer; None for a good one."""
        ended = f"{self.host} ended the answer with the finish reason {self._shown_reason()}"
        match self.ending:
            case "refused":
                return RefusalError(ended)
            case "busy":
                return RateLimitedError(ended)
            case "cut" if self.has_text:
                return CutOffError(ended)
            case "failed" | "cut":
                return LlamaServerError(ended)
        if self.finished and (self.has_text or self.has_calls):
            return None
        if self.has_text:
            return CutOffError(f"{self.host} ended the stream in mid-answer")
        return self._wordless()

    def _wordless(self) -> LlamaError:
        if self.has_reasoning and self.finished:
            return NoAnswerError(f"{self.host} sent reasoning and no answer; LLAMA_MAX_TOKENS may be too small")
        if self.has_reasoning:
            return CutOffError(f"{self.host} ended the stream in mid-thought")
        if self.ending == "length":
            # LM Studio and others accept what fills the window, and have no room left for an answer.
            return ContextTooLongError(f"{self.host} had no room for a word of an answer", self.prompt_tokens)
        if self.is_stray and not self.finished:
            return DecodingError(f"{self.host} sent something that is no event stream")
        return EmptyAnswerError(f"{self.host} ended the stream without a word")

    def _shown_reason(self) -> str:
        return self.reason if REASON.fullmatch(self.reason) else "of an odd form"
