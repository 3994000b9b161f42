"""What people read about an answer besides its words, in whatever channel."""

import pytest
from django.utils.translation import override

from assistant.errors import AssistantError
from assistant.events import Waiting
from assistant.llama.errors import UnreachableError
from assistant.models import Message, Run
from assistant.problems import ERRORS, error_of
from assistant.sentences import READY_QUESTIONS, next_lines, problem_sentence, step_sentence, waiting_sentence
from assistant.sources import Step

Status = Run.Status


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Step("web_search", "moon"), "Searched for “moon”"),
        (Step("web_search", "moon", "no_results"), "Searched for “moon”, without success"),
        (Step("open_page", "100% moon"), "Read 100% moon"),
        (Step("a tool of a newer version", "moon"), "moon"),
    ],
)
def test_a_step_is_a_sentence(step: Step, sentence: str) -> None:
    assert step_sentence(step) == sentence


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (None, ""),
        (Run(status=Status.RUNNING, problem="length"), ""),
        (Run(status=Status.DONE), ""),
        (Run(status=Status.DONE, problem="length"), "The answer reached its longest length and stops here."),
        (Run(status=Status.STOPPED), "You stopped this answer."),
        (Run(status=Status.FAILED, problem=UnreachableError.code), str(UnreachableError.sentence)),
        (Run(status=Status.FAILED, problem="code of a newer version"), str(AssistantError.sentence)),
    ],
)
def test_an_answer_that_is_not_whole_says_why(run: Run | None, sentence: str) -> None:
    assert problem_sentence(run) == sentence


@pytest.mark.parametrize("code", ERRORS)
def test_a_code_finds_its_error(code: str) -> None:
    assert error_of(code).code == code


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (Waiting("queue", place=1), "1 person is before you"),
        (Waiting("queue", place=2), "2 people are before you"),
        (Waiting("drawing", done=2, of=8), "Drawing, step 2 of 8"),
        (Waiting("thinking"), "Thinking"),
    ],
)
def test_a_wait_is_a_sentence(event: Waiting, sentence: str) -> None:
    with override("en"):
        assert waiting_sentence(event) == sentence


def answered(text: str, **run: object) -> Message:
    """An answer with its run, neither of them stored."""
    message = Message(role=Message.Role.ASSISTANT, text=text, parent=Message(role=Message.Role.USER))
    message.run = Run(answer=message, status=Status.DONE, **run)
    return message


READ = [Step("open_page", "example.org").to_json()]
READY = [str(question) for question in READY_QUESTIONS]


@pytest.mark.parametrize(
    ("answer", "asked", "lines"),
    [
        (answered("Hello.", follow_ups=["And you?"]), "Hi", ["And you?"]),
        (answered("Hello."), "Hi", []),
        (answered("A page about the moon.", steps=READ), "https://example.org/moon", READY),
        (answered("I could not read it."), "https://example.org/moon", []),
        (answered("A file about the moon."), "", READY),
        (answered("Hello, and", follow_ups=["And you?"], problem="length"), "Hi", []),
    ],
)
def test_what_one_could_say_next(answer: Message, asked: str, lines: list[str]) -> None:
    assert next_lines(answer, asked) == lines
