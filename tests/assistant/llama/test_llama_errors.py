"""Every trouble has a code that can be stored, a sentence for the person and a text for the operator."""

import pytest

from assistant.llama.errors import (
    ERRORS,
    ContextTooLongError,
    LlamaError,
    LlamaServerError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
    RateLimitedError,
)
from assistant.llama.problems import error_from, read_problem


def every(error: type[LlamaError]) -> set[type[LlamaError]]:
    """A class and all below it."""
    return {error}.union(*(every(below) for below in error.__subclasses__()))


def test_each_stored_code_leads_back_to_one_error_with_a_sentence_of_its_own() -> None:
    assert set(ERRORS.values()) == every(LlamaError)
    assert len({str(error.sentence) for error in ERRORS.values()}) == len(ERRORS)


@pytest.mark.parametrize("error", ERRORS.values())
def test_a_sentence_is_short_and_calm(error: type[LlamaError]) -> None:
    sentence = str(error.sentence)
    assert len(sentence) < 120
    assert sentence.endswith(".")
    assert "!" not in sentence


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": {"code": "context_length_exceeded", "message": "x"}}, ContextTooLongError),
        (
            400,
            {"object": "error", "message": "This model's maximum context length is 8192 tokens."},
            ContextTooLongError,
        ),
        (413, {"error": {"message": "prompt is too long: 9000"}}, ContextTooLongError),
        (404, {"error": {"message": "The model `x` does not exist.", "type": "NotFoundError"}}, ModelNotFoundError),
        (404, {"error": {"code": "model_not_found"}}, ModelNotFoundError),
        (404, {"error": "model 'x' not found"}, ModelNotFoundError),
        (404, None, LlamaServerError),
        (403, None, NotAllowedError),
        (429, {"error": {"type": "dynamic_request_limited"}}, RateLimitedError),
        (503, {"error": {"message": "Loading model"}}, ModelLoadingError),
        (503, "full", RateLimitedError),
        (400, {"error": {"message": "Tell me about the context of this novel"}}, LlamaServerError),
        (500, [1, 2], LlamaServerError),
        (500, {"error": {"type": ["odd"], "code": {"odd": 1}, "message": 5}}, LlamaServerError),
    ],
)
def test_the_bodies_of_many_servers_are_understood(status: int, body: object, expected: type[LlamaError]) -> None:
    assert type(error_from(read_problem(status, body), "host")) is expected


def test_the_operator_reads_server_status_and_kind() -> None:
    error = error_from(read_problem(400, {"error": {"type": "bad_request", "code": 400}}), "llama:8080")
    assert str(error) == "llama:8080 answered 400 (bad_request, 400)"
