"""Tool calls in the text of an answer: run, refused or left alone, wherever the text is cut."""

import itertools
import json
import re
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.llama.call_reader import MAX_SPACE, CallReader
from assistant.llama.calls import MAX_CALLS, Trouble
from assistant.llama.source import LIMIT

NAMES = ("web_search", "get_weather", "get_time", "create_image")
ALIASES = {"brave_search": "web_search", "lookup": "not_offered"}
SEARCH = [("web_search", {"query": "x"})]
TIME = [("get_time", {})]
WEATHER = [("get_weather", {"location": "Lima", "days": 3})]

# What models write, the words around it that a person sees, and the calls in it.
CALLS = {
    "json": ('{"name": "web_search", "parameters": {"query": "x"}}', "", SEARCH),
    "arguments": ('{"name": "web_search", "arguments": {"query": "x"}}', "", SEARCH),
    "white space": ('\n\n {\n  "name" : "web_search",\n  "parameters" : {\n "query": "x"\n }\n}\n', "", SEARCH),
    "another order": ('{"parameters": {"query": "x"}, "name": "web_search"}', "", SEARCH),
    "type first": ('{"type": "function", "name": "web_search", "parameters": {"query": "x"}}', "", SEARCH),
    "function as name": ('{"function": "web_search", "parameters": {"query": "x"}}', "", SEARCH),
    "openai": (
        '{"id": "c1", "type": "function", "function": {"name": "web_search", "arguments": "{\\"query\\": \\"x\\"}"}}',
        "",
        SEARCH,
    ),
    "encoded twice": ('{"name": "web_search", "parameters": "{\\"query\\": \\"x\\"}"}', "", SEARCH),
    "no arguments": ('{"name": "get_time", "parameters": {}}', "", TIME),
    "null": ('{"name": "get_time", "parameters": null}', "", TIME),
    "both keys": ('{"name": "web_search", "parameters": {"query": "x"}, "arguments": {}}', "", SEARCH),
    "tool_calls": (
        '```\n{"tool_calls": [{"id": "pending", "type": "function", "function": {"name": "web_search"}, '
        '"parameters": {"query": "x"}}, {"name": "get_time", "parameters": {}}]}\n```',
        "",
        SEARCH + TIME,
    ),
    "one brace too few": (
        '{"type": "function", "function": {"name": "web_search", "parameters": {"query": "x"}}',
        "",
        SEARCH,
    ),
    "one brace too few before the end": ('{"name": "web_search", "parameters": {"query": "x"}<|eom_id|>', "", SEARCH),
    "one bracket too few": ('[{"name": "web_search", "parameters": {"query": "x"}}', "", SEARCH),
    "one brace too many": ('{"name": "web_search", "parameters": {"query": "x"}}}', "", SEARCH),
    "a comma too many": ('{"name": "web_search", "parameters": {"query": "x"},}', "", SEARCH),
    "raw line break": (
        '{"name": "web_search", "parameters": {"query": "a\nb"}}',
        "",
        [("web_search", {"query": "a\nb"})],
    ),
    "braces and marks in a string": (
        '{"name": "web_search", "parameters": {"query": "}] \\" { <b> `"}}',
        "",
        [("web_search", {"query": '}] " { <b> `'})],
    ),
    "semicolon": (
        '{"name": "web_search", "parameters": {"query": "x"}}; {"name": "get_time", "parameters": {}}',
        "",
        SEARCH + TIME,
    ),
    "lines": (
        '{"name": "web_search", "parameters": {"query": "x"}}\n{"name": "get_time", "parameters": {}}',
        "",
        SEARCH + TIME,
    ),
    "list": (
        '[{"name": "web_search", "parameters": {"query": "x"}}, {"name": "get_time", "parameters": {}}]',
        "",
        SEARCH + TIME,
    ),
    "fence": ('```json\n{"name": "web_search", "parameters": {"query": "x"}}\n```', "", SEARCH),
    "bare fence": ('```\n[{"name": "web_search", "parameters": {"query": "x"}}]\n```\n', "", SEARCH),
    "open fence": ('~~~ json\n{"name": "web_search", "parameters": {"query": "x"}}', "", SEARCH),
    "prose and a fence": (
        'I look:\n\n```json\n{"name": "web_search", "parameters": {"query": "x"}}\n```\n\nPlease wait.',
        "I look:\n\nPlease wait.",
        SEARCH,
    ),
    "python tag": ('<|python_tag|>{"name": "web_search", "parameters": {"query": "x"}}<|eom_id|>', "", SEARCH),
    "end of turn": ('{"name": "web_search", "parameters": {"query": "x"}}<|eot_id|>', "", SEARCH),
    "invented result": (
        '{"name": "get_time", "parameters": {}}<|eom_id|><|start_header_id|>ipython<|end_header_id|>\n\n12:00',
        "",
        TIME,
    ),
    "built-in": ('<|python_tag|>brave_search.call(query="x")<|eom_id|>', "", SEARCH),
    "built-in without its tag": ('brave_search.call(query="x")', "", SEARCH),
    "alias in json": ('{"name": "brave_search", "parameters": {"query": "x"}}', "", SEARCH),
    "python": ("<|python_tag|>get_weather(location='Lima', days=3)", "", WEATHER),
    "python without its tag": ("get_weather(location='Lima', days=3)\n", "", WEATHER),
    "python with a dict": ('get_weather({"location": "Lima", "days": 3})', "", WEATHER),
    "python with .call": ('<|python_tag|>get_weather.call(location="Lima", days=3)', "", WEATHER),
    "function tag": ('<function=web_search>{"query": "x"}</function>', "", SEARCH),
    "function tag with =": ('<function=web_search={"query": "x"}</function>', "", SEARCH),
    "function tag without >": ('<function=web_search{"query": "x"}</function>', "", SEARCH),
    "open function tag": ('<function=web_search>{"query": "x"}', "", SEARCH),
    "function tag with slips": ('<function=web_search({"query": "x"})></function>', "", SEARCH),
    "function tag closed by another": ('<function=web_search>{"query": "x"}<function>', "", SEARCH),
    "empty function tag": ("<function=get_time></function><|eot_id|>", "", TIME),
    "tag behind tag": ('<|python_tag|><function=web_search>{"query": "x"}</function>', "", SEARCH),
    "pythonic": ("[web_search(query='x'), get_time()]", "", SEARCH + TIME),
    "pythonic values": (
        "[web_search(query='it\\'s', n=-1.5, all=true, no=None, tags=['a', \"b\"], "
        "more={'k': (1, 2)}, tex='\\lambda')]",
        "",
        [
            (
                "web_search",
                {
                    "query": "it's",
                    "n": -1.5,
                    "all": True,
                    "no": None,
                    "tags": ["a", "b"],
                    "more": {"k": [1, 2]},
                    "tex": "\\lambda",
                },
            )
        ],
    ),
    "hermes": ('<tool_call>\n{"name": "web_search", "arguments": {"query": "x"}}\n</tool_call>', "", SEARCH),
    "two of hermes": (
        '<tool_call>{"name": "web_search", "arguments": {"query": "x"}}</tool_call>\n'
        '<tool_call>{"name": "get_time", "arguments": {}}',
        "",
        SEARCH + TIME,
    ),
    "all in one mark": (
        '<tool_calls>\n{"name": "web_search", "arguments": {"query": "x"}}\n{"name": "get_time", "arguments": {}}\n'
        "</tool_calls>\nThere.",
        "There.",
        SEARCH + TIME,
    ),
    "prose first": (
        'I will look that up.\n\n{"name": "web_search", "parameters": {"query": "x"}}',
        "I will look that up.",
        SEARCH,
    ),
    "prose on the same line": (
        'Searching: {"name": "web_search", "parameters": {"query": "x"}}',
        "Searching:",
        SEARCH,
    ),
    "prose around": (
        'One moment. <function=web_search>{"query": "x"}</function>\n\nThere.',
        "One moment.\n\nThere.",
        SEARCH,
    ),
}

BROKEN = {
    "{x": ('{"name": "web_search", "parameters": {"query": x}}', "broken", "web_search"),
    "a list": ('{"name": "web_search", "parameters": ["x"]}', "broken", "web_search"),
    "a sentence": ('{"name": "web_search", "parameters": "x"}', "broken", "web_search"),
    "nothing": ('{"name": "web_search"}', "broken", "web_search"),
    "not a number of JSON": ('{"name": "web_search", "parameters": {"n": NaN}}', "broken", "web_search"),
    "two names": ('{"name": "web_search", "name": "get_time", "parameters": {}}', "broken", "web_search"),
    "two sets of arguments": (
        '{"name": "web_search", "parameters": {"a": 1}, "arguments": {"a": 2}}',
        "broken",
        "web_search",
    ),
    "another call behind it": (
        '{"name": "web_search", "parameters": {"query": x}} {"name": "get_time", "parameters": {}}',
        "broken",
        "web_search",
    ),
    "a call in its string": (
        '{"name": "web_search", "parameters": {"query": "x"y "}} {"name": "get_time", "parameters": {}}"}}',
        "broken",
        "web_search",
    ),
    "no literal": ("[web_search(query=x)]", "broken", "web_search"),
    "no literal behind a tag": ("<|python_tag|>web_search(query=open('x'))", "broken", "web_search"),
    "no keyword": ("[get_weather('Lima')]", "broken", "get_weather"),
    "stars": ("[web_search(query='x', **{})]", "broken", "web_search"),
    "function tag": ("<function=web_search>{'query': 'x'}</function>", "broken", "web_search"),
    "parameter tags": ("<function=web_search>\n<parameter=query>x</parameter></function>", "broken", "web_search"),
    "hermes": ('<tool_call>{"query": "x"}</tool_call>', "broken", ""),
    "near name": ('{"name": "brary_search", "parameters": {"query": "x"}}', "unoffered", "brary_search"),
    "alias of nothing": ('{"name": "lookup", "parameters": {}}', "unoffered", "lookup"),
    "built-in": ('wolfram_alpha.call(query="2+2")', "unoffered", "wolfram_alpha"),
    "pythonic near name": ("[brary_search(query='x')]", "unoffered", "brary_search"),
    "near function tag": ('<function=brary_search>{"query": "x"}</function>', "unoffered", "brary_search"),
    "near hermes": ('<tool_call>{"name": "brary_search"}</tool_call>', "unoffered", "brary_search"),
    "python near name": ("<|python_tag|>brary_search(query='x')", "unoffered", "brary_search"),
    "code": ("<|python_tag|>import math\nprint(math.pi)", "unoffered", "python"),
    "code that prints": ('<|python_tag|>print("web_search")\nx = 2', "unoffered", "print"),
    "call in the arguments": (
        '<|python_tag|>foo.call(payload={"name":"get_time","parameters":{}}',
        "truncated",
        "foo",
    ),
    "cut json": ('{"name": "web_search", "parameters": {"query": "x"', "truncated", "web_search"),
    "cut before the arguments": ('{"name": "web_search", ', "truncated", "web_search"),
    "cut in the name": ('{"name": "web_se', "truncated", ""),
    "cut in a list": ('[{"name": "get_time", "parameters": {}}, {"name": "web_s', "truncated", "get_time"),
    "cut by the model": ('{"name": "web_search", "parameters": {"query": "x"<|eot_id|>', "truncated", "web_search"),
    "cut near name": ('{"name": "brary_search", "parameters": {"que', "truncated", "brary_search"),
    "cut fence": ('```json\n{"name": "web_search", "parameters": {"que', "truncated", "web_search"),
    "cut python": ("[web_search(query='x", "truncated", "web_search"),
    "cut function tag": ("<function=web_se", "truncated", "web_se"),
    "cut tag": ("<|python_tag|>", "truncated", ""),
}

TEXTS = [
    "The answer is 42.",
    "Use `{}` in C, or {x} in Python; \\frac{a}{b}, x_{1} and body { color: red }.",
    '{"name": "Alice", "age": 3}',
    'Here is a user: {"name": "Alice"}',
    'Here is a tool: {"name": "get_time", "version": "1.0", "license": "MIT"}',
    '{"user": {"name": "web_search", "parameters": {}}}',
    '{"tool_calls": 5} and {"tool_calls": [{"name": "Alice", "age": 5}]}',
    '{"calls": [{"name": "web_search", "parameters": {"query": "x"}}]}',
    '[{"name": "Alice", "parameters": 1}, {"name": "web_search", "parameters": {}}]',
    '{"name": "Alice Smith", "parameters": {"a": 1}}',
    '{"type": "object", "properties": {"name": {"type": "string"}}}',
    '{"type": "function", "function": {"name": "web_search", "description": "d", "parameters": {"type": "object"}}}',
    '{"name": "web_search", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}',
    'You write `{"name": "web_search", "parameters": {"query": "x"}}` to search.',
    '```python\ncall = {"name": "web_search", "parameters": {"query": "x"}}\nprint(call)\n```',
    '```json\n{"name": "my_tool", "parameters": {"query": "x"}}\n```',
    '```json\n{"name": "web_search", "parameters": {"query": "x"}}\n// and so on\n```',
    '```json\n{"name": "web_search", "parameters": {"query": x}}\n```',
    '1. First:\n   ```\n   <function=web_search>{"query": "x"}</function>\n   ```\n2. Then.',
    'Or ``{"name": "get_time", "parameters": {}}`` in two of them.',
    '```\ncode\n``` is no end\n{"name": "get_time", "parameters": {}}\n```',
    '1. ```\n   {"name": "get_time", "parameters": {}}\n   ```',
    '> ~~~\n> {"name": "get_time", "parameters": {}}\n> ~~~',
    "The answer[1], as others say [2, 3]; see [the page](https://example.org/a(b)) and [web_search()](a).",
    "[1, 2, 3]",
    "[f(x) for x in xs] and [sin(0), cos(0)]",
    "[sin(0), cos(0)]",
    "web_search('x') calls it, or get_weather({place: 'Lima'})",
    "web_search is a tool; web_search(query) calls it. create_image(prompt: str) too.",
    "get_weather(location='x') is how it is called.",
    "<p>Some <b>bold</b> HTML</p>\n<function> and <tool_call> are marks, <|endoftext|> is one too.",
    "# Title\n\n* one\n* two\n\n    indented { code }\n\n| a | b |\n|---|---|\n| `[` | { |",
    "brave_search is a search engine. brave_search.call() has no arguments here, has it?",
    "x" * 50 + "{" * 50 + "[" * 50 + '"' * 9,
    "  leading and trailing  \n\n",
    "a\u2028b\u00a0{c}\u3000",
]


def read(text: str, cuts: list[int] | None = None, step: int = 0) -> tuple[str, CallReader]:
    """What is shown of a text that comes in pieces."""
    places = sorted({0, len(text), *(cuts or [])}) if not step else [*range(0, len(text), step), len(text)]
    reader = CallReader(NAMES, ALIASES)
    shown = "".join([reader.feed(text[start:end]) for start, end in itertools.pairwise(places)])
    return shown + reader.flush(), reader


def found(reader: CallReader) -> list[tuple[str, object]]:
    return [(call.name, json.loads(call.arguments)) for call in reader.calls]


@pytest.mark.parametrize("step", [0, 1, 2, 5])
@pytest.mark.parametrize(("text", "words", "calls"), CALLS.values(), ids=CALLS)
def test_a_call_is_found_and_never_shown(text: str, words: str, calls: list[object], step: int) -> None:
    shown, reader = read(text, step=step)
    assert (shown.strip(), found(reader), reader.trouble) == (words, calls, None)
    assert reader.found


@pytest.mark.parametrize("step", [0, 1, 3])
@pytest.mark.parametrize(("text", "kind", "name"), BROKEN.values(), ids=BROKEN)
def test_a_call_that_cannot_be_run_is_never_shown_and_says_why(text: str, kind: str, name: str, step: int) -> None:
    shown, reader = read(text, step=step)
    assert (shown, reader.calls, reader.trouble) == ("", [], Trouble(kind, name))


@pytest.mark.parametrize("step", [0, 1, 3])
@pytest.mark.parametrize("text", TEXTS)
def test_ordinary_text_comes_out_as_it_went_in(text: str, step: int) -> None:
    shown, reader = read(text, step=step)
    assert (shown, reader.found) == (text, False)


@pytest.mark.parametrize("text", [text for text, *_ in [*CALLS.values(), *BROKEN.values()]])
def test_with_nothing_offered_all_is_text(text: str) -> None:
    reader = CallReader(())
    assert reader.feed(text) + reader.flush() == text
    assert not reader.found


@pytest.mark.parametrize(("text", "words", "calls"), CALLS.values(), ids=CALLS)
def test_a_sample_that_ends_anywhere_runs_nothing_else_and_shows_no_arguments(
    text: str, words: str, calls: list[object]
) -> None:
    for end in range(len(text)):
        shown, reader = read(text[:end], step=4)
        assert found(reader) == calls[: len(reader.calls)]
        assert words.startswith(shown.strip()) if reader.found else shown == text[:end]
        # Without a name it may be anything.
        assert (
            reader.found
            or text.startswith('{"parameters"')
            or not re.search(r"""["']?(?:query|location)["']?\s*[:=]\s*["']\w""", text[:end])
        )


@pytest.mark.parametrize(("text", "words", "calls"), CALLS.values(), ids=CALLS)
def test_a_sample_cut_at_any_byte_gives_the_same(text: str, words: str, calls: list[object]) -> None:
    for place in range(1, len(text)):
        shown, reader = read(text, [place])
        assert (shown.strip(), found(reader), reader.trouble) == (words, calls, None)


PIECES = st.sampled_from(
    [text for text, *_ in [*CALLS.values(), *BROKEN.values()]]
    + TEXTS
    + ["{", "}", "[", "]", '"', "`", "```", "\n", " ", ";", ",", "\\", "(", ")", "<", "<|", "web_search(", '{"name": ']
    + ['"id": "\\q"', '"parameters": ', '"name": "web_search"', '"type": "function"', '"x": 1e999', "null", "get_time"]
    + [
        '"function": {',
        '"tool_calls": [',
        "a='\\x'",
        "n=1e999",
        "b=9**9",
        "=",
        "(",
        ")",
        ": ",
        ", ",
        "'",
        "\\u00",
        "\0",
    ]
    + ["<|python_tag|>", "<function=", "<tool_call>", "</tool_call>", "<|eom_id|>", "```json\n", "\n```\n", "- ", "> "]
)
MIXED = st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=9).map("".join)


@given(MIXED, st.lists(st.integers(0, 400), max_size=12), st.integers(1, 7))
def test_where_a_text_is_cut_changes_nothing(text: str, cuts: list[int], step: int) -> None:
    whole, reader = read(text)
    for shown, other in (read(text, [cut for cut in cuts if cut < len(text)]), read(text, step=step)):
        assert (shown, found(other), other.trouble) == (whole, found(reader), reader.trouble)


@given(st.text(st.characters(exclude_characters="<{[("), max_size=200), st.integers(1, 9))
@example("``` json\n~~~", 1)
def test_text_without_marks_comes_out_unchanged(text: str, step: int) -> None:
    assert read(text, step=step)[0] == text


def test_text_is_shown_as_soon_as_it_can_be_no_call() -> None:
    reader = CallReader(NAMES, ALIASES)
    for piece in ("Use", " x_{1", '}, {"a"', ": [1", "] and [a", "](b)", "\nwe", "b is", ' {"name": "Al', 'ice", "ag'):
        reader.feed(piece)
    assert reader.feed("!") == "!"
    assert reader.feed(" {") == ""
    assert reader.feed("x") == " {x"
    assert reader.feed('\n{"na') == ""
    assert reader.feed('me": "Bob", ') == ""
    assert reader.feed('"age"') == '\n{"name": "Bob", "age"'


def test_no_more_than_a_bound_is_held_back() -> None:
    text = '{"parameters": {"text": "' + "x" * LIMIT
    for step in (1000, len(text)):
        shown, reader = read(text + '"}, "name": "get_time"}', step=step)
        assert (shown, reader.found) == (text + '"}, "name": "get_time"}', False)
    shown, reader = read('{"name": "get_time", "parameters": {"text": "' + "x" * LIMIT, step=1000)
    assert (shown, reader.trouble) == ("", Trouble("broken", "get_time"))
    for length in range(LIMIT - 60, LIMIT + 60, 7):
        text = 'Words. {"name": "get_time", "parameters": {"text": "' + "x" * length + '"}}'
        (whole, one), (parts, other) = read(text), read(text, step=777)
        assert (whole, found(one), one.trouble) == (parts, found(other), other.trouble)
    shown, _ = read("a" + " " * 2 * MAX_SPACE + '{"name": "get_time", "parameters": {}}', step=7)
    assert shown == "a" + " " * MAX_SPACE


def test_deep_nesting_is_no_call() -> None:
    text = '{"parameters": ' + "[" * 100_000
    assert read(text, step=4096)[0] == text
    assert read("[" * 100_000)[0] == "[" * 100_000
    _, reader = read("[web_search(query=" + "-" * 20_000 + "1)]")
    assert reader.trouble == Trouble("broken", "web_search")


def test_a_model_that_calls_without_end_is_cut_off() -> None:
    _, reader = read('{"name": "get_time", "parameters": {}}\n' * 100, step=11)
    assert len(reader.calls) == MAX_CALLS


def test_calls_have_ids_of_their_own() -> None:
    _, reader = read('{"name": "get_time", "parameters": {}} {"id": "c9", "name": "get_time", "parameters": {}}')
    first, second = reader.calls
    assert (bool(first.id), second.id) == (True, "c9")
    assert len({call.id for _ in range(99) for call in read('{"name": "get_time", "parameters": {}}')[1].calls}) == 99


def test_arguments_hold_nothing_that_a_database_refuses() -> None:
    _, reader = read('{"name": "web_search", "parameters": {"query": "a\\u0000b\\ud800"}}')
    assert reader.calls[0].arguments == '{"query": "ab?"}'


def test_a_token_of_prose_costs_microseconds() -> None:
    tokens = [" word", ",", " another", "."] * 5000
    seconds = []
    for _ in range(5):
        reader = CallReader(NAMES, ALIASES)
        reader.feed("It")
        began = process_time()
        for token in tokens:
            reader.feed(token)
        seconds.append(process_time() - began)
    # Measured: 0.3 microseconds. The rest is room for a machine that does something else.
    assert min(seconds) / len(tokens) < 3e-6


def test_a_long_call_costs_little_more_for_each_token_than_a_short_one() -> None:
    began = process_time()
    _, reader = read('{"name": "web_search", "parameters": {"query": "' + "word " * 6000 + '"}}', step=5)
    assert reader.calls
    assert process_time() - began < 2
