"""What the assistant says by itself in an app."""

from imagine.models import Picture
from integrations.wording import caption


def test_under_a_picture_stands_what_was_drawn_where_that_is_not_what_was_typed() -> None:
    assert caption(Picture(prompt="a red fox")) == "Here is your picture."
    translated = Picture(prompt="ein roter Fuchs", drawn="a red fox")
    assert caption(translated) == "Here is your picture.\nDrawn: a red fox."
    cut = Picture(prompt="a red fox and a boat", left_out="and a boat", made=Picture.Made.ANIMATED)
    assert caption(cut) == "Here is your loop.\nNot drawn, as it is too long: and a boat"
