"""Errors in OpenAI's form, with the statuses by which its clients tell them apart."""

from http import HTTPStatus
from typing import Any

from django.db import DatabaseError
from django.http import JsonResponse

from assistant import errors
from assistant.errors import AssistantError
from assistant.guard.errors import GuardAwayError, GuardError
from assistant.llama import errors as llama
from imagine.errors import ImagineError

# Until a model, a queue or Redis that is away is asked again.
RETRY_SECONDS = 5

Known = tuple[HTTPStatus, str, str]

# Status, type and code. The first that fits counts; all others are the model's trouble, or ours.
FORMS: dict[type[Exception], Known] = {
    errors.InvalidKeyError: (HTTPStatus.UNAUTHORIZED, "authentication_error", "invalid_api_key"),
    errors.SuspendedError: (HTTPStatus.FORBIDDEN, "permission_error", "account_suspended"),
    errors.AgreementNeededError: (HTTPStatus.FORBIDDEN, "permission_error", "agreement_needed"),
    errors.LimitedError: (HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded"),
    errors.BudgetSpentError: (HTTPStatus.TOO_MANY_REQUESTS, "insufficient_quota", "insufficient_quota"),
    GuardAwayError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "unavailable"),
    GuardError: (HTTPStatus.BAD_REQUEST, "invalid_request_error", "content_filter"),
    errors.RefusedInputError: (HTTPStatus.BAD_REQUEST, "invalid_request_error", "invalid_request"),
    llama.ContextTooLongError: (HTTPStatus.BAD_REQUEST, "invalid_request_error", "context_length_exceeded"),
    llama.RefusalError: (HTTPStatus.BAD_REQUEST, "invalid_request_error", "content_filter"),
    errors.CrowdedError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "overloaded"),
    llama.RateLimitedError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "overloaded"),
    errors.LogUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "unavailable"),
    DatabaseError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "unavailable"),
    llama.LlamaError: (HTTPStatus.SERVICE_UNAVAILABLE, "server_error", "model_unavailable"),
}
TROUBLE: Known = (HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", "internal_error")


class ApiError(Exception):
    """What a program is told. `param` names the field that is wrong, `headers` go with the answer."""

    def __init__(
        self,
        message: str,
        status: int = HTTPStatus.BAD_REQUEST,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self) -> JsonResponse:
        """The whole answer."""
        return JsonResponse(self.body, status=self.status, headers=self.headers)


def told(error: Exception) -> ApiError:
    """An error as programs are told it: of one that nobody expected, no more than that there was one."""
    if isinstance(error, ApiError):
        return error
    status, kind, code = next((form for known, form in FORMS.items() if isinstance(error, known)), TROUBLE)
    sentence = str(error.sentence if isinstance(error, AssistantError | ImagineError) else AssistantError.sentence)
    if isinstance(error, errors.AgreementNeededError):
        sentence = "Agree on the site first, in a browser: under 'Your data', or with a first message."
    headers = {}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = str(getattr(error, "retry_after", None) or RETRY_SECONDS)
    elif status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return ApiError(sentence, status, kind, code, headers=headers)
