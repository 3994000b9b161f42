"""The checkpoint that comes along puts its things together: what people see of it."""

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image, ImageChops, ImageOps, ImageStat

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import CheckpointError, StoppedError
from imagine.painter.words import words_for
from imagine.sketches import lexicon, sketcher
from imagine.sketches.sketcher import MOST_CUTS, Sketcher
from tests.imagine.diffusion import checkpoints

SIDE = 128
OTHER = 4


@pytest.fixture(scope="module")
def painter() -> Renderer:
    return sketcher.load(find(str(settings.SHIPPED_CHECKPOINT), Path("/nowhere")), RenderOptions(device="cpu"))


def drawn(painter: Renderer, prompt: str, seed: int = 4, turn: float = 0.0) -> Image.Image:
    return painter.paint([Stroke(prompt, seed, SIDE, SIDE, turn=turn)])[0].image


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of all their colours, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_four_pictures_in_a_row_differ_and_the_same_seed_draws_the_same(painter: Renderer) -> None:
    for prompt in ("a cat", "a dog and a cat"):
        four = [drawn(painter, prompt, seed) for seed in range(40, 44)]
        assert all(apart(one, other) > OTHER for at, one in enumerate(four) for other in four[:at])
        # Not only in the noise: every other looks the other way.
        assert apart(ImageOps.mirror(four[0]), four[1]) < apart(four[0], four[1])
        assert drawn(painter, prompt, 40).tobytes() == four[0].tobytes()


def test_while_one_types_on_the_thing_stays_where_it_is(painter: Renderer) -> None:
    assert drawn(painter, "a cat i").tobytes() == drawn(painter, "a cat").tobytes()
    beach = np.asarray(drawn(painter, "a cat on the beach"), int)
    plain = np.asarray(drawn(painter, "a cat"), int)
    assert (np.abs(beach - plain)[50:80, 50:80].sum(-1) < 30).mean() > 0.8


def test_two_cats_are_two_of_the_same_cat_and_not_a_blur(painter: Renderer) -> None:
    two = np.asarray(drawn(painter, "two cats", 0), int)
    ground = two[2, 2]
    columns = (np.abs(two - ground).sum(-1) > 120).any(0)
    starts = int((columns[1:] & ~columns[:-1]).sum())
    assert starts == 2


def test_what_is_not_known_is_a_palette_and_not_a_blob(painter: Renderer) -> None:
    assert drawn(painter, "xyzzy").tobytes() == drawn(painter, "artist palette").tobytes()


def test_a_loop_moves_and_closes(painter: Renderer) -> None:
    start, quarter, end = (drawn(painter, "a cat", 4, turn) for turn in (0.0, 1.57, 6.2831853))
    assert apart(start, quarter) > 1
    assert apart(start, end) < 1


def test_only_styles_that_change_the_picture_are_given_to_it(painter: Renderer) -> None:
    plain = drawn(painter, "a dog")
    assert painter.abilities.styles
    for style in painter.abilities.styles:
        assert apart(plain, drawn(painter, words_for(painter, "a dog", style).read)) > OTHER
    assert words_for(painter, "a dog", "oil").read == "a dog"


def test_a_picture_can_be_stopped_and_what_is_kept_is_bounded(painter: Renderer) -> None:
    def stop(step: int, of: int) -> None:
        raise StoppedError("now")

    for prompt in ("a cat", "a rhino"):
        with pytest.raises(StoppedError):
            painter.paint([Stroke(prompt, 4, SIDE, SIDE)], stop)
    assert isinstance(painter, Sketcher)
    names = list(painter._words._things)[: MOST_CUTS + 3]
    painter._cuts.update({sketcher.Order(name, 9): Image.new("RGBA", (1, 1)) for name in names})
    drawn(painter, "a cat")
    assert len(painter._cuts) == MOST_CUTS


def test_other_checkpoints_are_read_as_ever(tmp_path: Path) -> None:
    folder = checkpoints.stable_diffusion(tmp_path / "other")
    assert type(sketcher.load(find(str(folder), folder), RenderOptions(device="cpu"))) is Renderer


@pytest.mark.parametrize("said", ["{}", '{"things":{},"words":{"cat":"cat"},"near":{}}', '{"things":[],"words":1}'])
def test_a_broken_lexicon_is_told_to_the_operator(tmp_path: Path, said: str) -> None:
    (tmp_path / lexicon.FILE).write_text(said)
    with pytest.raises(CheckpointError, match=lexicon.FILE):
        lexicon.find(tmp_path)
