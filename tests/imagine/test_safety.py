"""What is asked for is checked before it is drawn, and what was drawn before it is shown."""

import numpy as np
import pytest
from PIL import Image

from imagine.errors import RefusedPixelsError, RefusedWordsError
from imagine.safety import MOST_NAKEDNESS, WORDS, check_left_out, check_pixels, check_words
from tests.imagine.drawings import gradient, mistaken
from tests.imagine.prompts import INNOCENT, REFUSED


def refused(text: str, typing: bool = False) -> bool:
    try:
        check_words(text, typing)
    except RefusedWordsError:
        return True
    return False


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_prompt_is_drawn(text: str) -> None:
    check_words(text)


@pytest.mark.parametrize("text", INNOCENT)
def test_nobody_is_stopped_while_typing_an_innocent_prompt(text: str) -> None:
    assert [text[:end] for end in range(len(text)) if refused(text[:end], typing=True)] == []


@pytest.mark.parametrize("text", REFUSED)
def test_a_prompt_for_what_is_not_drawn_is_refused_in_every_disguise(text: str) -> None:
    with pytest.raises(RefusedWordsError):
        check_words(text)


@pytest.mark.parametrize("text", REFUSED)
def test_it_is_refused_inside_a_longer_prompt_too(text: str) -> None:
    for whole in (f"Draw this for me: {text}, in the style of Monet", f"a red fox. {text}. at dawn"):
        with pytest.raises(RefusedWordsError):
            check_words(whole)


@pytest.mark.parametrize("text", REFUSED)
def test_typing_is_refused_once_something_follows(text: str) -> None:
    assert refused(text + " in oil, ", typing=True)


def test_the_last_word_counts_only_when_it_is_finished() -> None:
    assert [refused(text, typing=True) for text in ("porn", "porn ", "a naked m", "a naked w", "a naked woman ")] == [
        False,
        True,
        False,
        True,
        True,
    ]
    # A phrase that may still become innocent is judged when the person is done.
    assert refused("naked ")
    assert not refused("naked ", typing=True)


def test_words_that_are_fine_alone_are_refused_together() -> None:
    check_words("sexy dress")
    check_words("a little girl")
    for text in ("a little girl in a sexy dress", "sexy, 14 years old", "lingerie for kids", "13yo topless"):
        with pytest.raises(RefusedWordsError):
            check_words(text)


def test_an_emoji_counts_as_its_name() -> None:
    check_words("a 🦊 with 👧🏽")
    assert refused("a naked 👧🏽")
    assert refused("a naked 👧🏽", typing=True)
    assert refused("👶 in lingerie, ", typing=True)
    assert not refused("👶 in ling", typing=True)


def test_weights_hide_no_word() -> None:
    check_words("a (red:1.2) fox")
    for text in ("(po:1.2)(rn:1.1)", "a ((na))((ked)) child", "a na<lora:x:1>ked child"):
        assert refused(text)


def may_be_left_out(prompt: str, negative: str) -> bool:
    try:
        check_left_out(prompt, negative)
    except RefusedWordsError:
        return False
    return True


def test_what_is_left_out_shows_nothing_that_is_refused() -> None:
    for prompt, negative in (
        ("a portrait", "people, text"),
        # What is refused itself is best left out.
        ("a girl on a beach", "nude, porn, nsfw"),
        ("a man at sea", "no shirt"),
    ):
        assert may_be_left_out(prompt, negative)
    for prompt, negative in (
        ("a woman", "clothes"),
        ("a woman", "text, any clothes."),
        ("a girl on a beach", "hat, shirt"),
        ("a (girl:1.1)", "(sh:1.1)irt"),
        ("a 👧", "the skirt"),
    ):
        assert not may_be_left_out(prompt, negative)


def test_an_innocent_phrase_does_not_cover_what_stands_beside_it() -> None:
    with pytest.raises(RefusedWordsError):
        check_words("naked mole rat, naked woman")


def test_the_operator_learns_the_group_and_not_the_prompt() -> None:
    with pytest.raises(RefusedWordsError) as error:
        check_words("my secret porn")
    assert str(error.value) == "the words touch: refused"


@pytest.mark.parametrize(
    "text", ["", " ", "!" * 5000, "a " * 2500, "\u200b" * 100, "\ud800", "n u " * 1000, "1" * 5000]
)
def test_odd_texts_are_no_trouble(text: str) -> None:
    check_words(text)


def test_the_word_list_says_nothing_twice() -> None:
    lines = [line for line in WORDS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (2048, 300)])
def test_a_harmless_picture_passes(size: tuple[int, int]) -> None:
    assert 0 <= check_pixels(gradient(*size)) < 0.2


def test_noise_and_plain_colours_pass() -> None:
    noise = np.random.default_rng(5).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    for image in (Image.fromarray(noise), Image.new("RGB", (256, 256)), Image.new("RGB", (256, 256), "white")):
        assert check_pixels(image) < MOST_NAKEDNESS


def test_a_picture_that_looks_naked_is_refused() -> None:
    with pytest.raises(RefusedPixelsError, match=r"a score of 0\.9"):
        check_pixels(mistaken())


def test_a_transparent_picture_is_checked_like_another() -> None:
    with pytest.raises(RefusedPixelsError):
        check_pixels(mistaken().convert("RGBA"))
