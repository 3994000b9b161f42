"""Bodies of programs: what is read, and what is refused with which words."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.api.programs import asking
from web.api.errors import ApiError
from web.api.requests import read_request

USER = {"role": "user", "content": "Hello"}


def read(value: Any) -> Any:
    return read_request(json.dumps(value).encode())


def test_what_is_not_known_or_tunes_the_model_is_ignored() -> None:
    more = {"temperature": 0.1, "seed": 7, "user": "ada", "frequency_penalty": 1, "anything": [1], "n": 1, "stop": None}
    found = read(asking(**more, tools=[], response_format={"type": "text"}, logprobs=False))
    assert (found.model, found.stream, found.include_usage, found.most_tokens) == ("chaski", False, False, None)
    assert [(one.role, one.content) for one in found.messages] == [("user", "Hello")]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b'{"n": ' + b"9" * 5000 + b"}", None),
        ({"messages": [USER]}, "model"),
        (asking() | {"model": 3}, "model"),
        (asking() | {"model": ""}, "model"),
        (asking() | {"model": "x" * 1000}, "model"),
        ({"model": "chaski"}, "messages"),
        (asking() | {"messages": "Hello"}, "messages"),
        (asking() | {"messages": []}, "messages"),
        (asking() | {"messages": [USER] * 201}, "messages"),
        (asking() | {"messages": ["Hello"]}, "messages[0]"),
        (asking() | {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        (asking() | {"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        (asking() | {"messages": [USER, {"role": "user"}]}, "messages[1].content"),
        (asking() | {"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        (asking() | {"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        (asking() | {"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content"),
        (
            asking() | {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content",
        ),
        (asking() | {"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]}, "messages[0].content"),
        (asking("x" * 16_001), "messages[0].content"),
        (asking(" \n"), "messages"),
        (asking() | {"messages": [USER, {"role": "assistant", "content": "Hi"}]}, "messages"),
        (asking() | {"messages": [{"role": "system", "content": "Hi"}]}, "messages"),
        (asking(stream="yes"), "stream"),
        (asking(stream=1), "stream"),
        (asking(stream_options=[]), "stream_options"),
        (asking(stream_options={"include_usage": "yes"}), "stream_options.include_usage"),
        (asking(max_tokens="7"), "max_tokens"),
        (asking(max_tokens=True), "max_tokens"),
        (asking(max_tokens=0), "max_tokens"),
        (asking(max_completion_tokens=1.5), "max_completion_tokens"),
        (asking(n=2), "n"),
        (asking(n=True), "n"),
        (asking(n="1"), "n"),
        (asking(logprobs=True), "logprobs"),
        (asking(top_logprobs=0), "top_logprobs"),
        (asking(stop=["x"]), "stop"),
        (asking(tools=[{"type": "function"}]), "tools"),
        (asking(response_format={"type": "json_object"}), "response_format"),
        (asking(modalities=["audio"]), "modalities"),
        (asking(audio={}), "audio"),
        (asking(logit_bias={"1": 2}), "logit_bias"),
    ],
)
def test_what_is_wrong_is_named(body: Any, param: str | None) -> None:
    with pytest.raises(ApiError) as raised:
        read_request(body if isinstance(body, bytes) else json.dumps(body).encode())
    error = raised.value.body["error"]
    assert raised.value.status == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"].endswith(".")


def test_what_no_server_takes_is_left_out() -> None:
    found = read_request(b'{"model": "chaski", "messages": [{"role": "user", "content": "A\\u0000B \\ud83d C"}]}')
    assert found.messages[0].content == "AB ? C"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["role", "content", "type", "text"]), inner),
    max_leaves=20,
)


NAMES = st.sampled_from([*asking(), "stream", "stream_options", "n", "max_tokens", "tools", "stop"])


@given(st.dictionaries(NAMES, JSON))
def test_whatever_comes_is_read_or_refused(value: dict[str, Any]) -> None:
    with suppress(ApiError):
        read(asking() | value)
