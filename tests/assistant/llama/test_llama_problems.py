"""What servers say when they refuse, in their own words, and what of it the operator reads."""

import pytest

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
from assistant.llama.problem_table import ROWS
from assistant.llama.problems import error_from, read_problem
from assistant.llama.redaction import Redaction

KEY = "gsk_0123456789abcdefghij"
PROMPT = ("You are kind.", "My neighbour Ada Quill has diabetes and owes me money")


def error(status: int, body: object) -> LlamaError:
    return error_from(read_problem(status, body), "host", redaction=Redaction((KEY,), PROMPT))


def nested(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "message", "context"),
    [
        (400, "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.", 8192),
        (400, "The decoder prompt (length 10127) is longer than the maximum model length of 8192.", 8192),
        (400, "max_tokens must be at least 1, got -1808.", None),
        (400, "The input (9000 tokens) is longer than the model's context length (8192 tokens).", 8192),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 8012", 4097),
        (422, "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 4096),
        (400, "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded", None),
        (400, "The number of tokens to keep from the initial prompt is greater than the context length.", None),
        (500, "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)", 7424),
        (500, "Context size has been exceeded.", None),
        (500, "Requested input length 99009 exceeds maximum input length 8192", 8192),
        (400, "Requested tokens (9000) exceed context window of 512", 512),
        (400, "Current length is 8500 while limit is 8192", 8192),
        (400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length", 32768),
        (400, "The prompt is too long: 9000, model maximum context length: 8191", 8191),
        (400, "You passed 9000 input tokens. However, the model's context length is only 8192 tokens.", 8192),
        (400, "generating 1024 tokens needs 8524, but the maximum supported sequence length is just 8192!", 8192),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", 200000),
        (400, "too many tokens: the prompt cannot exceed 4081 - received 5000", 4081),
        (413, "The estimated number of tokens (9000) exceeded this model context window limit (7968).", 7968),
        (400, "Prompt length 9000 is greater than max_seq_len 8192", 8192),
        (400, "This model's maximum prompt length is 131072 but the request contains 150000 tokens.", 131072),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576),
        (400, "the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model", 8192),
        (400, "prompt token count (9000) + max_tokens (1024) cannot exceed 8192", 8192),
        (500, "Failed to process the request for model instance: Prompt length exceeds max", None),
        (422, "Input tokens exceed the configured limit of 8192 tokens.", 8192),
        (400, "Range of input length should be [1, 30720]", 30720),
        (413, "Request too large for model `x` on tokens per minute (TPM): Limit 12000, Requested 14137", None),
        (500, "the input length exceeds the context length", None),
        (400, "max_tokens=1024 cannot be greater than max_model_len=max_total_tokens=1000.", None),
        (413, "", None),
    ],
)
def test_too_long_is_too_long_in_the_words_of_each_server(status: int, message: str, context: int | None) -> None:
    for body in (nested(message), {"object": "error", "message": message}, {"error": message}, {"detail": message}):
        found = error(status, body)
        assert isinstance(found, ContextTooLongError)
        assert context in (None, found.context)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, nested("The model `x` has been decommissioned and is no longer supported.", code="model_decommissioned")),
        (404, nested("No endpoints found for meta-llama/llama-3.1-8b-instruct:free.", code=404)),
        (404, nested("No allowed providers are available for the selected model.", code=404)),
        (400, nested("meta-llama/llama-x is not a valid model ID", code=400)),
        (400, nested("/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view", code="400")),
        (400, {"error": "could not find real modelID for llama-x"}),
        (404, "could not find suitable inference handler for llama-x"),
        (404, nested("model 'llama3.2' not found")),
        (404, nested("No models loaded. Please load a model in the developer page", code="model_not_found")),
        (400, nested("Unable to access non-serverless model x. Please visit", code="model_not_available")),
        (404, {"detail": {"error": "The model x does not exist"}}),
        (404, nested("Model not found, inaccessible, and/or not deployed", code="NOT_FOUND")),
        (400, nested("The model llama-3.1-70b has reached its end of life")),
        (410, nested("The model was sunset")),
        (403, nested("Model llama3.1-8b does not exist or you do not have access to it.", code="model_not_found")),
    ],
)
def test_a_model_that_is_gone_is_gone_in_the_words_of_each_server(status: int, body: object) -> None:
    found = error(status, body)
    assert type(found) is ModelNotFoundError
    assert "see LLAMA_MODEL" in str(found)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (402, nested("Insufficient credits.", code=402), NotAllowedError),
        (402, None, NotAllowedError),
        (429, nested("You exceeded your current quota", code="insufficient_quota"), NotAllowedError),
        (400, nested("Budget has been exceeded! Current cost: 10.0", type="budget_exceeded"), NotAllowedError),
        (403, nested('Your input was flagged for "violence". No credits were charged.'), RefusalError),
        (400, nested("The response was filtered due to the prompt", code="content_filter"), RefusalError),
        (403, "<html><head><title>403 Forbidden</title></head></html>", NotAllowedError),
        (401, nested("key not allowed to access model.", type="key_model_access_denied"), NotAllowedError),
        (400, nested("API key not valid. Please pass a valid API key."), NotAllowedError),
        (413, nested("Rate limit reached", code="rate_limit_exceeded"), RateLimitedError),
        (429, nested("Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5900"), RateLimitedError),
        (503, {"error": "server busy, please try again. maximum pending requests exceeded"}, RateLimitedError),
        (500, nested("Model is overloaded", type="overloaded"), RateLimitedError),
        (503, {"error": "Model meta-llama/x is currently loading", "estimated_time": 20.0}, ModelLoadingError),
        (503, nested("Deployment is currently scaled to zero and is scaling up."), ModelLoadingError),
        (400, nested("Content Exists Risk"), RefusalError),
        (400, nested("max_tokens is too large: 9000. It supports at most 4096 completion tokens"), LlamaServerError),
        (400, nested("`max_tokens` must be less than or equal to `8192`"), LlamaServerError),
        (422, nested("Input validation error: `temperature` exceeds 2"), LlamaServerError),
        (503, "upstream connect error or disconnect/reset before headers", UnreachableError),
        (503, "no available server", UnreachableError),
        (502, "unable to start process: upstream command exited prematurely", UnreachableError),
        (500, "<title>500 Internal Server Error</title>", LlamaServerError),
        (500, nested("llama runner process has terminated"), LlamaServerError),
        (400, nested("temperature must be below 1"), LlamaServerError),
        (400, nested("Unknown parameter: 'stop' is not supported with this model"), LlamaServerError),
        (530, "<title>Origin DNS error</title>", UnreachableError),
    ],
)
def test_other_refusals_have_their_names(status: int, body: object, expected: type[LlamaError]) -> None:
    assert type(error(status, body)) is expected


def test_another_hosts_error_is_read_within_the_one_that_wraps_it() -> None:
    raw = '{"error":{"message":"This endpoint\'s maximum context length is 8192 tokens."}}'
    wrapped = nested("Provider returned error", code=400, metadata={"raw": raw, "provider_name": "x"})
    found = error(400, wrapped)
    assert isinstance(found, ContextTooLongError)
    assert found.context == 8192
    assert type(error(400, {"error": raw})) is ContextTooLongError


@pytest.mark.parametrize(
    "message",
    [
        "maximum context length is 8192 tokens",
        "The model `x` does not exist.",
        "insufficient credits",
        "rate limit hit",
    ],
)
def test_an_error_within_a_stream_has_the_name_that_its_status_would_give(message: str) -> None:
    statuses = {"maximum": 400, "The": 404, "insufficient": 402, "rate": 429}
    within = error_from(read_problem(200, nested(message)), "host")
    assert type(within) is type(error(statuses[message.split()[0]], nested(message)))
    assert str(within).startswith("host sent an error in its answer")


def test_every_row_names_its_source() -> None:
    assert [row for row in ROWS if not row.source] == []


def test_whether_another_model_may_answer_is_told_apart_from_whether_to_try_again() -> None:
    told = {kind: (kind.retry, kind.elsewhere) for kind in (ModelNotFoundError, RefusalError, RateLimitedError)}
    assert told == {ModelNotFoundError: (False, True), RefusalError: (False, False), RateLimitedError: (True, True)}


@pytest.mark.parametrize(
    ("status", "message", "line"),
    [
        (404, "The model `llama-x` does not exist.", "The model `llama-x` does not exist."),
        (402, "Insufficient credits.\nAdd more", "Insufficient credits. Add more"),
        (500, "CUDA out of memory. Tried to allocate 2 GiB", "CUDA out of memory. Tried to allocate 2 GiB"),
        (400, "max_tokens must be less than or equal to 4096", "max_tokens must be less than or equal to 4096"),
    ],
)
def test_the_operator_reads_the_servers_own_message(status: int, message: str, line: str) -> None:
    assert str(error(status, nested(message))).endswith(f": {line}")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, f"Invalid request: {PROMPT[1]}"),
        (400, "cannot read: My neighbour Ada Quill"),
        (500, "Failed to parse input at pos 12: Ada Quill has diabetes"),
        (500, "Jinja error near 'Ada Quill has' in template"),
        (400, "maximum context length is 8192 tokens, prompt was my neighbour ada quill has diabetes"),
        (422, "temperature must be a number [type=float, input_value={'content': 'Ada Quill'}]"),
        (400, 'model not found: {"messages": [{"content": "Ada Quill"}]}'),
        (404, 'The model does not exist, said "Ada Quill and her diabetes"'),
        (500, "The output Ada Quill has diabetes is no JSON"),
    ],
)
def test_the_operator_reads_no_word_that_people_wrote(status: int, message: str) -> None:
    said = str(error(status, nested(message))).lower()
    assert "quill" not in said
    assert "diabetes" not in said


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Incorrect API key provided: {KEY[:7]}*****{KEY[-4:]}.",
        f"Invalid API key ending in {KEY[-6:]}",
        "Invalid API key sk-proj-AbCdEf0123456789",
        f"unauthorized: Bearer {KEY}",
        "unauthorized: http://user:0123secret@proxy/ refused",
    ],
)
def test_the_operator_reads_no_key_and_no_part_of_one(message: str) -> None:
    said = str(error(401, nested(message)))
    assert not any(part in said for part in (KEY, KEY[:7], KEY[-4:], "AbCdEf", "0123secret"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("400: Invalid value: Model 'nope' not found", ModelNotFoundError),
        ("400: Error code: 400 - request (9031 tokens) exceeds the available context size (4096)", ContextTooLongError),
        ("401: scripted", NotAllowedError),
        ("Error code: 401 - scripted", NotAllowedError),
        ("429: scripted", RateLimitedError),
        ("Error code: 503 - scripted", RateLimitedError),
        ("Error code: 502 - scripted", UnreachableError),
        ("500: Internal server error: An unexpected error occurred.", LlamaServerError),
        ("4290 is no status", LlamaServerError),
        ("2024: a year", LlamaServerError),
    ],
)
def test_a_status_that_stands_in_the_words_is_believed_within_a_stream(
    message: str, expected: type[LlamaError]
) -> None:
    found = error(200, nested(message))
    assert type(found) is expected


def test_llama_cpps_context_is_read_from_its_words() -> None:
    found = error(400, nested("request (9031 tokens) exceeds the available context size (4096 tokens)"))
    assert isinstance(found, ContextTooLongError)
    assert found.context == 4096
