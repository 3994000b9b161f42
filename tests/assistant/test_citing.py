"""Sentences find the passages they rest on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citing import cited, with_passages
from assistant.passages import PASSAGE_CHARACTERS, passages_of, relevant, sentences
from assistant.sources import Reading, Source

ALPACA = Reading(
    Source("https://a.example/alpaca", "Alpacas"),
    "Alpacas are kept for fibre.\n\nA cria is a young alpaca, born after eleven months. It weighs seven kilograms.",
)
CUSCO = Reading(
    Source("https://c.example/cusco", "Cusco"),
    "Cusco lies at 3,399 metres above the sea.\n\nThe rainy season lasts from November to March.",
)
READINGS = [ALPACA, CUSCO]


def test_each_source_shows_the_passage_that_its_sentences_rest_on() -> None:
    answer = "A young alpaca is born after eleven months [1]. Cusco has its rainy season from November [2]."
    first, second = with_passages(READINGS, answer)
    assert first.passage == "A cria is a young alpaca, born after eleven months. It weighs seven kilograms."
    assert second.passage == "The rainy season lasts from November to March."


def test_a_source_that_is_not_cited_shows_its_beginning() -> None:
    first, _ = with_passages(READINGS, "It rains from November to March [2].")
    assert first.passage == "Alpacas are kept for fibre."


def test_a_model_that_cites_nothing_is_given_numbers_where_its_sentences_come_from() -> None:
    answer = "A cria is a young alpaca, born after eleven months. I like it.\n\n- Rainy season: November to March"
    assert cited(answer, READINGS) == (
        "A cria is a young alpaca, born after eleven months [1]. I like it.\n\n- Rainy season: November to March [2]"
    )


@pytest.mark.parametrize(
    "answer",
    [
        "The rainy season lasts from November to March [2].",
        "```\nThe rainy season lasts from November to March\n```",
        "Nothing of this stands on any of the pages, whatever one thinks.",
        "November.",
        "",
    ],
)
def test_what_is_cited_code_or_from_elsewhere_stays_as_it_is(answer: str) -> None:
    assert cited(answer, READINGS) == answer


def test_scripts_without_spaces_find_their_passages_too() -> None:
    page = Reading(Source("https://j.example/", "富士"), "富士山は日本で一番高い山です。高さは3776メートルです。")
    assert cited("富士山は日本で一番高い山です。", [CUSCO, page]) == "富士山は日本で一番高い山です [2]。"


def test_long_pages_give_short_passages() -> None:
    passages = passages_of("word " * 20_000)
    assert passages
    assert all(len(one.text) <= PASSAGE_CHARACTERS + 1 for one in passages)


@given(st.text())
def test_sentences_joined_are_the_text_again(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_of_a_long_page_the_beginning_and_what_was_asked_for_are_read() -> None:
    page = "The beginning.\n" + "Something else entirely, again and again.\n" * 200 + "The ticket costs twelve soles.\n"
    read = relevant(page, "How much is the ticket?", 400)
    assert read.startswith("The beginning.")
    assert read.endswith("The ticket costs twelve soles.")
    assert len(read.encode()) <= 400
    assert relevant("Short.", "What?", 400) == "Short."
