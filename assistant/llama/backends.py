"""What the server behind LLAMA_URL is, and how much it can read."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from assistant.llama.errors import ModelLoadingError, NotAllowedError, UnreachableError
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import error_from, fault_name, read_problem

DEFAULT_CONTEXT = 4096
PAGE_SECONDS = 3.0
MAX_PAGE_BYTES = 4 * 1024 * 1024

Kind = Literal["llamacpp", "ollama", "vllm", "sglang", "unknown"]


@dataclass(frozen=True)
class Backend:
    """A model server. `model` is the one we use ("" when nobody named one), `context` its size in tokens,
    `models` all that it lists."""

    kind: Kind
    model: str
    context: int
    models: tuple[str, ...] = ()


async def probe(http: httpx.AsyncClient, options: LlamaOptions) -> Backend:
    """Ask the server what it is.

    Raises UnreachableError, ModelLoadingError or NotAllowedError. Any other answer will do: what is
    not known has a default.
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


async def read_page(response: httpx.Response, limit: int) -> object:
    """The JSON of a streamed response, or None when it is none or longer than `limit` bytes."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            return None
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


async def _model_list(http: httpx.AsyncClient, options: LlamaOptions) -> tuple[int, object]:
    try:
        return await _page(http, options, "GET", f"{options.url}/models")
    except (TimeoutError, httpx.ReadTimeout):
        return 0, None
    except httpx.HTTPError as error:
        raise UnreachableError(f"{options.host} cannot be reached: {fault_name(error)}") from error


def _entries(value: object) -> list[dict[str, Any]]:
    """The models of an OpenAI model list, those with a name."""
    data = value.get("data") if isinstance(value, dict) else None
    entries = data if isinstance(data, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


async def _kind_and_context(
    http: httpx.AsyncClient, options: LlamaOptions, entry: dict[str, Any], model: str
) -> tuple[Kind, int]:
    """What kind of server lists `entry`, and its context (0: it does not say)."""
    told = next((size for key in ("max_model_len", "context_window") if (size := _size(entry.get(key)))), 0)
    match entry.get("owned_by"):
        case "llamacpp":
            return "llamacpp", await _llamacpp_context(http, options) or _size(_under(entry, "meta", "n_ctx"))
        case "vllm":
            return "vllm", told
        case "sglang":
            return "sglang", told
    if told or not entry:
        return "unknown", told
    if isinstance(await _extra(http, options, "GET", "/api/version"), dict):
        return "ollama", await _ollama_context(http, options, model)
    return "unknown", 0


async def _llamacpp_context(http: httpx.AsyncClient, options: LlamaOptions) -> int:
    """The context of one slot: the whole is shared among them."""
    return _size(_under(await _extra(http, options, "GET", "/props"), "default_generation_settings", "n_ctx"))


async def _ollama_context(http: httpx.AsyncClient, options: LlamaOptions, model: str) -> int:
    """The context of the loaded model, or the one its Modelfile asks for.

    What the model was trained for says nothing here: Ollama serves less, and drops the rest without a word.
    """
    running = await _extra(http, options, "GET", "/api/ps")
    models = running.get("models") if isinstance(running, dict) else None
    for loaded in models if isinstance(models, list) else []:
        if _under(loaded, "name") == model and (size := _size(_under(loaded, "context_length"))):
            return size
    shown = await _extra(http, options, "POST", "/api/show", {"model": model})
    found = re.search(r"^num_ctx\s+(\d{1,9})\s*$", str(_under(shown, "parameters")), re.MULTILINE)
    return int(found.group(1)) if found else 0


async def _extra(http: httpx.AsyncClient, options: LlamaOptions, method: str, path: str, body: object = None) -> object:
    """A page that only some servers have: its JSON, or None."""
    try:
        status, value = await _page(http, options, method, options.root + path, body)
    except (httpx.HTTPError, TimeoutError):
        return None
    return value if status == 200 else None


async def _page(
    http: httpx.AsyncClient, options: LlamaOptions, method: str, url: str, body: object = None
) -> tuple[int, object]:
    async with (
        asyncio.timeout(max(PAGE_SECONDS, options.connect_seconds)),
        http.stream(method, url, json=body, headers=options.headers) as response,
    ):
        return response.status_code, await read_page(response, MAX_PAGE_BYTES)


def _under(value: object, *names: str) -> object:
    """The value at the end of a path through JSON objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _size(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
