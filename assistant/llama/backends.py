"""Detect the kind of server at LLAMA_URL, its models and its context window.

Endpoints that only some servers have: llama.cpp's `/props`
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md), Ollama's `/api/version`, `/api/ps` and
`/api/show` (https://github.com/ollama/ollama/blob/main/docs/api.md). vLLM and SGLang put `max_model_len` into the list
of models, Groq `context_window`.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from assistant.llama.errors import ModelLoadingError, NotAllowedError, UnreachableError
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import cause_name, error_from, read_problem

DEFAULT_CONTEXT = 4096
PROBE_SECONDS = 3.0
MAX_JSON_BYTES = 4 * 1024 * 1024

Kind = Literal["llamacpp", "ollama", "vllm", "sglang", "unknown"]


@dataclass(frozen=True)
class Backend:
    """A model server. `model` is the one we use ("" where none is named or listed), `context` its window in tokens,
    `models` all that the server lists."""

    kind: Kind
    model: str
    context: int
    models: tuple[str, ...] = ()


async def probe(http: httpx.AsyncClient, options: LlamaOptions) -> Backend:
    """Detect what the server is.

    Raises UnreachableError, ModelLoadingError or NotAllowedError. Any other response is accepted: what it does not
    say has a default.
    """
    status, value = await _model_list(http, options)
    if status != 200:
        error = error_from(read_problem(status, value), options.host)
        if isinstance(error, ModelLoadingError | NotAllowedError):
            raise error
    entries = _entries(value)
    names = tuple(entry["id"] for entry in entries)
    model = options.model or (names[0] if names else "")
    entry = next((entry for entry in entries if entry["id"] == model), entries[0] if entries else {})
    kind, context = await _kind_and_context(http, options, entry, model)
    return Backend(kind, model, options.context or context or DEFAULT_CONTEXT, names)


async def read_json(response: httpx.Response, limit: int) -> object:
    """The JSON of a streamed response, or None where it is not JSON or longer than `limit` bytes.

    Raises httpx.HTTPError when the connection breaks.
    """
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            return None
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


async def _model_list(http: httpx.AsyncClient, options: LlamaOptions) -> tuple[int, object]:
    try:
        return await _fetch_json(http, options, "GET", f"{options.url}/models")
    except (TimeoutError, httpx.ReadTimeout):
        return 0, None
    except httpx.HTTPError as error:
        raise UnreachableError(f"{options.host} cannot be reached: {cause_name(error)}") from error


def _entries(value: object) -> list[dict[str, Any]]:
    """The entries of an OpenAI model list that have an id."""
    data = value.get("data") if isinstance(value, dict) else None
    entries = data if isinstance(data, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


async def _kind_and_context(
    http: httpx.AsyncClient, options: LlamaOptions, entry: dict[str, Any], model: str
) -> tuple[Kind, int]:
    """The kind of server that lists `entry`, and its context (0: unknown)."""
    listed = next((size for key in ("max_model_len", "context_window") if (size := _positive_int(entry.get(key)))), 0)
    match entry.get("owned_by"):
        case "llamacpp":
            return "llamacpp", await _llamacpp_context(http, options) or _positive_int(_at_path(entry, "meta", "n_ctx"))
        case "vllm":
            return "vllm", listed
        case "sglang":
            return "sglang", listed
    if listed or not entry:
        return "unknown", listed
    if isinstance(await _optional_json(http, options, "GET", "/api/version"), dict):
        return "ollama", await _ollama_context(http, options, model)
    return "unknown", 0


async def _llamacpp_context(http: httpx.AsyncClient, options: LlamaOptions) -> int:
    """The context of one slot: the server's context is divided among its slots."""
    return _positive_int(
        _at_path(await _optional_json(http, options, "GET", "/props"), "default_generation_settings", "n_ctx")
    )


async def _ollama_context(http: httpx.AsyncClient, options: LlamaOptions, model: str) -> int:
    """The context of the loaded model, or the one its Modelfile asks for.

    What the model was trained for says nothing here: Ollama serves less, and silently truncates the prompt.
    """
    running = await _optional_json(http, options, "GET", "/api/ps")
    models = running.get("models") if isinstance(running, dict) else None
    for loaded in models if isinstance(models, list) else []:
        if _at_path(loaded, "name") == model and (size := _positive_int(_at_path(loaded, "context_length"))):
            return size
    shown = await _optional_json(http, options, "POST", "/api/show", {"model": model})
    found = re.search(r"^num_ctx\s+(\d{1,9})\s*$", str(_at_path(shown, "parameters")), re.MULTILINE)
    return int(found.group(1)) if found else 0


async def _optional_json(
    http: httpx.AsyncClient, options: LlamaOptions, method: str, path: str, body: object = None
) -> object:
    """The JSON of an endpoint that only some servers have, or None."""
    try:
        status, value = await _fetch_json(http, options, method, options.root + path, body)
    except (httpx.HTTPError, TimeoutError):
        return None
    return value if status == 200 else None


async def _fetch_json(
    http: httpx.AsyncClient, options: LlamaOptions, method: str, url: str, body: object = None
) -> tuple[int, object]:
    async with (
        asyncio.timeout(max(PROBE_SECONDS, options.connect_seconds)),
        http.stream(method, url, json=body, headers=options.headers) as response,
    ):
        return response.status_code, await read_json(response, MAX_JSON_BYTES)


def _at_path(value: object, *names: str) -> object:
    """The value at the end of a path through JSON objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _positive_int(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
