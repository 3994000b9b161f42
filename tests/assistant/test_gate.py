"""A greeting needs no tools, and a question may."""

import pytest

from assistant.gate import may_use_tools


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Hello",
            "hi there!",
            "Hey, how are you?",
            "Thanks a lot 🙏",
            "Ok, great!!",
            "¡Hola! ¿Qué tal?",
            "Danke dir :)",
        ),
        *(
            "Bonjour, ça va ?",
            "Obrigado!",
            "Ciao ciao",
            "Привет",
            "你好",
            "ありがとう",
            "no no no",
            "  yes  ",
            "lol 😂",
        ),
    ],
)
def test_talk_needs_no_tools(text: str) -> None:
    assert not may_use_tools(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "What happened in the world today?",
            "hello world in C",
            "Which is greater, 9.11 or 9.9?",
            "12 * 7",
            "weather?",
        ),
        *(
            "no, the other one",
            "Hi, who won yesterday?",
            "你好，今天有什么新闻？",
            "Draw me a cat",
            "Thanks, and in June?",
        ),
    ],
)
def test_what_asks_for_more_may_need_them(text: str) -> None:
    assert may_use_tools(text)


def test_a_long_message_is_judged_at_once() -> None:
    assert may_use_tools("si no thank you " * 5_000 + "x")
    assert not may_use_tools("si no thank you " * 5_000)
