"""Which questions under a post are answered to the person alone."""

import pytest

from integrations.discretion import asks_for_discretion, is_personal


@pytest.mark.parametrize(
    "text",
    ["what do you know about me?", "show my data", "delete my pictures", "Was weißt du über mich?",
     "Lösche meine Daten", "¿qué sabes de mí?", "mes données", "我的照片", "who am I?"],
)  # fmt: skip
def test_questions_about_oneself(text: str) -> None:
    assert is_personal(text)


@pytest.mark.parametrize(
    "text",
    ["when is the best time to see this?", "what is data?", "who am I talking to?", "my dog eats llamas", "memory"],
)
def test_questions_about_the_world(text: str) -> None:
    assert not is_personal(text)
    assert not asks_for_discretion(text)


@pytest.mark.parametrize(
    "text", ["tell me privately", "please DM me", "bitte privat", "en privado por favor", "en privé", "私信我"]
)
def test_those_who_ask_for_it(text: str) -> None:
    assert asks_for_discretion(text)
