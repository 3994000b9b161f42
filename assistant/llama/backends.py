"""Detect the kind of server at LLAMA_URL, its models and its context window.

The list of models is asked of every server, what it lacks of endpoints that only some have:

- vLLM and SGLang put `max_model_len` into the list, Groq `context_window`, OpenRouter and Together `context_length`;
  Together's list is no object, https://docs.together.ai/reference/models-1
- llama.cpp: `/props`, https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
- Ollama: `/api/version`, `/api/ps` and `/api/show`, https://github.com/ollama/ollama/blob/main/docs/api.md
- LM Studio: `/api/v0/models`, https://lmstudio.ai/docs/developer/rest/endpoints
- TGI: `/info`, https://huggingface.github.io/text-generation-inference/
- OGX, before Llama Stack, tells no context, and of each model its type:
  https://github.com/ogx-ai/ogx/blob/main/src/ogx/core/routing_tables/models.py
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.llama.errors import (
    CutOffError,
    DecodingError,
    LlamaError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
)
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import error_from, read_problem
from assistant.llama.redaction import Redaction
from assistant.llama.transport import Transport

DEFAULT_CONTEXT = 4096
PROBE_SECONDS = 3.0
MAX_JSON_BYTES = 4 * 1024 * 1024
# Listed beside those that talk: they judge, embed, rank, transcribe or draw.
NO_TALKERS = re.compile(
    r"guard|shield|moderation|embed|rerank|whisper|\btts\b|text-to-speech|clip\b|\bbge-|\bgte-|minilm|flux|diffusion",
    re.IGNORECASE,
)
TALKING_TYPES = ("chat", "language", "llm", "vlm", "model", "text-generation", "")

Kind = Literal["llamacpp", "ollama", "vllm", "sglang", "lmstudio", "tgi", "ogx", "unknown"]
OWNERS: dict[str, Kind] = {
    "llamacpp": "llamacpp",
    "vllm": "vllm",
    "sglang": "sglang",
    "ogx": "ogx",
    "llama_stack": "ogx",
}


@dataclass(frozen=True)
class Backend:
    """A model server. `model` is the one we use ("" where none is named or listed), `context` its window in tokens,
    `models` all that the server lists. `context_is_told`: the server, or a setting, says so."""

    kind: Kind
    model: str
    context: int
    models: tuple[str, ...] = ()
    context_is_told: bool = field(default=True, compare=False)

    @property
    def lists_model(self) -> bool:
        """Whether the list of models has ours."""
        return any(same_model(name, self.model) for name in self.models)


async def probe(transport: Transport, options: LlamaOptions) -> Backend:
    """Detect what the server is.

    Raises UnreachableError, ModelLoadingError, NotAllowedError, or ModelNotFoundError where no listed model talks and
    none is named. Any other response is accepted: what it does not say has a default.
    """
    status, value = await _model_list(transport, options)
    if status not in (0, 200):
        error = error_from(read_problem(status, value), options.host, redaction=Redaction(options.secrets))
        if isinstance(error, ModelLoadingError | NotAllowedError):
            raise error
    entries = _entries(value)
    names = tuple(entry["id"] for entry in entries)
    talkers = [entry for entry in entries if _talks(entry)]
    if entries and not talkers and not options.model:
        raise ModelNotFoundError(
            f"{options.host} lists no model that talks, but {', '.join(names[:5])}: see LLAMA_MODEL"
        )
    model = options.model or (talkers[0]["id"] if talkers else "")
    entry = next((entry for entry in entries if same_model(entry["id"], model)), entries[0] if entries else {})
    kind, context = await _kind_and_context(transport, options, entry, model)
    return Backend(kind, model, options.context or context or DEFAULT_CONTEXT, names, bool(options.context or context))


def same_model(one: str, other: str) -> bool:
    """Whether two names are of one model: `llama3.2` is Ollama's `llama3.2:latest`; hosts leave out a folder or tag."""
    return _plain_name(one) == _plain_name(other)


def _plain_name(name: str) -> str:
    return name.lower().replace("\\", "/").rpartition("/")[2].removesuffix(":latest").removesuffix(":free")


def _talks(entry: dict[str, Any]) -> bool:
    """Whether a listed model answers people, by what is told of its type and by its name."""
    kind = _at_path(entry, "custom_metadata", "model_type") or entry.get("type")
    return (not isinstance(kind, str) or kind.lower() in TALKING_TYPES) and not NO_TALKERS.search(entry["id"])


async def _model_list(transport: Transport, options: LlamaOptions) -> tuple[int, object]:
    """Status and content of the list of models; status 0 where it takes too long or breaks off."""
    try:
        return await _fetch_json(transport, options, "GET", f"{options.base}/models")
    except (TimeoutError, CutOffError, DecodingError):
        return 0, None


def _entries(value: object) -> list[dict[str, Any]]:
    """The entries of a model list that have an id, from OpenAI's form, Together's, or `models` of others."""
    data = (value.get("data") or value.get("models")) if isinstance(value, dict) else value
    entries = data if isinstance(data, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


async def _kind_and_context(
    transport: Transport, options: LlamaOptions, entry: dict[str, Any], model: str
) -> tuple[Kind, int]:
    """The kind of server that lists `entry`, and its context (0: unknown)."""
    kind, listed = OWNERS.get(str(entry.get("owned_by")), "unknown"), _listed_context(entry)
    try:
        async with asyncio.timeout(max(PROBE_SECONDS, options.connect_seconds)):
            if kind == "llamacpp":
                return kind, await _llamacpp_context(transport, options) or listed
            if listed or kind != "unknown" or not entry:
                return kind, listed
            return await _asked_context(transport, options, model)
    except TimeoutError:
        return kind, listed


def _listed_context(entry: dict[str, Any]) -> int:
    """The context that a list tells: at OpenRouter that of the provider, which may be smaller than the model's."""
    sizes = (
        _at_path(entry, *path)
        for path in (
            ("top_provider", "context_length"),
            ("max_model_len",),
            ("context_window",),
            ("context_length",),
            ("meta", "n_ctx"),
        )
    )
    return next((size for value in sizes if (size := _positive_int(value))), 0)


async def _asked_context(transport: Transport, options: LlamaOptions, model: str) -> tuple[Kind, int]:
    """Kind and context of a server whose list tells neither, by the endpoints that only some have, asked at once."""
    version, studio, info = await asyncio.gather(
        _optional_json(transport, options, "GET", "/api/version"),
        _optional_json(transport, options, "GET", "/api/v0/models"),
        _optional_json(transport, options, "GET", "/info"),
    )
    if isinstance(studio, dict) and (entries := _entries(studio)):
        return "lmstudio", _studio_context(entries, model)
    if size := _positive_int(_at_path(info, "max_total_tokens")):
        return "tgi", size
    if isinstance(version, dict) and "version" in version:
        return "ollama", await _ollama_context(transport, options, model)
    return "unknown", 0


async def _llamacpp_context(transport: Transport, options: LlamaOptions) -> int:
    """The context of one slot: the server's context is divided among its slots."""
    props = await _optional_json(transport, options, "GET", "/props")
    return _positive_int(_at_path(props, "default_generation_settings", "n_ctx"))


def _studio_context(entries: list[dict[str, Any]], model: str) -> int:
    """The context with which LM Studio has loaded the model. What the model could do says nothing before that."""
    entry = next((entry for entry in entries if same_model(entry["id"], model)), {})
    return _positive_int(entry.get("loaded_context_length"))


async def _ollama_context(transport: Transport, options: LlamaOptions, model: str) -> int:
    """The context of the loaded model, or the one its Modelfile asks for.

    What the model was trained for says nothing here: Ollama serves less, and silently truncates the prompt.
    """
    running = await _optional_json(transport, options, "GET", "/api/ps")
    models = running.get("models") if isinstance(running, dict) else None
    for loaded in models if isinstance(models, list) else []:
        names = (_at_path(loaded, "name"), _at_path(loaded, "model"))
        is_ours = any(isinstance(name, str) and same_model(name, model) for name in names)
        if is_ours and (size := _positive_int(_at_path(loaded, "context_length"))):
            return size
    shown = await _optional_json(transport, options, "POST", "/api/show", {"model": model})
    found = re.search(r"^num_ctx\s+(\d{1,9})\s*$", str(_at_path(shown, "parameters")), re.MULTILINE)
    return int(found.group(1)) if found else 0


async def _optional_json(
    transport: Transport, options: LlamaOptions, method: str, path: str, body: object = None
) -> object:
    """The JSON of an endpoint that only some servers have, or None."""
    try:
        status, value = await _fetch_json(transport, options, method, options.root + path, body)
    except (LlamaError, TimeoutError):
        return None
    return value if status == 200 else None


async def _fetch_json(
    transport: Transport, options: LlamaOptions, method: str, url: str, body: object = None
) -> tuple[int, object]:
    """Raises LlamaError, and TimeoutError after PROBE_SECONDS, or after the time to connect where that is longer."""
    async with asyncio.timeout(max(PROBE_SECONDS, options.connect_seconds)):
        reply = await transport.open(method, url, body)
        try:
            return reply.status, await reply.value(MAX_JSON_BYTES)
        finally:
            reply.close()


def _at_path(value: object, *names: str) -> object:
    """The value at the end of a path through JSON objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _positive_int(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
