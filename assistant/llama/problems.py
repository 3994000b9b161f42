"""Error bodies of many servers, read into one shape and turned into our errors."""

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

CONTEXT = re.compile(
    r"exceed_context|context_length|context.{0,20}(length|size|window)|too many tokens|prompt.{0,20}too long"
)
MODEL_MISSING = re.compile(
    r"model_not_found|model.{0,200}(not found|not exist|not supported|unknown)|unknown model|no model"
)
NAME = re.compile(r"[\w.\-]{1,60}")


@dataclass(frozen=True)
class Problem:
    """What a server says went wrong. `message` may quote people: it is matched, never passed on."""

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

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether any part of it matches."""
        return bool(pattern.search(f"{self.kind} {self.code} {self.message}".lower()))


def is_problem(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object inside a stream is an error in one of the known shapes."""
    if value.get("error") or value.get("object") == "error":
        return True
    return "choices" not in value and ("detail" in value or ("message" in value and "type" in value))


def read_problem(status: int, value: object) -> Problem:
    """Any error body as one shape: nested, flat, plain text, or none. `status` is the response's."""
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


def fault_name(error: Exception) -> str:
    """What broke, for the operator: httpx's own name for it, or the truer one of the transport below."""
    return type(error.__cause__ or error).__name__


def error_from(problem: Problem, host: str, after: float | None = None) -> LlamaError:
    """The error that fits. `after` is the wait that the server asked for, in seconds."""
    text = f"{host} answered {problem.status}" + (f" ({problem.names})" if problem.names else "")
    status = problem.status
    if status in (400, 413, 422, 500) and problem.says(CONTEXT):
        return ContextTooLongError(text, problem.prompt_tokens, problem.context)
    if status in (400, 404) and problem.says(MODEL_MISSING):
        return ModelNotFoundError(f"{text}: it does not have this model, see LLAMA_MODEL")
    if status in (401, 403):
        return NotAllowedError(f"{text}: see LLAMA_KEY")
    if status == 503 and "loading" in problem.message.lower():
        return ModelLoadingError(text)
    if status in (429, 503, 529):
        return RateLimitedError(text, after)
    return LlamaServerError(f"{text}: see LLAMA_URL" if status in (301, 302, 307, 308, 404, 405) else text)


def _status(inner: Mapping[str, Any], outer: int) -> int:
    """The HTTP status. Inside a stream the outer one is 200, and the body may know better."""
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
