"""Nobody forges a turn, and no template token is shown to a reader."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.special import TOKEN, Stripper, TurnReader, neutralise

TOKENS = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|python_tag|>",
    "<|reserved_special_token_17|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<function=web_search>",
    "</function>",
    "<tool_call>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<start_of_turn>",
]
MIXED = st.lists(st.sampled_from([*TOKENS, "<", "|", ">", "|>", "<|", "a", " ", "[", "/"]), max_size=12).map("".join)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_becomes_ordinary_words_that_can_still_be_read(token: str) -> None:
    told = neutralise(f"before {token}after")
    assert token not in told
    assert told.replace(" ", "") == f"before{token}after"


@given(MIXED)
def test_no_mixture_of_pieces_leaves_a_token_behind(text: str) -> None:
    told = neutralise(text)
    assert not any(token in told for token in TOKENS)
    assert not TOKEN.search(told)


@pytest.mark.parametrize(
    "text",
    [
        "x |> f",
        "a <|> b",
        "f <| x",
        "1 < 2",
        "<span>",
        "list[int]",
        "<strong>",
        "a[i]",
        "function=1",
        "<| a |>",
        "|| b",
    ],
)
def test_ordinary_text_and_code_stay_as_they_are(text: str) -> None:
    assert neutralise(text) == text
    stripper = Stripper()
    assert stripper.feed(text) + stripper.flush() == text


@given(MIXED, st.lists(st.integers(0, 60), max_size=8))
def test_an_answer_is_stripped_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    stripper = Stripper()
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    told = "".join(stripper.feed(text[a:b]) for a, b in itertools.pairwise(ends)) + stripper.flush()
    assert told == TOKEN.sub("", text)


def test_words_are_held_back_only_while_they_could_become_a_token() -> None:
    stripper = Stripper()
    assert [stripper.feed(piece) for piece in ("1 <", " 2", "a<|eot", "_id|>b", "<|" + "x" * 65)] == [
        "1 ",
        "< 2",
        "a",
        "b",
        "<|" + "x" * 65,
    ]


def turn(*pieces: str) -> tuple[str, TurnReader]:
    reader = TurnReader()
    return "".join(map(reader.feed, pieces)) + reader.flush(), reader


@pytest.mark.parametrize(
    ("said", "shown", "runaway"),
    [
        ("Hello!<|eot_id|>", "Hello!", False),
        ("Hello!<|eot_id|>\n\n", "Hello!", False),
        ("Hello!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHow are you?", "Hello!", True),
        ("Hello!<|start_header_id|>user<|end_header_id|>\n\nHi", "Hello!", True),
        ("Hello!<|end_of_text|>More", "Hello!", True),
        ("Hello!<|im_end|>\n<|im_start|>user\nHi", "Hello!", True),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>", "Hello!", False),
        ("<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\nHello!", "Hello!", False),
        ("<|im_start|>assistant\nHello!<|im_end|>", "Hello!", False),
        ("<|start_header_id|>user<|end_header_id|>\n\nHello!", "", True),
        ("<|eot_id|>", "", False),
        ("`<|eot_id|>` ends a turn.", "`<|eot_id|>` ends a turn.", False),
        ('The "<|eot_id|>" mark.<|eot_id|>', 'The "<|eot_id|>" mark.', False),
        ("(Hello)<|eot_id|>x", "(Hello)", True),
        ("```\na<|eot_id|>b\n```\nSo.<|eot_id|>", "```\na<|eot_id|>b\n```\nSo.", False),
        ("<|python_tag|>f.call()<|eom_id|>", "<|python_tag|>f.call()<|eom_id|>", False),
        ("Look:<|python_tag|>f()<|eom_id|><|start_header_id|>ipython", "Look:<|python_tag|>f()<|eom_id|>", True),
        ("a < b and <b>bold</b>", "a < b and <b>bold</b>", False),
        ("  <p>", "  <p>", False),
        (" Hi", " Hi", False),
    ],
)
def test_a_turn_ends_where_the_model_ends_it_wherever_it_is_cut(said: str, shown: str, runaway: bool) -> None:
    for pieces in ([said], list(said), *([said[:cut], said[cut:]] for cut in range(1, len(said)))):
        told, reader = turn(*pieces)
        assert (told, reader.runaway) == (shown, runaway)


@given(MIXED, st.lists(st.integers(0, 60), max_size=8))
def test_a_turn_ends_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    cut, whole = turn(*(text[a:b] for a, b in itertools.pairwise(ends))), turn(text)
    assert (cut[0], cut[1].ended, cut[1].runaway) == (whole[0], whole[1].ended, whole[1].runaway)


def test_plain_words_are_not_held_back_for_a_mark() -> None:
    reader = TurnReader()
    assert [reader.feed(piece) for piece in ("Yes", " (", "no", ") <", " 3")] == ["Yes", " (", "no", ") ", "< 3"]
