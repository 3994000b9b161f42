"""What a checkpoint is given to read: how a prompt begins, the last change, and the style, whatever its length."""

import pytest

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.painter.words import words_for
from imagine.styles import STYLES
from tests.imagine.diffusion import checkpoints

PIXELS = STYLES["pixel"].words


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """It reads 75 letters, and the two signs around them."""
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
        # Nothing has to be saved: what is too long is cut off by the checkpoint itself.
        ("fox " * 40, "", "", "fox " * 40),
        ("x" * 400, "pixel", "", f"{'x' * 400}, {PIXELS}"),
    ],
)
def test_a_short_prompt_is_read_whole(renderer: Renderer, prompt: str, style: str, last: str, words: str) -> None:
    assert words_for(renderer, prompt, style, last) == words


def test_of_a_long_prompt_the_beginning_and_the_style_are_read(renderer: Renderer) -> None:
    prompt = "a red fox, blue, " + " ".join(["with snow"] * 30)
    words = words_for(renderer, prompt, "pixel")
    assert words.startswith("a red fox, blue, with")
    assert words.endswith(f", {PIXELS}")
    assert renderer.reads(words)
    # No more was left out than had to be.
    kept = words.removesuffix(f", {PIXELS}").split(" ")
    assert not renderer.reads(", ".join([" ".join(prompt.split(" ")[: len(kept) + 1]), PIXELS]))


def test_of_a_long_prompt_the_last_change_is_read(renderer: Renderer) -> None:
    prompt = " ".join(["a red fox"] * 20) + ", now with a green hat"
    words = words_for(renderer, prompt, "", "now with a green hat")
    assert words.startswith("a red fox a red fox")
    assert words.endswith(", now with a green hat")
    assert renderer.reads(words)
    assert ",," not in words
