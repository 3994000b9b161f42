"""A greeting needs no tools, and a question may."""

import pytest

from assistant.gate import asks_of_now, may_use_tools


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


@pytest.mark.parametrize(
    "text",
    [
        *("What happened in the world today?", "What is the weather in Paris?", "Who won the World Cup?", "news"),
        *("What's the Bitcoin price?", "Is the Louvre open today?", "Which films come out this week?", "latest iPhone"),
        *("Was ist heute in der Welt passiert?", "¿Qué pasó hoy en el mundo?", "O que aconteceu hoje no mundo?"),
        *("Que s’est-il passé aujourd’hui dans le monde ?", "Cosa è successo oggi nel mondo?", "今天有什么新闻？"),
        *("Какие сегодня новости?", "Who is the champion of 2026?"),
    ],
)
def test_what_only_the_web_knows_is_searched_for_a_model_that_calls_nothing(text: str) -> None:
    assert asks_of_now(text)


@pytest.mark.parametrize(
    "text",
    [
        *("hello", "What should I cook today?", "Write a poem about the weather", "Plan a weekend trip"),
        *("Translate 'the latest news' into German", "Which is greater, 9.11 or 9.9?", "Why is the sky blue?"),
        *("Thank you for today", "What is an electric current?", "Explain black holes like a bedtime story"),
        *("How do I feel better today?", "Was soll ich heute kochen?", "news " * 100),
    ],
)
def test_what_the_model_knows_or_oneself_is_not(text: str) -> None:
    assert not asks_of_now(text)
