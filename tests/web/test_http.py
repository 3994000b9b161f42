"""Errors as HTTP answers, and what the operator reads of them."""

import logging

import pytest

from assistant.errors import AssistantError, LimitedError, LogUnavailableError, NoSpeechError
from web.http import error_json, error_text


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (LogUnavailableError("Redis is away"), ["log_unavailable: Redis is away"]),
        (NoSpeechError("the recording is silent"), []),
        (LimitedError("message", 60), []),
    ],
)
def test_why_something_of_ours_failed_is_logged(
    error: AssistantError, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="web.http"):
        assert (error_json(error).status_code >= 500) == bool(lines)
        assert caplog.messages == lines
        error_text(error)
    assert caplog.messages == lines * 2
