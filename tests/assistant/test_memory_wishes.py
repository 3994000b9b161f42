"""Which messages ask to have something remembered or forgotten."""

from time import perf_counter

import pytest

from assistant.commands import tool_call
from assistant.memory_wishes import (
    OWN_CHARACTERS,
    concerns_memory,
    forget_wish,
    is_in_own_words,
    means_everything,
    remember_wish,
)
from tests.assistant.memory_wishes import FORGET, FORGET_ALL, FORGET_NOTHING, REMEMBER, REMEMBER_NOTHING


@pytest.mark.parametrize(("text", "what"), REMEMBER)
def test_what_is_to_be_remembered(text: str, what: str) -> None:
    assert remember_wish(text) == what
    assert forget_wish(text) == ""
    assert concerns_memory(text)


@pytest.mark.parametrize("text", REMEMBER_NOTHING)
def test_nothing_is_to_be_remembered(text: str) -> None:
    assert remember_wish(text) == ""


@pytest.mark.parametrize(("text", "what"), FORGET)
def test_what_is_to_be_forgotten(text: str, what: str) -> None:
    assert forget_wish(text) == what
    assert remember_wish(text) == ""
    assert concerns_memory(text)


@pytest.mark.parametrize("text", FORGET_ALL)
def test_all_is_to_be_forgotten(text: str) -> None:
    assert means_everything(forget_wish(text))


@pytest.mark.parametrize("text", FORGET_NOTHING)
def test_nothing_is_to_be_forgotten(text: str) -> None:
    assert forget_wish(text) == ""


def test_what_is_long_may_be_pasted() -> None:
    assert remember_wish(f"{'x' * OWN_CHARACTERS}. Remember that I am vegetarian.") == ""


@pytest.mark.parametrize(
    ("text", "message", "own"),
    [
        ("The user is vegetarian", "Remember that I am vegetarian", True),
        ("User lives in Lima", "remember I live in Lima", True),
        ("Ich wohne in Berlin", "Merk dir, dass ich in Berlin wohne", True),
        ("我是素食者", "请记住我是素食者", True),
        ("I am not allergic to nuts", "Remember I'm allergic to nuts", False),
        ("The user's bank is Evil", "Remember that I am vegetarian", False),
        ("我的银行", "请记住我是素食者", False),
    ],
)
def test_a_model_may_turn_a_persons_words_but_add_none(text: str, message: str, own: bool) -> None:
    assert is_in_own_words(text, message) is own


@pytest.mark.parametrize(
    "text",
    [
        "y " * 300,
        "- " * 300,
        "-" * 600,
        "e, " * 200,
        "remember that " * 40,
        "forget about " * 45,
        "please " * 85,
        "ı " * 300,
        "今。" * 300,
    ],
)
def test_odd_messages_take_no_time(text: str) -> None:
    started = perf_counter()
    remember_wish(text)
    forget_wish(text)
    assert perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("/remember I am vegetarian", "remember", "I am vegetarian"),
        (" /Remember\n I am\n vegan \n", "remember", "I am\n vegan"),
        ("/forget everything", "forget", "everything"),
        ("/forget", "forget", ""),
    ],
)
def test_the_commands(text: str, name: str, rest: str) -> None:
    call = tool_call(text)
    assert call is not None
    assert (call.name, call.arguments) == (name, {"text": rest})


@pytest.mark.parametrize("text", ["remember I am vegetarian", "/remembering", "/remember: tea", "See /remember me"])
def test_other_words_are_no_command(text: str) -> None:
    assert tool_call(text) is None
