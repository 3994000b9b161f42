"""The whole way of an answer, from the bytes of a server to words and calls, fed with what no server should send."""

import json
from contextlib import suppress
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.llama.call_reader import MAX_SPACE, PART, CallReader
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.mentions import Told, is_in_code
from assistant.llama.messages import ChatMessage, Delta, Reasoning
from assistant.llama.source import LIMIT
from assistant.llama.special import TOKEN
from assistant.llama.stream import AnswerDecoder
from tests.fake_llama import FakeLlama, nonsense

NAMES = ("web_search", "get_time")

# Streams: pieces of text, in deltas with their fields in any order, between what else servers send

WORDS = ["Hello", " world", ".", "\n\n", "`", "```\n", " ", "", "\0", "\u2028", "é", "🦙", "<", '"', "{", "}"]
MARKS = [
    "<think>",
    "</think>",
    "<|eot_id|>",
    "<|python_tag|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
]
PARTS = ['{"name": "web_search", ', '"parameters": {"query": "x"}}', "[get_time()]", "assistant"]
TEXTS = st.sampled_from([*WORDS, *MARKS, *PARTS]) | st.text(st.characters(exclude_characters="<|>"), max_size=12)
# Half of a character, as `\\ud83e` in JSON, stands alone or before its other half.
HALVES = st.sampled_from(["\ud83e", "\udd99", "a\ud83e", "\udd99b"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CALL = {"index": 0, "function": {"name": "web_search", "arguments": '{"query": "x"}'}}
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "content": TEXTS | HALVES | st.none() | st.just([{"type": "text", "text": "part"}]) | VALUES,
        "role": st.sampled_from(["assistant", "", None]),
        "reasoning_content": TEXTS | st.none() | VALUES,
        "tool_calls": VALUES | st.just([CALL]),
        "refusal": st.none(),
    },
)
REASONS = st.sampled_from([*[None] * 5, "", "stop", "length", "tool_calls", "error", "abort", "content_filter"])


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    """One event with a choice, its fields in any order."""
    choice: dict[str, Any] = {"index": 0, "delta": draw(FIELDS), "finish_reason": draw(REASONS)}
    value: dict[str, Any] = {"id": "c", "model": "m", "choices": [shuffled(draw, choice)]}
    if draw(st.booleans()):
        value["usage"] = draw(st.none() | VALUES | st.just({"prompt_tokens": 5, "completion_tokens": 2}))
    return b"data: " + json.dumps(shuffled(draw, value)).encode() + draw(st.sampled_from([b"\n\n", b"\n", b"\r\n\r\n"]))


def shuffled(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    return dict(draw(st.permutations(list(value.items()))))


GOOD = [b":\n\n", b": ping\n\n", b"data: [DONE]\n\n", b"event: message\n", b"id: 7\n", b"retry: 3\n\n"]
ODD = [b"data: null\n\n", b"data:\n\n", b'data: {"choices": []}\n\n', b"data: [1]\n\n", b"\r", b"\xff\xfe", b"<html>"]
ERRORS = [b'data: {"error": {"message": "no", "code": 500}}\n\n', b'event: error\ndata: {"message": "x"}\n\n']
OTHERS = st.sampled_from([*GOOD, *ODD, *ERRORS, b'data: {"choices": [{"delta"'])
STREAMS = st.lists(st.one_of(chunks(), chunks(), chunks(), OTHERS, st.binary(max_size=12)), max_size=14).map(b"".join)


def heard(pieces: list[bytes]) -> tuple[str, str, AnswerDecoder]:
    """The answer at the end, what was thought, and the decoder, as the client takes them."""
    answer = AnswerDecoder("host")
    text = thought = ""
    for step in (*(lambda piece=piece: answer.feed(piece) for piece in pieces), answer.close):  # type: ignore[misc]
        added = step()
        if answer.reasoning:
            thought += answer.reasoning.text
            text = "" if answer.reasoning.retracts else text
        text += added
        if answer.problem or answer.runaway:
            break
    return text, thought, answer


def parts(stream: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


@given(STREAMS, st.lists(st.integers(0, 1500), max_size=12))
def test_no_stream_shows_marks_or_breaks_the_decoder(stream: bytes, cuts: list[int]) -> None:
    text, thought, answer = heard(parts(stream, cuts))
    assert answer.problem is None or isinstance(answer.problem, LlamaError)
    assert not TOKEN.search(text)
    assert not TOKEN.search(thought)
    for told in (text, thought):
        # What cannot be stored or sent: NUL, and halves of characters.
        assert "\0" not in told
        told.encode()
    if answer.problem is None:
        assert answer.finish().model in ("", "m")


@given(STREAMS, st.lists(st.integers(0, 1500), max_size=12))
def test_a_stream_says_the_same_however_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    whole, in_parts = heard([stream]), heard(parts(stream, cuts))
    assert in_parts[0].startswith(whole[0]) or whole[0].startswith(in_parts[0])
    if whole[2].problem is None:
        assert (in_parts[0], in_parts[1].split()) == (whole[0], whole[1].split())
        assert in_parts[2].problem is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STREAMS, st.sampled_from(["text/event-stream", "application/json", "text/plain"]))
async def test_nothing_but_errors_of_ours_leaves_the_client(
    client: LlamaClient, llama: FakeLlama, stream: bytes, kind: str
) -> None:
    llama.script(nonsense(stream, kind))
    text = ""
    with suppress(LlamaError):
        async for part in client.stream([ChatMessage("user", "Hello")]):
            if isinstance(part, Reasoning) and part.retracts:
                text = ""
            if isinstance(part, Delta):
                assert part.text
                text += part.text
    assert not TOKEN.search(text)


@pytest.mark.parametrize(
    "unit",
    [
        "<|",
        "<think>",
        "`<|eot_id|>` ",
        "</think> ",
        "[{",
        "```\n",
        '{"name": "get_time", ',
        "a" * 40,
        "<function=",
        "`",
    ],
)
def test_an_answer_of_nothing_but_marks_takes_no_more_time_for_each(unit: str) -> None:
    piece = json.dumps({"choices": [{"delta": {"content": unit * (2000 // len(unit))}}]}).encode()
    begun = process_time()
    answer, reader = AnswerDecoder("host"), CallReader(NAMES)
    for _ in range(40):
        reader.feed(answer.feed(b"data: " + piece + b"\n\n"))
    reader.feed(answer.close())
    reader.flush()
    # Half a second at most; with work that grows by the square, a minute.
    assert process_time() - begun < 5


# Calls in text

STRINGS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
# Without what ends in the midst of data, such as `x =`.
PROSE = st.text(st.characters(codec="utf-8", exclude_characters="\0<{[(`~=:,"), max_size=40).map(str.strip)


def in_json(query: str) -> str:
    return json.dumps({"name": "web_search", "parameters": {"query": query}}, ensure_ascii=False)


def in_tag(query: str) -> str:
    return f"<function=web_search>{json.dumps({'query': query})}</function>"


def in_python(query: str) -> str:
    return f"[web_search(query={query!r})]"


@given(st.lists(st.sampled_from(["```", "~~~", "`", "\n", " ", "   ", "a", "long line", "\n```"]), max_size=30))
def test_a_text_that_grows_ends_in_code_where_the_whole_does(pieces: list[str]) -> None:
    told = Told()
    for number, piece in enumerate(pieces):
        told.add(piece)
        if number % 3:
            assert told.ends_in_code() == is_in_code("".join(pieces[: number + 1]))


@given(PROSE, STRINGS, st.sampled_from([in_json, in_tag, in_python]), st.integers(1, 9))
def test_any_words_are_carried_by_a_call_and_none_is_shown(prose: str, query: str, write: Any, step: int) -> None:
    before = f"{prose}\n\n" if prose else ""
    text = before + write(query)
    reader = CallReader(NAMES)
    shown = "".join(reader.feed(text[start : start + step]) for start in range(0, len(text), step)) + reader.flush()
    assert shown == prose
    assert [json.loads(call.arguments) for call in reader.calls] == [{"query": query}]


UNITS = ['{"a": ', "[", "(", '"', "\\", "}", "web_search(", "<function=", "x", " ", "\n"]


@settings(max_examples=6)
@given(st.lists(st.sampled_from(UNITS), min_size=1, max_size=40))
def test_never_more_is_held_back_than_the_bound(units: list[str]) -> None:
    reader = CallReader(NAMES)
    fed = shown = 0
    for unit in units * (LIMIT * 5 // 4 // len("".join(units)) + 1):
        fed += len(unit)
        shown += len(reader.feed(unit))
        if reader.found:
            return
        assert fed - shown <= LIMIT + MAX_SPACE + PART
