"""Events out of bytes: the same ones wherever the network cuts, whatever a server makes of the format."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.sse import EventReader

Events = list[tuple[bytes, bytes]]


def read(*pieces: bytes) -> Events:
    reader = EventReader()
    return [*itertools.chain.from_iterable(map(reader.feed, pieces)), *reader.close()]


OBJECT = st.dictionaries(st.text('ab{}[]: "\\\u2028', max_size=4), st.text(max_size=6), max_size=2).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode(errors="replace")
)
CUTS = st.lists(st.integers(0, 400), max_size=12)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise(ends)]


@given(
    objects=st.lists(OBJECT, max_size=6),
    between=st.sampled_from([b"\n\n", b"\n", b"\r\n", b"\r\n\r\n", b"\r\r", b"\r"]),
    field=st.sampled_from([b"data: ", b"data:", b"data : ", b""]),
    cuts=CUTS,
)
def test_events_are_the_same_with_one_line_end_or_two(
    objects: list[bytes], between: bytes, field: bytes, cuts: list[int]
) -> None:
    stream = b"".join(field + data + between for data in objects)
    assert read(*pieces(stream, cuts)) == [(b"", data) for data in objects]


@given(value=st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_an_object_over_many_lines_is_one_event(value: object) -> None:
    whole = {"choices": [{"message": {"content": value}}], "more": {}}
    body = json.dumps(whole, indent=2).encode()
    for cut in range(0, len(body), 7):
        [(name, data)] = read(body[:cut], body[cut:])
        assert (name, json.loads(data)) == (b"", whole)


@given(st.lists(st.binary(max_size=60), max_size=8), CUTS)
def test_events_do_not_depend_on_where_the_bytes_are_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"\n".join(parts)
    assert read(*pieces(stream, cuts)) == read(stream)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b'event: a\ndata: {"x": 1}\nevent: b\ndata: {"y": 2}\n', [(b"a", b'{"x": 1}'), (b"b", b'{"y": 2}')]),
        (b'data: {"x": 1}\nevent: error\n\n', [(b"error", b'{"x": 1}')]),
        (b'data: {"x":\ndata: 1}\n\n', [(b"", b'{"x":\n1}')]),
        (b'data: {"x": 1}\ndata: [DONE]\n', [(b"", b'{"x": 1}'), (b"", b"[DONE]")]),
        (b'{"x": 1}\n: ping\n{"y": 2}', [(b"", b'{"x": 1}'), (b"", b'{"y": 2}')]),
        (b'\xef\xbb\xbf{"x": 1}', [(b"", b'{"x": 1}')]),
        (b'data: {"x": 1}\nerror: {"y": 2}\n', [(b"", b'{"x": 1}'), (b"error", b'{"y": 2}')]),
    ],
)
def test_events_end_where_their_objects_do(stream: bytes, events: Events) -> None:
    for cut in range(len(stream) + 1):
        assert read(stream[:cut], stream[cut:]) == events


def test_the_end_is_told_before_the_blank_line_after_it() -> None:
    assert EventReader().feed(b"data: [DONE]\n") == [(b"", b"[DONE]")]
