"""A message asks for a picture in so many words."""

import pytest

from assistant.wishes import draw_wish
from tests.assistant.draw_wishes import DRAW_WISHES


@pytest.mark.parametrize(("text", "what"), DRAW_WISHES)
def test_what_a_message_asks_to_have_drawn(text: str, what: str) -> None:
    assert draw_wish(text) == what


def test_a_long_message_asks_for_no_picture_and_is_read_at_once() -> None:
    assert draw_wish("please " * 3000 + "draw a cat") == ""
    assert draw_wish("draw a " + "a " * 140 + "cat in ascii") == ""
