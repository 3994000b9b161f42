"""What a checkpoint is given to read: how a prompt begins, the last change, and the style, whatever its length."""

import pytest

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.painter.words import MOST_TOLD, words_for
from imagine.styles import STYLES
from tests.imagine.diffusion import checkpoints

PIXELS = STYLES["pixel"].words


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """It reads three times 75 letters, and the two signs around them."""
    folder = checkpoints.stable_diffusion(tmp_path_factory.mktemp("checkpoints") / "letters")
    return Renderer.load(find(str(folder), folder), RenderOptions(device="cpu"))


@pytest.mark.parametrize(
    ("prompt", "style", "last", "words"),
    [
        ("a fox", "", "", "a fox"),
        ("a fox", "pixel", "", f"a fox, {PIXELS}"),
        ("a fox, with a hat", "", "with a hat", "a fox, with a hat"),
        ("a fox, with a hat", "pixel", "with a hat", f"a fox, with a hat, {PIXELS}"),
        ("", "pixel", "", PIXELS),
        ("with a hat", "", "with a hat", "with a hat"),
        ("a fox", "no style", "", "a fox"),
        ("a 🦊 in the ❄️, 🍕🍕!", "", "", "a fox in the snowflake, pizza pizza!"),
        ("👩‍🚀, with a 🎩", "pixel", "with a 🎩", f"woman astronaut, with a top hat, {PIXELS}"),
        ("🇯🇵", "", "", "flag of Japan"),
        ("a (red:1.2) fox, with a (hat:.5)", "", "with a (hat:.5)", "a red fox, with a hat"),
    ],
)
def test_a_short_prompt_is_read_whole(renderer: Renderer, prompt: str, style: str, last: str, words: str) -> None:
    assert words_for(renderer, prompt, style, last) == (words, "")


def test_of_a_long_prompt_the_beginning_and_the_style_are_read(renderer: Renderer) -> None:
    prompt = "a red fox, blue, " + " ".join(["with snow"] * 60)
    words, left_out = words_for(renderer, prompt, "pixel")
    assert words.startswith("a red fox, blue, with")
    assert words.endswith(f", {PIXELS}")
    assert renderer.reads(words)
    # No more was left out than had to be.
    kept = words.removesuffix(f", {PIXELS}").split(" ")
    assert prompt.startswith(f"{' '.join(kept)} {left_out.removesuffix('…')}")
    assert not renderer.reads(", ".join([" ".join(prompt.split(" ")[: len(kept) + 1]), PIXELS]))


def test_of_a_long_prompt_the_last_change_is_read(renderer: Renderer) -> None:
    prompt = " ".join(["a red fox"] * 35) + ", now with a green hat"
    words, left_out = words_for(renderer, prompt, "", "now with a green hat")
    assert words.startswith("a red fox a red fox")
    assert words.endswith(", now with a green hat")
    assert renderer.reads(words)
    assert ",," not in words
    assert prompt == f"{words.removesuffix(', now with a green hat')} {left_out}, now with a green hat"


@pytest.mark.parametrize(
    ("prompt", "style", "last"),
    [
        # A word that never ends, and a script without blanks.
        ("x" * 600, "pixel", ""),
        ("fox " + "x" * 600, "", ""),
        # A change that is too long by itself.
        ("a fox, " + "with a hat " * 60, "", "with a hat " * 60),
    ],
)
def test_what_is_left_out_of_any_prompt_is_told(renderer: Renderer, prompt: str, style: str, last: str) -> None:
    words, left_out = words_for(renderer, prompt.strip(), style, last.strip())
    assert renderer.reads(words)
    assert left_out
    assert len(left_out) <= MOST_TOLD


def test_a_prompt_that_is_too_long_ends_with_a_word(renderer: Renderer) -> None:
    words, left_out = words_for(renderer, "fox " * 90 + "owl", "")
    assert set(words.split(" ")) == {"fox"}
    assert f"{words} {left_out}" == "fox " * 90 + "owl"
