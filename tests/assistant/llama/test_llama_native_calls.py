"""Tool calls in fields of their own, as servers really send them."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.calls import MAX_CALLS, Trouble
from assistant.llama.native_calls import NativeCalls
from assistant.llama.source import LIMIT

NAMES = ("web_search", "get_time")


def piece(index: int | None = 0, call_id: str | None = None, name: str | None = None, arguments: Any = None) -> Any:
    """One piece of a call, with the fields that are given."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    outer = {"index": index, "id": call_id, "type": "function", "function": function}
    return {key: value for key, value in outer.items() if value is not None}


def collect(*deltas: Any, length: bool = False) -> NativeCalls:
    calls = NativeCalls(NAMES, {"brave_search": "web_search"})
    for delta in deltas:
        calls.feed(delta if isinstance(delta, list) else [delta])
    calls.finish(length=length)
    return calls


def found(calls: NativeCalls) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in calls.calls]


SEARCH, TIME = ("web_search", {"query": "x"}), ("get_time", {})
X = '{"query": "x"}'
STREAMS = {
    "openai": (
        [piece(0, "c1", "web_search", ""), piece(0, arguments='{"que'), piece(0, arguments='ry": "x"}')],
        [SEARCH],
    ),
    "whole, from index 1": ([piece(1, "c1", "web_search", X)], [SEARCH]),
    "name after the id": ([piece(0, "c1"), piece(0, name="web_search"), piece(0, arguments=X)], [SEARCH]),
    "name after the arguments": ([piece(0, "c1", arguments=X), piece(0, name="web_search")], [SEARCH]),
    "name in each piece": (
        [piece(0, "c1", "web_search", '{"query"'), piece(0, "c1", "web_search", ': "x"}')],
        [SEARCH],
    ),
    "name in each piece without an id": (
        [piece(0, None, "web_search", '{"query"'), piece(0, None, "web_search", ': "x"}')],
        [SEARCH],
    ),
    "id in each piece": ([piece(0, "c1", "web_search", '{"query"'), piece(0, "c1", arguments=': "x"}')], [SEARCH]),
    "an empty piece at the end": ([piece(0, "c1", "web_search", X), piece(0, arguments="")], [SEARCH]),
    "no arguments": ([piece(0, "c1", "get_time", "")], [TIME]),
    "no arguments at all": ([piece(0, "c1", "get_time")], [TIME]),
    "an object": ([piece(0, "c1", "web_search", {"query": "x"})], [SEARCH]),
    "encoded twice": ([piece(0, "c1", "web_search", json.dumps(X))], [SEARCH]),
    "an alias": ([piece(0, "c1", "brave_search", X)], [SEARCH]),
    "two": ([piece(0, "c1", "web_search", X), piece(1, "c2", "get_time", "{}")], [SEARCH, TIME]),
    "two in one": ([[piece(0, "c1", "web_search", X), piece(1, "c2", "get_time", "{}")]], [SEARCH, TIME]),
    "two mixed": (
        [
            piece(0, "c1", "web_search"),
            piece(1, "c2", "get_time"),
            piece(0, arguments='{"query": '),
            piece(1, arguments="{}"),
            piece(0, arguments='"x"}'),
        ],
        [SEARCH, TIME],
    ),
    "index 0 for all": ([piece(0, "c1", "web_search", X), piece(0, "c2", "get_time", "{}")], [SEARCH, TIME]),
    "index 0 for all, in fragments": (
        [
            piece(0, "c1", "get_time", ""),
            piece(0, "c2", "web_search", ""),
            piece(0, arguments='{"query": '),
            piece(0, arguments='"x"}'),
        ],
        [TIME, SEARCH],
    ),
    "index 0 without ids": ([piece(0, None, "web_search", X), piece(0, None, "web_search", X)], [SEARCH, SEARCH]),
    "no index and no id": ([piece(None, None, "web_search", X), piece(None, None, "get_time", "{}")], [SEARCH, TIME]),
    "no index": (
        [piece(None, "c1", "web_search", ""), piece(None, "c1", None, X), piece(None, "c2", "get_time", "")],
        [SEARCH, TIME],
    ),
    "empty ids": ([piece(0, "", "web_search", X), piece(1, "", "get_time", "{}")], [SEARCH, TIME]),
    "one id for two": ([piece(0, "c", "web_search", X), piece(1, "c", "get_time", "{}")], [SEARCH, TIME]),
    "nonsense beside it": ([None, "x", 5, [None, {}, {"function": 3}], piece(0, "c1", "web_search", X)], [SEARCH]),
    "nothing": ([None, [], [{}]], []),
}


@pytest.mark.parametrize(("deltas", "calls"), STREAMS.values(), ids=STREAMS)
def test_calls_are_put_together(deltas: list[Any], calls: list[Any]) -> None:
    collected = collect(*deltas)
    assert (found(collected), collected.trouble, collected.found) == (calls, None, bool(calls))
    ids = [call.id for call in collected.calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_of_the_server_is_kept_if_it_is_unique() -> None:
    assert [call.id for call in collect(piece(0, "c1", "get_time", "{}")).calls] == ["c1"]
    assert "c" not in [
        call.id for call in collect(piece(0, "c", "get_time", "{}"), piece(1, "c", "get_time", "{}")).calls
    ]


@pytest.mark.parametrize(
    ("delta", "length", "kind", "name"),
    [
        (piece(0, "c1", arguments=X), False, "broken", ""),
        (piece(0, "c1", "web_search", '{"query": x}'), False, "broken", "web_search"),
        (piece(0, "c1", "web_search", '["x"]'), False, "broken", "web_search"),
        (piece(0, "c1", "web_search", '{"query": "x'), False, "broken", "web_search"),
        (piece(0, "c1", "web_search", "x" * (LIMIT + 1)), False, "broken", "web_search"),
        (piece(0, "c1", "brary_search", X), False, "unoffered", "brary_search"),
        (piece(0, "c1", "web_search", '{"query": "x'), True, "truncated", "web_search"),
        (piece(0, "c1", "get_time", ""), True, "truncated", "get_time"),
        (piece(0, "c1"), True, "truncated", ""),
    ],
)
def test_a_call_that_cannot_be_run_says_why(delta: Any, length: bool, kind: str, name: str) -> None:
    collected = collect(delta, length=length)
    assert (collected.calls, collected.trouble) == ([], Trouble(kind, name))
    assert collected.found


def test_only_the_last_call_is_cut_by_the_token_limit() -> None:
    collected = collect(piece(0, "c1", "get_time", ""), piece(1, "c2", "web_search", '{"query'), length=True)
    assert (found(collected), collected.trouble) == ([TIME], Trouble("truncated", "web_search"))


def test_calls_without_end_are_bounded() -> None:
    assert len(collect(*[piece(index, f"c{index}", "get_time", "{}") for index in range(99)]).calls) == MAX_CALLS


@given(st.lists(st.integers(1, len(X)), max_size=5), st.booleans(), st.booleans())
def test_fragments_of_any_size_give_the_same(cuts: list[int], index: bool, ids: bool) -> None:
    ends = sorted({0, len(X), *cuts})
    parts = [X[start:end] for start, end in itertools.pairwise(ends)]
    deltas = [piece(0 if index else None, "c1" if ids else None, arguments=part) for part in parts]
    assert found(collect(piece(0, "c1", "web_search"), *deltas)) == [SEARCH]


@given(st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["index", "id", "function", "name", "arguments", "x"]), inner)))  # fmt: skip
def test_whatever_a_server_sends_raises_nothing(delta: Any) -> None:
    collect([delta], [{"function": delta}], delta)
