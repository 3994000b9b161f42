"""Where an answer that was cut off goes on, one text comes of two."""

import pytest

from assistant import prompts, seam
from assistant.llama.messages import ChatMessage
from assistant.llama.tokens import estimate
from assistant.seam import Seam

CODE = "```python\nfor i in range(3):\n    "

JOINED = [
    ("One two three", " four.", "One two three four."),
    ("One two three", "four.", "One two three four."),
    ("The end.", "Next", "The end. Next"),
    ("Wait", "; what?", "Wait; what?"),
    ("Pi is 3.", "14", "Pi is 3.14"),
    ("First.\n\n", "Second.", "First.\n\nSecond."),
    ("猫は", "好きです", "猫は好きです"),
    # What is repeated goes, where that is certain.
    ("One two three four five six", "four five six seven", "One two three four five six seven"),
    ("One two three", "three days later", "One two three three days later"),
    ("- Apples\n- Pears\n- Che", "- Cherries\n- Dates", "- Apples\n- Pears\n- Cherries\n- Dates"),
    ("La la la la la la", " la la la", "La la la la la la la la la"),
    ("A long paragraph, cut in mid", "A long paragraph, cut in midst.", "A long paragraph, cut in midst."),
    # A block of code stays one.
    (f"{CODE}pri", "nt(i)\n```", f"{CODE}print(i)\n```"),
    (f"{CODE}pri", "```python\n    print(i)\n```", f"{CODE}print(i)\n```"),
    (f"{CODE}pri", "print(i)\n```", f"{CODE}print(i)\n```"),
    (f"{CODE}print(", "```python\ni)\n```", f"{CODE}print(i)\n```"),
    (f"{CODE}print(i)", "```python\nprint()\n```", f"{CODE}print(i)\nprint()\n```"),
    (f"{CODE}print(i)", "\n```\nDone.", f"{CODE}print(i)\n```\nDone."),
    ("```\na\n```", "\n\n```\nb\n```", "```\na\n```\n\n```\nb\n```"),
]


@pytest.mark.parametrize(("begun", "more", "joined"), JOINED)
@pytest.mark.parametrize("size", [1, 3, 1000], ids=["by letters", "by pieces", "at once"])
def test_what_goes_on_reads_as_one_text(begun: str, more: str, joined: str, size: int) -> None:
    joint = Seam(begun)
    pieces = [joint.feed(more[start : start + size]) for start in range(0, len(more), size)]
    assert begun + "".join(pieces) + joint.close() == joined


def test_words_that_repeat_nothing_are_shown_at_once() -> None:
    joint = Seam("Once upon a time there was a llama")
    assert joint.feed(" who") == " who"
    assert joint.feed(" ") == " "


def test_a_new_answer_passes_as_it_is() -> None:
    joint = Seam("")
    assert joint.feed("  Hello") + joint.close() == "  Hello"


def test_a_long_answer_goes_on_from_its_end_with_the_block_it_is_in() -> None:
    text = "Intro.\n\n```python\n" + "\n".join(f"line {number}" for number in range(500))
    end = seam.excerpt(text, 200)
    assert end.startswith("```python\nline 4")
    assert end.endswith("line 499")
    assert seam.excerpt("Short.", 200) == "Short."


def test_question_and_answer_stay_together_in_a_small_context() -> None:
    question, begun = ChatMessage("user", "why " * 4000), "because " * 4000
    prompt = prompts.continuation([ChatMessage("system", "s"), question], begun, 4096)
    assert [message.role for message in prompt] == ["system", "user", "assistant", "user"]
    assert estimate(prompt) < 4096 * 7 // 16
    assert prompt[-2].content.endswith("because ")
