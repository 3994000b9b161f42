"""Error bodies of model servers, parsed into one shape and mapped to LlamaError by the table of problem_table.py.

Shapes: nested under `error` (OpenAI, llama.cpp, Groq, Ollama's `/v1`, newer vLLM), flat with `object: "error"` (older
vLLM, SGLang), `error` as plain text (Ollama's own API, llama-swap), `title` and `detail` (Meta's former Llama API),
`detail` as text, object or list (FastAPI), `errors` or a list of such objects, another host's error as text in
`metadata.raw` (OpenRouter), plain text, and the page of a proxy.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.llama.errors import ContextTooLongError, LlamaError, LlamaServerError, RateLimitedError, UnreachableError
from assistant.llama.problem_table import WAITED, Row, row_for
from assistant.llama.redaction import Redaction
from assistant.llama.tokens import told_count

NAME = re.compile(r"[\w.\-]{1,60}")
TITLE = re.compile(r"<title\b[^<>]*>([^<>]*)</title>", re.IGNORECASE)
TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
# What a request holds besides the messages: a complaint about one of these quotes no words of people.
PARAMETER = re.compile(r"\b(max_tokens|max_completion_tokens|temperature|top_p|stop|stream|stream_options|role)\b")
# The context, or the limit of tokens a minute, in the words of those whose row is for ContextTooLongError.
LIMIT = re.compile(
    r"""(?:
        context\ length(?:\ is|\ of|:)(?:\ only)? | maximum\ model\ length\ of | max_model_len | max_seq_len | n_ctx
        | must\ be\ <= | must\ have\ less\ than | context\ window\ of | window\ limit | :\ limit | while\ limit\ is
        | maximum\ (?:allowed|input|prompt|(?:supported\ )?sequence)\ length(?:\ is|\ of)?(?:\ just|\ only)?
        | model's\ context\ length | available\ context\ size
        | tokens\ allowed | cannot\ exceed | tokens\ limit | limit\ of | tokens\ >
        | model\ limit:\ \d{3,8}\ > | input\ length\ should\ be\ \[\d+,
    )\ [(\[]?(\d{3,8})\b
    | \b(\d{3,8})\ maximum\ context\ length""",
    re.VERBOSE,
)
# How the operator's line ends where nothing answers at the address.
SEE_ADDRESS = "see LLAMA_URL"
# The status at the start of a message: Llama Stack's, and that of OpenAI's own client, which many gateways quote.
TOLD_STATUS = re.compile(r"(?:Error code: )?([45]\d\d)(?::| - )")
NO_REDACTION = Redaction()


@dataclass(frozen=True)
class Problem:
    """The error that a server reports. `status` is 0 inside a stream that does not tell one.

    `message` may quote people: see redaction.py. `inner` is the text of another host's error within.
    """

    status: int
    kind: str = ""
    code: str = ""
    message: str = ""
    inner: str = ""
    prompt_tokens: int | None = None
    context: int | None = None

    @property
    def names(self) -> str:
        """The short identifiers, which are safe to log."""
        return ", ".join(name for name in dict.fromkeys((self.kind, self.code)) if NAME.fullmatch(name))


def is_problem(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object inside a stream is an error in one of the known shapes."""
    if value.get("error") or value.get("object") == "error":
        return True
    if "choices" in value:
        return False
    return "detail" in value or "errors" in value or ("message" in value and ("type" in value or "code" in value))


def read_problem(status: int, value: object) -> Problem:
    """Parse an error body of any known shape, or none; never raises. `status` is the response's."""
    inner = _innermost(value)
    if not isinstance(inner, dict):
        return Problem(0 if status == 200 else status, message=_page_text(inner) if isinstance(inner, str) else "")
    metadata = inner.get("metadata")
    return Problem(
        status=_status(inner, status),
        kind=_text(inner.get("type")),
        code=_text(inner.get("code")),
        message=_text(inner.get("message") or inner.get("msg") or inner.get("detail") or inner.get("title")),
        inner=_text(metadata.get("raw")) if isinstance(metadata, dict) else "",
        prompt_tokens=told_count(inner.get("n_prompt_tokens")),
        context=told_count(inner.get("n_ctx")),
    )


def error_from(
    problem: Problem, host: str, retry_after: float | None = None, redaction: Redaction = NO_REDACTION
) -> LlamaError:
    """The LlamaError for `problem`. `retry_after` is the delay that the server asked for, in seconds."""
    row = row_for(problem.status, (problem.kind.lower(), problem.code.lower()), f"{problem.message} {problem.inner}")
    text = f"{host} answered {problem.status}" if problem.status else f"{host} sent an error in its answer"
    text += f" ({problem.names})" if problem.names else ""
    if row and row.advice:
        text += f", {row.advice}"
    if said := _quotation(problem, row, redaction):
        text += f": {said}"
    if row is None:
        addressed = problem.status in (301, 302, 303, 307, 308, 404, 405)
        return LlamaServerError(f"{text}: {SEE_ADDRESS}" if addressed else text)
    if row.error is ContextTooLongError:
        return ContextTooLongError(text, problem.prompt_tokens, problem.context or _limit(problem))
    if row.error is RateLimitedError:
        return RateLimitedError(text, retry_after)
    if row.error is UnreachableError:
        return UnreachableError(text, waited=problem.status in WAITED)
    return row.error(text)


def _quotation(problem: Problem, row: Row | None, redaction: Redaction) -> str:
    """The server's own message, as far as the operator may read it.

    Messages of known kinds are about tokens, models and accounts. Others are cut where a quotation may begin, and where
    the request itself is refused, only those that name one of its parameters are read at all.
    """
    if row:
        return redaction.message(problem.message)
    if problem.status >= 500 or PARAMETER.search(problem.message):
        return redaction.first_clause(problem.message)
    return ""


def _innermost(value: object) -> object:
    """The object, or the text, that describes the error."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return value
        elif isinstance(value, dict) and isinstance(below := _below(value), dict | list | str):
            value = below
        else:
            break
    return value


def _below(value: dict[str, Any]) -> object:
    """What an object holds in its own place; None where it is the error itself."""
    detail = value.get("detail")
    return value.get("error") or value.get("errors") or (detail if isinstance(detail, dict | list) else None) or None


def _page_text(text: str) -> str:
    """A plain text, or the title of a page, in one line."""
    title = TITLE.search(text[:20_000])
    return " ".join((title.group(1) if title else TAG.sub(" ", text[:20_000])).split())[:2000]


def _limit(problem: Problem) -> int | None:
    """The context that the message tells."""
    found = LIMIT.search(f"{problem.message} {problem.inner}".lower().replace("`", ""))
    return int(found.group(1) or found.group(2)) if found else None


def _status(inner: Mapping[str, Any], outer: int) -> int:
    """The HTTP status. Inside a stream the outer one is 200: then the body's own, or 0."""
    if outer != 200:
        return outer
    for name in ("code", "status", "status_code", "http_status_code"):
        value = _text(inner.get(name))
        if value.isdecimal() and 400 <= int(value[:6]) <= 599:
            return int(value[:6])
    told = TOLD_STATUS.match(_text(inner.get("message")))
    return int(told.group(1)) if told else 0


def _text(value: object) -> str:
    return str(value)[:2000] if isinstance(value, str | int) and not isinstance(value, bool) else ""
