"""Bytes in, words out: however a server writes its stream and wherever the network cuts it."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    DecodingError,
    EmptyAnswerError,
    LlamaError,
    LlamaServerError,
    NotAllowedError,
    RateLimitedError,
)
from assistant.llama.messages import Finish
from assistant.llama.stream import AnswerDecoder
from tests.fake_llama import DONE, event, usage

STOP = event({}, "stop")


def read(*pieces: bytes) -> tuple[str, AnswerDecoder]:
    """The text of a stream that arrives in these pieces."""
    answer = AnswerDecoder("host")
    return "".join([*map(answer.feed, pieces), answer.close()]), answer


def raw(value: Any) -> bytes:
    """An event that holds any JSON value, its characters unescaped."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def word(text: str) -> bytes:
    return raw({"choices": [{"delta": {"content": text}}]})


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0<"), min_size=1),
    newline=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    cuts=st.lists(st.integers(0, 2000), max_size=20),
)
def test_the_words_are_the_same_wherever_the_bytes_are_cut(text: str, newline: bytes, cuts: list[int]) -> None:
    stream = b": hi\n\n" + word(text) + b":\n\n" + word("!") + STOP + DONE
    stream = stream.replace(b"\n", newline)
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    told, answer = read(*(stream[a:b] for a, b in itertools.pairwise(ends)))
    assert (told, answer.problem) == (text + "!", None)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_no_bytes_whatever_break_the_reader(pieces: list[bytes]) -> None:
    _, answer = read(*pieces)
    assert answer.problem is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "error", "usage", "finish_reason", "x_groq", "model", "code"]
                ),
                inner,
            )
        ),
    )
)
def test_no_json_whatever_breaks_the_reader(value: Any) -> None:
    text, answer = read(raw(value) if "\\ud" not in json.dumps(value) else b"data: 1\n\n")
    assert answer.problem is not None or text


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c"])
def test_a_line_separator_inside_the_words_ends_no_line(mark: str) -> None:
    stream = (
        b'data: {"choices":[{"delta":{"content":"a%sb"}}]}\n\n' % json.dumps(mark, ensure_ascii=False)[1:-1].encode()
    )
    assert read(stream, STOP)[0] == f"a{mark}b"


@pytest.mark.parametrize(
    "opening",
    [
        event({"role": "assistant", "content": None}),
        event({"role": "", "content": ""}),
        event({}),
        event(None),
        raw({"choices": None}),
        raw({"choices": [{"delta": None, "finish_reason": None}]}),
        raw({"choices": [None]}),
        raw({"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}),
        raw({"prompt_progress": {"total": 10, "processed": 5}}),
        b":\n\n",
        b": OPENROUTER PROCESSING\n\n",
        b"\xef\xbb\xbf",
        b"retry: 3000\nid: 7\n\n",
        b"event: message\n",
    ],
)
def test_what_holds_no_words_is_passed_over(opening: bytes) -> None:
    text, answer = read(opening, word("Hi"), event(None), word(" "), word("there"), STOP, DONE)
    assert (text, answer.problem) == ("Hi there", None)


def test_several_data_lines_are_one_event() -> None:
    assert read(b'data: {"choices":[{"delta":\ndata:{"content":"Hi"}}]}\n\n', STOP)[0] == "Hi"


@pytest.mark.parametrize("ending", [STOP, STOP + DONE, DONE, STOP + b"data: [DONE]", STOP.rstrip(), b"data:[DONE]\n"])
def test_an_end_is_an_end_however_it_is_written(ending: bytes) -> None:
    text, answer = read(word("Hi"), ending)
    assert (text, answer.problem) == ("Hi", None)
    assert answer.finish().reason == "stop"


@pytest.mark.parametrize(
    "ending",
    [
        event({}, "stop") + event(None, usage=usage(7, 2)),
        event({}, "stop", usage=usage(7, 2)),
        event({}, "stop", x_groq={"usage": usage(7, 2)}),
    ],
)
def test_the_counts_are_found_where_servers_put_them(ending: bytes) -> None:
    _, answer = read(word("Hi"), ending, DONE)
    assert answer.finish() == Finish("stop", 7, 2, "fake-llama")


@pytest.mark.parametrize(
    "counts", [[], "many", {"prompt_tokens": "7"}, {"prompt_tokens": -1}, {"prompt_tokens": 2**70}]
)
def test_counts_that_are_no_counts_are_left_out(counts: Any) -> None:
    _, answer = read(word("Hi"), event({}, "stop", usage=counts))
    assert answer.finish().prompt_tokens is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error": {"code": 500, "message": "x", "type": "server_error"}}, LlamaServerError),
        ({"error": {"message": "x", "type": "invalid_request_error", "code": None}}, LlamaServerError),
        ({"error": "text"}, LlamaServerError),
        ({"error": ["odd"]}, LlamaServerError),
        ({"object": "error", "message": "x", "code": 400}, LlamaServerError),
        ({"object": "error", "message": "maximum context length is 8192 tokens", "code": 400}, ContextTooLongError),
        ({"title": "Too Many Requests", "detail": "x", "status": 429}, RateLimitedError),
        ({"detail": "Unauthorized", "status": 401}, NotAllowedError),
        ({"error": {"code": "429", "message": "x"}}, RateLimitedError),
        ({"error": {"code": "rate", "message": "x"}, "choices": []}, LlamaServerError),
    ],
)
def test_an_error_inside_the_stream_is_seen_and_the_words_before_it_are_kept(
    error: dict[str, Any], expected: type[LlamaError]
) -> None:
    text, answer = read(word("Half") + raw(error) + word("never seen"))
    assert (text, type(answer.problem)) == ("Half", expected)


@pytest.mark.parametrize(
    "line",
    [
        b'event: error\ndata: "out of memory"\n\n',
        b"event: error\ndata: oops\n\n",
        b'error: {"code": 500, "message": "x"}\n\n',
        b'event: error\ndata: {"message": "x"}\n\n',
        b'{"error": "x"}\n',
    ],
)
def test_an_error_outside_a_data_line_is_seen_too(line: bytes) -> None:
    assert isinstance(read(word("Half"), line)[1].problem, LlamaServerError)


def test_an_error_after_the_end_does_not_take_the_answer_away() -> None:
    text, answer = read(word("Whole"), STOP, raw({"error": "late"}))
    assert (text, answer.problem) == ("Whole", None)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", EmptyAnswerError),
        (b":\n\n:\n\n", EmptyAnswerError),
        (DONE, EmptyAnswerError),
        (STOP + DONE, EmptyAnswerError),
        (word("<|eot_id|>") + STOP, EmptyAnswerError),
        (word("Half"), CutOffError),
        (b"<!doctype html>\n<p>Bad gateway\n", DecodingError),
        (b"data: hello\n\n", DecodingError),
        (b"data: \xff\xfe\n\n", DecodingError),
        (b"data: [1]\n\n", DecodingError),
        (b"data: null\n\n", DecodingError),
    ],
)
def test_a_stream_without_a_good_end_is_an_error(stream: bytes, expected: type[LlamaError]) -> None:
    assert type(read(stream)[1].problem) is expected


def test_halves_of_characters_and_zero_bytes_are_never_passed_on() -> None:
    text, _ = read(b'data: {"choices":[{"delta":{"content":"a\\u0000b\\ud83d"}}]}\n\n', STOP)
    assert text == "ab?"


def test_an_endless_line_is_given_up_early() -> None:
    answer = AnswerDecoder("host")
    for _ in range(20):
        answer.feed(b"data: " + b"x" * 50_000)
        if answer.problem:
            break
    assert isinstance(answer.problem, DecodingError)


def test_an_endless_answer_is_given_up() -> None:
    answer = AnswerDecoder("host")
    piece = b": " + b"x" * 400_000 + b"\n\n"
    fed = sum(1 for _ in iter(lambda: answer.problem is None and answer.feed(piece) == "", False))
    assert isinstance(answer.problem, DecodingError)
    assert fed < 200


def pair(first: str, second: str, field: str = "content") -> bytes:
    """Two deltas whose JSON holds these escapes."""
    template = 'data: {"choices":[{"delta":{"%s":"%s"}}]}\n\n'
    return (template % (field, first) + template % (field, second)).encode()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Hi \\ud83d", "\\ude00!", "Hi 😀!"),
        ("\\ud83d", "\\ude00", "😀"),
        ("\\ud83d", "x", "?x"),
        ("\\ude00", "x", "?x"),
        ("a\\ud83d\\ud83d", "\\ude00", "a?😀"),
        ("é\\ud83d", "", "é?"),
    ],
)
def test_a_character_cut_in_two_is_put_together(first: str, second: str, expected: str) -> None:
    assert read(pair(first, second), STOP)[0] == expected


def test_no_special_token_is_shown_in_a_thought() -> None:
    answer, thought = AnswerDecoder("host"), ""
    for piece in (
        pair("a <|eo", "t_id|>b", "reasoning"),
        word("<think>"),
        word("c<|eom_id|>"),
        word("</think>Hi"),
        STOP,
    ):
        answer.feed(piece)
        thought += answer.reasoning.text if answer.reasoning else ""
    assert "<|" not in thought
    assert thought.startswith("a b")


def test_a_character_cut_in_two_within_a_thought_is_put_together() -> None:
    answer = AnswerDecoder("host")
    answer.feed(pair("\\ud83d", "\\ude00", "reasoning"))
    assert answer.reasoning is not None
    assert answer.reasoning.text == "😀"


STREAMS = [
    word("Hi") + word(" 😀<|eot_id|>") + word("<|start_header_id|>") + STOP + DONE,
    pair("Hi \\ud83d", "\\ude00!") + STOP + DONE,
    (word("One") + word(" two") + STOP + DONE).replace(b"\n\n", b"\n"),
    word("<think>plan</think>") + word("Hi") + event({}, "length") + event(None, usage=usage(7, 2)),
    word("Half") + raw({"error": {"message": "maximum context length is 8192", "code": 400}}),
    b'{"choices": [\n {"message": {"content": "Hi"},\n "finish_reason": "stop"}]\n}\n',
    b"data: : PING\n\ndata:\n\n" + word("Hi") + b"data: null\n\n" + event({}, "error") + DONE,
    raw({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a"}]}}]}) + event({}, "tool_calls") + DONE,
]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_stream_is_read_the_same_when_it_is_cut_at_any_byte(stream: bytes, newline: bytes) -> None:
    stream = stream.replace(b"\n", newline)

    def outcome(*pieces: bytes) -> object:
        text, answer = read(*pieces)
        end = answer.problem or answer.finish()
        return text, type(end), str(end), answer.reason, answer.tool_calls

    whole = outcome(stream)
    assert outcome(*(stream[at : at + 1] for at in range(len(stream)))) == whole
    for cut in range(1, len(stream)):
        assert outcome(stream[:cut], stream[cut:]) == whole


def test_the_servers_own_reason_is_kept() -> None:
    _, answer = read(word("Half"), event({}, "abort"), DONE)
    assert answer.reason == "abort"
    assert "abort" in str(answer.problem)


def test_the_marks_of_a_call_stand_in_their_places_until_a_reader_of_calls_could_see_them() -> None:
    seen: list[str] = []
    answer = AnswerDecoder("host")
    strip = answer._stripper.feed
    answer._stripper.feed = lambda text: seen.append(text) or strip(text)  # type: ignore[method-assign,func-returns-value]
    told = answer.feed(word("<|python_tag|>f.call()<|eom_id|>")) + answer.close()
    assert "".join(seen) == "<|python_tag|>f.call()<|eom_id|>"
    assert told == "f.call()"
