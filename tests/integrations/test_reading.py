"""What was sent in an app, as the words of a conversation."""

from integrations import reading
from integrations.inbound import Card, Place
from tests.integrations.people import contact, message


def test_a_forwarded_message_is_called_that() -> None:
    one = contact()
    assert reading.words_of(one, [message(one, "Is this true?", forwarded=True)]) == "Forwarded:\nIs this true?"


def test_a_reply_to_a_story_names_the_story() -> None:
    one = contact()
    sent = message(one, "Where is this?", story="https://story.example/1")
    assert reading.words_of(one, [sent]) == "https://story.example/1\nWhere is this?"


def test_a_tap_quotes_nothing_and_is_read_whole() -> None:
    one = contact()
    tapped = message(one, "How high is…", payload="say:How high is the Altiplano?", quoted="wamid.1")
    assert reading.words_of(one, [tapped]) == "How high is the Altiplano?"


def test_places_cards_and_links_stand_in_plain_lines() -> None:
    one = contact()
    sent = message(
        one,
        "Look",
        place=Place(-20.13, -67.48, "Uyuni", "Bolivia"),
        cards=(Card("Bo", ("+4915550000",), ("bo@mail.example",)),),
        links=("https://site.example/",),
    )
    assert reading.words_of(one, [sent]).splitlines() == [
        "Look",
        "Place: Uyuni, Bolivia (-20.13000, -67.48000)",
        "Contact: Bo, +4915550000, bo@mail.example",
        "https://site.example/",
    ]


def test_messages_that_are_answered_together_are_lines_of_one() -> None:
    one = contact()
    assert reading.words_of(one, [message(one, "Hello"), message(one, " "), message(one, "you")]) == "Hello\nyou"
