"""What the errors of model servers mean: rows of status, code and phrase. The first row that fits counts.

Each row names where its words were seen; without a source they are the server's documentation, or plain HTTP. A row
fits where the status does, and one of its codes or its phrase is there; a row without both fits by the status alone.
An error inside a stream often has no status: then only codes and phrases count.

Whether a person may try again, and whether another model may answer, are the attributes `retry` and `elsewhere` of the
errors.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.llama.errors import (
    ContextTooLongError,
    LlamaError,
    LlamaServerError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
    RateLimitedError,
    RefusalError,
    UnreachableError,
)

REFUSED = frozenset({400, 404, 410, 413, 422, 500, 501, 502})
BUSY = frozenset({429, 498, 503, 529})
# Gateways that do not reach the server: nginx and others, and Cloudflare's own,
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
GATEWAY = frozenset({408, 502, 504, *range(520, 528), 530})
# Of those, the ones that come after a long wait.
WAITED = frozenset({408, 504, 522, 524})
ANY: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Row:
    """One kind of error. Codes and phrase are compared in lower case; `statuses` empty means any."""

    error: type[LlamaError]
    statuses: frozenset[int] = ANY
    codes: frozenset[str] = frozenset()
    phrase: re.Pattern[str] | None = None
    source: str = ""
    advice: str = field(default="", compare=False)

    def fits(self, status: int, codes: Iterable[str], message: str) -> bool:
        """Whether an error is of this kind. `status` is 0 where it is not known."""
        if self.statuses and status and status not in self.statuses:
            return False
        if not self.codes and self.phrase is None:
            return status in self.statuses
        return not self.codes.isdisjoint(codes) or (self.phrase is not None and bool(self.phrase.search(message)))


def row_for(status: int, codes: tuple[str, ...], message: str) -> Row | None:
    """The first row that fits, or None."""
    message = message.lower()
    return next((row for row in ROWS if row.fits(status, codes, message)), None)


def _rows(error: type[LlamaError], statuses: frozenset[int], advice: str, *kinds: tuple[str, str, str]) -> list[Row]:
    """Rows of one error. Each kind is its codes between spaces, its phrase and its source."""
    return [
        Row(error, statuses, frozenset(codes.split()), re.compile(phrase) if phrase else None, source, advice)
        for codes, phrase, source in kinds
    ]


ROWS: list[Row] = [
    # Before all others: its code is that of a rate limit, and a smaller request passes.
    *_rows(
        ContextTooLongError,
        frozenset({413, 429}),
        "more than its limit a minute",
        ("", r"request too large", "Groq, https://github.com/continuedev/continue/issues/10218; OpenAI"),
    ),
    Row(RateLimitedError, frozenset({413}), frozenset({"rate_limit_exceeded"}), source="Groq"),
    *_rows(
        NotAllowedError,
        ANY,
        "no credit is left for LLAMA_KEY",
        (
            "insufficient_quota billing_hard_limit_reached billing_not_active credits_exhausted",
            r"exceeded your current quota",
            "OpenAI, https://platform.openai.com/docs/guides/error-codes",
        ),
        (
            "insufficient_credits payment_required",
            r"insufficient (credits?|balance|funds|quota)|requires more credits|out of credits|payment required"
            r"|credit (limit|balance)|never purchased credits",
            "OpenRouter, https://openrouter.ai/docs/api-reference/errors; DeepSeek, Together",
        ),
        ("budget_exceeded", r"budget has been exceeded", "LiteLLM, https://docs.litellm.ai/docs/proxy/users"),
    ),
    Row(NotAllowedError, frozenset({402}), source="HTTP", advice="no credit is left for LLAMA_KEY"),
    *_rows(
        RefusalError,
        frozenset({400, 403, 422, 451}),
        "a filter refused it",
        (
            "content_filter content_policy_violation responsibleaipolicyviolation content_blocked moderation_blocked",
            r"content (management|filter|policy)|content.policy",
            "Azure, https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter",
        ),
        (
            "moderation",
            r"(was|were|been) flagged|requires moderation|failed moderation",
            "OpenRouter, https://openrouter.ai/docs/api-reference/errors",
        ),
        (
            "data_inspection_failed",
            r"inappropriate content|usage polic|safety (system|filter|polic)|content exists risk",
            "DeepSeek, https://github.com/deepseek-ai/DeepSeek-V2/issues/30; other hosts",
        ),
    ),
    *_rows(
        ContextTooLongError,
        REFUSED | {503},
        "more than it reads at once",
        (
            "exceed_context_size_error",
            r"exceeds? the available context|context shift is disabled|input is too large to process",
            "llama.cpp, https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        ),
        ("context_length_exceeded context_window_exceeded string_above_max_length", "", "OpenAI, Groq, Cerebras"),
        (
            "",
            r"maximum context length|maximum model length|(exceeds the|greater than) max_model_len"
            r"|max_tokens must be at least 1, got -",
            "vLLM, https://github.com/vllm-project/vllm/issues/20409, https://github.com/xorbitsai/inference/issues/3785",
        ),
        (
            "",
            r"longer than the model's context|exceeds the (model's )?maximum (context|allowed) length",
            "SGLang, https://github.com/QwenLM/Qwen3/issues/1321",
        ),
        (
            "",
            r"tokens`? \+ `?max_new_tokens`? must be|inputs`? must have less than \d+ tokens",
            "TGI, https://github.com/huggingface/llm-vscode/issues/94; Together, "
            "https://github.com/BerriAI/litellm/issues/4934",
        ),
        (
            "",
            r"tokens to keep from the initial prompt|trying to keep the first \d+ tokens|truncate prompt with n_keep"
            r"|context size has been exceeded|reached context length",
            "LM Studio, https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/546, "
            "https://github.com/anomalyco/opencode/issues/11141, "
            "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2339",
        ),
        (
            "",
            r"exceeds? (the )?maximum input length|input length \d+ exceeds",
            "DeepInfra, https://github.com/langchain-ai/langchain/pull/25671",
        ),
        (
            "",
            r"exceeds? (the )?context (window|length)|current length is \d+ while limit",
            "llama-cpp-python, https://github.com/abetlen/llama-cpp-python/issues/416; Ollama; Cerebras",
        ),
        (
            "",
            r"too many (input |prompt )?tokens|(prompt|input) (is )?too long|(prompt|input).{0,60}too (large|long) for"
            r"|reduce (the length of|your (message|prompt|input))|(exceed|larger|greater|longer|limit).{0,60}context"
            r"|context (length|size|window).{0,60}(exceed|limit|too)",
            "Fireworks, Mistral, Bedrock and other hosts",
        ),
        # What is asked is counted, and is more than something. A bound of `max_tokens` alone is another matter.
        (
            "",
            r"\b(prompt|input|sequence)( tokens?| token count)?( length)?\b[^.:]{0,60}"
            r"(exceed|longer than|greater than|larger than)"
            r"|(?<!max_)\btokens?\b(?! per )[^.:]{0,80}(exceed|too large for|total tokens limit)"
            r"|(maximum|max) (supported )?(prompt|sequence|input) length|context length is (only|just)"
            r"|range of input length|tokens\) \+ max_tokens",
            "Gemini, https://github.com/google-gemini/gemini-cli/issues/6678; TensorRT-LLM, TabbyAPI, SambaNova, xAI "
            "and other hosts",
        ),
    ),
    Row(ContextTooLongError, frozenset({413}), source="nginx and other proxies", advice="more than it accepts"),
    # Before those of a missing model: it is there, and answers without tools.
    *_rows(
        LlamaServerError,
        REFUSED,
        "it takes no tools, see LLAMA_TOOLS",
        (
            "",
            r"(does not|doesn't) support (tools?\b|tool (use|calling)|function calling)|that support tool use"
            r"|tool (calling|use)s? (is|are) not supported|tools? (is|are) not supported",
            "Ollama, https://github.com/ollama/ollama/blob/main/server/routes.go; OpenRouter, "
            "https://openrouter.ai/docs/features/tool-calling; Groq",
        ),
        (
            "",
            r"tool choice requires|tools param requires",
            "vLLM, docs/features/tool_calling; llama.cpp without --jinja",
        ),
        (
            "tool_use_failed",
            r"failed to call a function",
            "Groq, https://github.com/groq/groq-typescript/issues/28",
        ),
    ),
    *_rows(
        ModelNotFoundError,
        REFUSED | {401, 403},
        "it does not have this model, see LLAMA_MODEL",
        (
            "model_not_found",
            r"model.{0,200}(not found|not exist)|(not found|unknown|no such|invalid) model|model (is )?required"
            r"|must provide a model",
            "OpenAI; vLLM; Ollama, https://github.com/ollama/ollama/blob/main/server/routes.go; Fireworks",
        ),
        (
            "model_decommissioned model_deprecated model_not_supported unsupported_model",
            r"model(\s+\S{1,150})?\s+(is|was|has been)\s+(decommissioned|deprecated|no longer|retired)"
            r"|model(\s+\S{1,150})?\s+(is|was|has( been| reached its)?)\s+(sunset|end.of.life|discontinued|removed)"
            r"|model(\s+\S{1,150})?\s+is\s+(not supported|unsupported)|unsupported model",
            "Groq, https://console.groq.com/docs/deprecations",
        ),
        (
            "",
            r"no (allowed |available )?(endpoints|providers)\b.{0,40}(found|available)|no endpoints"
            r"|not a valid model id",
            "OpenRouter, https://github.com/agent0ai/agent-zero/issues/1255, "
            "https://github.com/maxnowack/anthropic-proxy/issues/4",
        ),
        (
            "invalid_model",
            r"invalid model name|model name passed in",
            "LiteLLM, https://github.com/BerriAI/litellm/issues/9663; Mistral",
        ),
        (
            "",
            r"could not find (a )?(real modelid|suitable (inference )?handler)|no router for requested model",
            "llama-swap, https://github.com/mostlygeek/llama-swap/blob/main/proxy/proxymanager.go",
        ),
        (
            "model_not_available dedicated_endpoint_not_running",
            r"unable to access (non-serverless )?model|model(\s+\S{1,150})?\s+is\s+(not available|unavailable)",
            "Together, https://github.com/HeyPuter/puter/issues/3168",
        ),
        (
            "",
            r"no models? (is |are )?(currently )?loaded|could not find model",
            "LM Studio, https://github.com/lmstudio-ai/lms/issues/107",
        ),
        ("deploymentnotfound", r"deployment.{0,80}not exist", "Azure"),
    ),
    *_rows(
        NotAllowedError,
        ANY,
        "see LLAMA_KEY",
        (
            "invalid_api_key authentication_error invalid_authentication unauthorized permission_denied",
            r"(invalid|incorrect|missing|wrong) (api[ _]?key|authentication|credentials)|api key not valid"
            r"|no auth credentials|unauthori[sz]ed",
            "OpenAI, OpenRouter, Gemini",
        ),
        (
            "key_model_access_denied team_model_access_denied model_terms_required",
            r"not allowed to (access|call) (this )?model|accept(ing)? the terms",
            "LiteLLM, https://github.com/BerriAI/litellm/pull/1933; Groq, https://console.groq.com/docs/errors",
        ),
    ),
    Row(NotAllowedError, frozenset({401, 403, 407}), source="HTTP", advice="see LLAMA_KEY"),
    *_rows(
        ModelLoadingError,
        frozenset({425, 429, 502, 503}),
        "",
        (
            "model_loading",
            r"loading model|model.{0,200}\b(is|are) (currently |still |being )?load(ing|ed\b(?! to))|still loading",
            "llama.cpp, https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md; Hugging Face",
        ),
        ("", r"starting up|warming up|scal(ing|ed) (up|to zero)|is (still |being )?start(ing|ed)\b", "other hosts"),
    ),
    *_rows(
        UnreachableError,
        ANY,
        "",
        (
            "",
            r"upstream connect error|no healthy upstream|no available server|upstream (command )?exited"
            r"|unable to start process|no healthy deployments|connection refused|bad gateway|gateway time-?out",
            "Envoy, Traefik, nginx; LiteLLM; llama-swap, https://github.com/mostlygeek/llama-swap",
        ),
    ),
    *_rows(
        RateLimitedError,
        ANY,
        "",
        (
            "rate_limit_exceeded rate_limit_error too_many_requests dynamic_request_limited dynamic_token_limited",
            r"rate.limit|too many requests|(requests|tokens) per (minute|day|second)",
            "OpenAI; Groq; Together, https://docs.together.ai/docs/rate-limits",
        ),
        (
            "overloaded overloaded_error engine_overloaded server_overloaded capacity_exceeded unavailable_error",
            r"overloaded|server (is )?busy|at (full )?capacity|capacity exceeded|maximum pending requests",
            "TGI; Ollama, https://github.com/ollama/ollama/blob/main/server/sched.go; Groq",
        ),
    ),
    Row(RateLimitedError, BUSY, source="HTTP; Groq's 498; 529 of other hosts"),
    Row(UnreachableError, GATEWAY, source="HTTP and Cloudflare"),
]
