"""What a model thinks is told apart from what it says, however it is marked and wherever it is cut."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.errors import CutOffError, EmptyAnswerError, NoAnswerError
from assistant.llama.reasoning import MARKS, ReasoningSplitter, split_reasoning
from assistant.llama.stream import AnswerDecoder
from tests.fake_llama import DONE, event

STOP = event({}, "stop") + DONE
PIECES = ["<think>", "</think>", "<", "think", ">", "/", "`", "\n", " ", "a", "B", ".", "[THINK]", "[/THINK]", "```\n"]


def read(*deltas: dict[str, Any] | str, end: bytes = STOP) -> tuple[str, str, AnswerDecoder]:
    """Reasoning and text of an answer made of these deltas; a str is one of content."""
    answer = AnswerDecoder("host")
    told, thought = "", ""
    for data in [*(event({"content": one} if isinstance(one, str) else one) for one in deltas), end, b""]:
        text = answer.feed(data) if data else answer.close()
        if answer.reasoning:
            thought += answer.reasoning.text
            told = "" if answer.reasoning.retracts else told
        told += text
    return thought.rstrip(), told, answer


def cut(text: str, cuts: list[int]) -> list[str]:
    ends = sorted({min(one, len(text)) for one in cuts} | {0, len(text)})
    return [text[a:b] for a, b in itertools.pairwise(ends)]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("written", [str, str.upper, str.title])
def test_a_marked_thought_is_no_part_of_the_answer(mark: str, written: Any) -> None:
    text = f" \n{written(mark)}\nSo: 1 < 2.\n{written(MARKS[mark])}\n\nYes, it is."
    assert split_reasoning(text) == ("So: 1 < 2.", "Yes, it is.")


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("Hmm, a llama.\n</think>\n\nA llama.", "Hmm, a llama.", "A llama."),
        ("Hmm.</think>A llama.", "Hmm.", "A llama."),
        ("Hmm </think> A llama.", "Hmm", "A llama."),
        ("想一想。</think>你好", "想一想。", "你好"),
        ("\n\n</think>\n\nHello", "", "Hello"),
        ("<think></think>Hello", "", "Hello"),
        ("<think>\n\n</think>\n\nHello", "", "Hello"),
        ("<think>One.</think>\n<think>Two.</think>\nHello", "One.\n\nTwo.", "Hello"),
        ("<think>One.</think>So\n</think>\n\nHello", "One.\n\nSo", "Hello"),
        ("<think>In <thought> marks, or </thinking>.</think>Hello", "In <thought> marks, or </thinking>.", "Hello"),
        ("<think>I never come to an end", "I never come to an end", ""),
        ("Hmm.\n</think>", "Hmm.", ""),
    ],
)
def test_thoughts_of_every_kind_are_found(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        " \n",
        "<thin",
        "<b>think</b>",
        "<thinker>",
        "1 < 2 </th",
        "A `<think>` mark opens, a `</think>` mark closes.",
        "Models write <think> and </think> around it.",
        "`<think>` opens it.",
        "Close it with `</think>`, then answer.",
        "The closing mark is </think>.",
        "The mark </think> ends a thought.",
        'They write "</think>" then.',
        "Look:\n\n```xml\n<p>\n</think>\n```\n\nThat was it.",
        "Look:\n\n    </think>\n\nThat was it.",
        "> quoted\n\n<think>x</think>",
    ],
)
def test_an_answer_may_talk_about_marks(text: str) -> None:
    assert split_reasoning(text) == ("", text)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.lists(st.integers(0, 60), max_size=10))
def test_a_thought_is_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    splitter, told, thought = ReasoningSplitter(), "", ""
    for piece in [*cut(text, cuts), None]:
        shown = splitter.flush() if piece is None else splitter.feed(piece)
        reasoning, retracted = splitter.take()
        thought += reasoning
        told = shown if retracted else told + shown
    assert (thought.rstrip(), told) == split_reasoning(text)


def test_ordinary_text_is_not_delayed() -> None:
    splitter = ReasoningSplitter()
    words = ["Use", " <b", ">bold</b> and ", "1 < ", "2"]
    assert [splitter.feed(word) for word in words] == words


def test_an_answer_full_of_marks_takes_no_time() -> None:
    for text in ("Close it with `</think>`. " * 7_000, "a </think>\n" * 15_000, "<think>" * 25_000):
        assert len("".join(split_reasoning(text))) > 10_000


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_a_thought_may_come_in_a_field_of_its_own(field: str) -> None:
    deltas: list[dict[str, Any] | str] = [
        {"role": "assistant", "content": None},
        {field: "So"},
        {"content": "", field: " it is."},
        {"content": None, field: None},
        "\n\nYes.",
    ]
    assert read(*deltas)[:2] == ("So it is.", "Yes.")


def test_details_and_parts_are_read_too() -> None:
    details = [{"type": "reasoning.text", "text": "So."}, {"type": "reasoning.encrypted", "data": "x"}, None]
    assert read({"content": "", "reasoning_details": details}, "Yes.")[:2] == ("So.", "Yes.")
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "So."}]}, {"type": "text", "text": "Yes."}]
    assert read({"content": parts})[:2] == ("So.", "Yes.")


def test_a_thought_that_comes_twice_is_kept_once() -> None:
    both = {"reasoning_content": "So it is.", "reasoning": "So it is."}
    assert read(both, "<think>So it", " is.</think>\nYes.")[:2] == ("So it is.", "Yes.")
    assert read(both, "<think>Or not.</think>\nYes.")[:2] == ("So it is.\n\nOr not.", "Yes.")
    assert read(both, "\n</think>\n\nYes.")[:2] == ("So it is.", "Yes.")


def test_a_thought_after_the_first_words_stays_a_thought() -> None:
    assert read("Well, ", {"reasoning": "Hmm."}, "yes.")[:2] == ("Hmm.", "Well, yes.")


@pytest.mark.parametrize("value", [1, True, {}, {"text": "x"}, [], [1], [{"text": 1}], ""])
def test_fields_that_hold_no_words_do_no_harm(value: Any) -> None:
    fields = dict.fromkeys(("reasoning_content", "reasoning", "thinking", "reasoning_details"), value)
    assert read({"content": "Yes.", **fields})[1] == "Yes."


@pytest.mark.parametrize(
    "deltas", [["<think>Hmm. I go on"], [{"reasoning_content": "Hmm. I go on"}], ["Hmm.\n</think>"]]
)
def test_a_model_that_only_thought_is_told_so_and_its_thoughts_stay(deltas: list[Any]) -> None:
    thought, told, answer = read(*deltas)
    assert thought.startswith("Hmm.")
    assert told == ""
    assert type(answer.problem) is NoAnswerError
    assert answer.problem.retry
    thought, _, answer = read(*deltas, end=event({}))
    assert thought.startswith("Hmm.")
    assert type(answer.problem) is CutOffError


def test_an_empty_thought_and_no_word_is_an_empty_answer() -> None:
    assert type(read("<think>\n</think>\n")[2].problem) is EmptyAnswerError
