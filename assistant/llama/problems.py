"""Error bodies of model servers, parsed into one shape and mapped to LlamaError.

Shapes: nested under `error` (OpenAI, llama.cpp, Groq, Ollama's `/v1`, newer vLLM), flat with `object: "error"` (older
vLLM, SGLang), `error` as plain text (Ollama's own API), `title` and `detail` (Meta's former Llama API).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.llama.errors import (
    ContextTooLongError,
    LlamaError,
    LlamaServerError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
    RateLimitedError,
)

# The prompt exceeds the context window:
# - `exceed_context_size_error`: llama.cpp, https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
# - `context_length_exceeded`: OpenAI and hosts that follow it, such as Groq
# - "maximum context length is 8192 tokens": vLLM, https://github.com/vllm-project/vllm/issues/20409
# - "longer than the model's context length": SGLang, https://github.com/QwenLM/Qwen3/issues/1321
# - "too many tokens", "prompt is too long": other hosts
CONTEXT = re.compile(
    r"exceed_context|context_length|context.{0,20}(length|size|window)|too many tokens|prompt.{0,20}too long"
)
# The model is not served here:
# - `model_not_found`: OpenAI and Groq, https://console.groq.com/docs/errors
# - "The model `x` does not exist.": vLLM, https://github.com/vllm-project/vllm/tree/main/vllm/entrypoints/openai
# - "model 'x' not found": Ollama, https://github.com/ollama/ollama/blob/main/server/routes.go
# - "not supported", "unknown model", "no model": other hosts
MODEL_MISSING = re.compile(
    r"model_not_found|model.{0,200}(not found|not exist|not supported|unknown)|unknown model|no model"
)
NAME = re.compile(r"[\w.\-]{1,60}")


@dataclass(frozen=True)
class Problem:
    """The error that a server reports. `message` may quote people: it is matched, never logged or shown."""

    status: int
    kind: str = ""
    code: str = ""
    message: str = ""
    prompt_tokens: int | None = None
    context: int | None = None

    @property
    def names(self) -> str:
        """The short identifiers, which are safe to log."""
        return ", ".join(name for name in (self.kind, self.code) if NAME.fullmatch(name))

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether `pattern` is found in the type, the code or the message, in lower case."""
        return bool(pattern.search(f"{self.kind} {self.code} {self.message}".lower()))


def is_problem(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object inside a stream is an error in one of the known shapes."""
    if value.get("error") or value.get("object") == "error":
        return True
    return "choices" not in value and ("detail" in value or ("message" in value and "type" in value))


def read_problem(status: int, value: object) -> Problem:
    """Parse an error body of any known shape, or none; never raises. `status` is the response's."""
    inner = value.get("error") or value if isinstance(value, dict) else value
    if not isinstance(inner, dict):
        return Problem(status, message=inner if isinstance(inner, str) else "")
    return Problem(
        status=_status(inner, status),
        kind=_text(inner.get("type")),
        code=_text(inner.get("code")),
        message=_text(inner.get("message") or inner.get("detail") or inner.get("title")),
        prompt_tokens=_count(inner.get("n_prompt_tokens")),
        context=_count(inner.get("n_ctx")),
    )


def cause_name(error: Exception) -> str:
    """The name of the transport's exception below httpx's, or httpx's own, for the operator."""
    return type(error.__cause__ or error).__name__


def error_from(problem: Problem, host: str, retry_after: float | None = None) -> LlamaError:
    """The LlamaError for `problem`. `retry_after` is the delay that the server asked for, in seconds."""
    text = f"{host} answered {problem.status}" + (f" ({problem.names})" if problem.names else "")
    status = problem.status
    if status in (400, 413, 422, 500) and problem.matches(CONTEXT):
        return ContextTooLongError(text, problem.prompt_tokens, problem.context)
    if status in (400, 404) and problem.matches(MODEL_MISSING):
        return ModelNotFoundError(f"{text}: it does not have this model, see LLAMA_MODEL")
    if status in (401, 403):
        return NotAllowedError(f"{text}: see LLAMA_KEY")
    if status == 503 and "loading" in problem.message.lower():
        return ModelLoadingError(text)
    if status in (429, 503, 529):
        return RateLimitedError(text, retry_after)
    return LlamaServerError(f"{text}: see LLAMA_URL" if status in (301, 302, 307, 308, 404, 405) else text)


def _status(inner: Mapping[str, Any], outer: int) -> int:
    """The HTTP status. Inside a stream the outer one is 200, and the body may hold the real one."""
    if outer != 200:
        return outer
    for name in ("code", "status", "status_code"):
        value = _text(inner.get(name))
        if value.isdecimal() and 400 <= int(value[:6]) <= 599:
            return int(value[:6])
    return 500


def _text(value: object) -> str:
    return str(value)[:2000] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
