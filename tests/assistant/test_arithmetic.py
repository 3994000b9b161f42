"""What is plainly a calculation is worked out for models that call no tools, and nothing else is."""

import pytest

from assistant.arithmetic import CHARACTERS, calculation
from assistant.beforehand import worked_out


@pytest.mark.parametrize(
    ("message", "result"),
    [
        ("Which is greater, 9.11 or 9.9?", "As numbers, 9.9 is larger than 9.11, by 0.79."),
        ("What's larger, 9.11 or 9.9?", "As numbers, 9.9 is larger than 9.11, by 0.79."),
        ("9.11 and 9.9, which is bigger?", "As numbers, 9.9 is larger than 9.11, by 0.79."),
        ("Is 9.9 bigger than 9.11?", "Yes: 9.9 > 9.11"),
        ("Was ist größer, 9,11 oder 9,9?", "As numbers, 9,9 is larger than 9,11, by 0.79."),
        ("¿Qué es mayor, 9.11 o 9.9?", "As numbers, 9.9 is larger than 9.11, by 0.79."),
        ("Lequel est plus grand, 9,11 ou 9,9 ?", "As numbers, 9,9 is larger than 9,11, by 0.79."),
        ("Wat is groter, 9,11 of 9,9?", "As numbers, 9,9 is larger than 9,11, by 0.79."),
        ("What is 17 * 23?", "17 * 23 = 391"),
        ("17*23", "17*23 = 391"),
        ("12 × 7 =", "12 × 7 = 84"),
        ("Was ist 12 mal 7?", "12 * 7 = 84"),
        ("¿Cuánto es 12 por 7?", "12 * 7 = 84"),
        ("combien font 12 fois 7 ?", "12 * 7 = 84"),
        ("Сколько будет 12 плюс 7?", "12 + 7 = 19"),
        ("How much is 15% of 80?", "15% of 80 = 12"),
        ("Wie viel sind 15 Prozent von 80?", "15 % of 80 = 12"),
        ("What is half of 80?", "half of 80 = 40"),
        ("Convert 5 miles to km", "5 miles = 8.04672 km"),
        ("20 °C in °F", "20 °C = 68 °F"),
        ("how many seconds are in a day?", "a day = 86400 s"),
        ("100!", "100! = 9332621544"),
        ("how many days between 2024-02-28 and 2024-03-01?", "2 days from Wednesday 28 February 2024"),
    ],
)
async def test_a_calculation_is_worked_out_in_the_words_of_many_languages(message: str, result: str) -> None:
    assert result in await worked_out(message)


@pytest.mark.parametrize(
    "message",
    [
        *("2", "2024", "24/7", "3-4", "2020-2024", "555-1234", "+49 30 1234567", "May 5", "1/2", "10:30", "v1.2.3"),
        *("today", "hello", "Call me at 5", "In 1492", "What is 9/11?", "tell me about 9/11", "192.168.0.1"),
        *("I have 3 apples and eat 1. How many are left?", "Which is better, 3 or 4?", "iPhone 15 or 16?"),
        *(
            "Python 2 or 3?",
            "What happened in 1989?",
            "Who won in 2022 or 2023?",
            "The answer is 42!",
            "5 to 10 minutes",
        ),
        *("100 EUR in USD", "12 / 0", "Plan a weekend trip", "What is the capital of France?", "Top 10 films of 2024?"),
    ],
)
async def test_what_is_no_calculation_is_left_to_the_model(message: str) -> None:
    assert await worked_out(message) == ""


def test_long_messages_and_several_lines_are_none() -> None:
    assert calculation("1 + 1")
    assert not calculation("1 + 1\n2 + 2")
    assert not calculation("1 + " * CHARACTERS + "1")
    assert not calculation("")
