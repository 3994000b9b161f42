"""Loops by real checkpoints, tiny ones with random weights, and the growth of a picture."""

import math
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
from PIL import Image

from imagine.diffusion import checkpoint
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import RefusedPixelsError, StoppedError
from imagine.files.animate import HOLD_LAST, frames, growth, video
from imagine.files.motions import MOTIONS
from tests.imagine.diffusion import checkpoints

# diffusers turns tensors into arrays in a way that numpy 2 will stop to take.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:diffusers")

COUNT = 16
SIZE = (64, 48)
Frames = list[Image.Image]
each_motion = pytest.mark.parametrize("motion", MOTIONS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


def load(path: Path, batch: int = 0) -> Renderer:
    return Renderer.load(checkpoint.find(str(path), path.parent), RenderOptions(device="cpu", steps=4, batch=batch))


@pytest.fixture(scope="module")
def redrawing(folder: Path) -> Renderer:
    return load(checkpoints.stable_diffusion(folder / "redrawing"))


@pytest.fixture(scope="module")
def words_only(folder: Path) -> Renderer:
    return load(checkpoints.words_only(folder / "words-only"))


@pytest.fixture(params=["redrawing", "words_only"])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    renderer: Renderer = request.getfixturevalue(request.param)
    assert renderer.abilities.redraw == (request.param == "redrawing")
    return renderer


def unwatched(done: int, of: int) -> None:
    pass


def picture(size: tuple[int, int] = SIZE, turn: int = 0) -> Image.Image:
    """Three ramps of colour with a red square in one corner."""
    image = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * (turn + k)).resize(size) for k in range(3)])
    image.paste((230, 40, 50), (8, 8, 20, 20))
    return image


def far(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, 0 to 255."""
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


def steps(loop: Frames) -> list[float]:
    """How far each frame is from the one before; the first of them is the seam."""
    return [far(frame, loop[number - 1]) for number, frame in enumerate(loop)]


@each_motion
def test_a_loop_has_no_seam_and_never_stands_still(renderer: Renderer, motion: str) -> None:
    seam, *others = steps(frames(renderer, picture(), "a boat", 5, motion, COUNT, unwatched))
    assert len(others) == COUNT - 1
    assert 0 < seam < 1.5 * mean(others)
    assert min(others) > 0


@each_motion
def test_a_loop_stays_in_the_picture_s_size_and_mode(renderer: Renderer, motion: str) -> None:
    loop = frames(renderer, picture(), "a boat", 5, motion, COUNT, unwatched)
    assert {(frame.size, frame.mode) for frame in loop} == {(SIZE, "RGB")}


def test_a_redrawn_loop_stays_near_the_picture(redrawing: Renderer) -> None:
    loop = frames(redrawing, picture(), "a boat", 5, "gentle", COUNT, unwatched)
    other = frames(redrawing, picture(turn=2), "a boat", 5, "gentle", COUNT, unwatched)
    assert all(far(mine, picture()) < far(theirs, picture()) for mine, theirs in zip(loop, other, strict=True))


def test_a_loop_from_words_begins_with_the_picture_of_its_seed(words_only: Renderer) -> None:
    alone = words_only.paint([Stroke("a boat", 5, *SIZE)])[0].image
    loop = frames(words_only, alone, "a boat", 5, "pulse", COUNT, unwatched)
    assert far(loop[0], alone) < 1


def test_a_loop_from_words_never_goes_as_far_as_another_seed(words_only: Renderer) -> None:
    alone, other = (words_only.paint([Stroke("a boat", seed, *SIZE)])[0].image for seed in (5, 6))
    loop = frames(words_only, alone, "a boat", 5, "gentle", COUNT, unwatched)
    assert max(far(frame, alone) for frame in loop) < far(other, alone)


def test_how_lively_a_motion_is_can_be_seen(redrawing: Renderer) -> None:
    gentle, lively = (
        mean(steps(frames(redrawing, picture(), "a boat", 5, motion, COUNT, unwatched)))
        for motion in ("gentle", "lively")
    )
    assert gentle < lively


def test_another_seed_moves_in_another_way(redrawing: Renderer) -> None:
    one, other = (frames(redrawing, picture(), "a boat", seed, "lively", 4, unwatched) for seed in (5, 6))
    assert all(far(mine, theirs) > 0 for mine, theirs in zip(one, other, strict=True))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 25])
def test_a_loop_has_as_many_frames_as_asked(renderer: Renderer, count: int) -> None:
    assert len(frames(renderer, picture(), "a boat", 5, "pulse", count, unwatched)) == count


def test_progress_is_reported_in_frames(redrawing: Renderer) -> None:
    reported: list[tuple[int, int]] = []
    frames(redrawing, picture(), "a boat", 5, "gentle", COUNT, lambda done, of: reported.append((done, of)))
    assert reported == [(2 * key, COUNT) for key in range(MOTIONS["gentle"].keys + 1)]


def test_a_loop_is_stopped_at_once(redrawing: Renderer) -> None:
    reported: list[int] = []

    def stop(done: int, of: int) -> None:
        reported.append(done)
        if done >= 4:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        frames(redrawing, picture(), "a boat", 5, "gentle", COUNT, stop)
    assert reported == [0, 2, 4]


def test_a_painter_that_takes_several_at_once_paints_the_same_loop(folder: Path, redrawing: Renderer) -> None:
    several = load(folder / "redrawing", batch=3)
    reported: list[int] = []
    together = frames(several, picture(), "a boat", 5, "lively", COUNT, lambda done, of: reported.append(done))
    alone = frames(redrawing, picture(), "a boat", 5, "lively", COUNT, unwatched)
    assert reported == [0, 4, 8, 12, COUNT]
    assert max(far(mine, theirs) for mine, theirs in zip(together, alone, strict=True)) < 1


def test_a_loop_that_the_checkpoint_itself_refuses_is_not_shown(folder: Path) -> None:
    checked = load(checkpoints.stable_diffusion(folder / "checked", checked=True))
    with pytest.raises(RefusedPixelsError):
        frames(checked, picture(), "a boat", 5, "gentle", 4, unwatched)


@each_motion
def test_a_camera_sees_only_the_picture_and_moves_in_small_steps(motion: str) -> None:
    views = np.array([MOTIONS[motion].view(math.tau * number / 360) for number in range(361)])
    assert views.min() >= 0
    assert views.max() <= 1
    assert (views[:, 2:] - views[:, :2]).min() > 0.8
    assert np.abs(np.diff(views, axis=0)).max() < 0.002
    assert views[-1] == pytest.approx(views[0])


@each_motion
def test_a_motion_begins_with_nearly_the_whole_picture(motion: str) -> None:
    box = MOTIONS[motion].view(0)
    assert min(box.right - box.left, box.bottom - box.top) > 0.9


@pytest.fixture(scope="module")
def video_checkpoint(folder: Path) -> Renderer:
    return load(checkpoints.video(folder / "video"))


@pytest.mark.parametrize("count", [2, 6, 8])
def test_a_video_goes_there_and_back_without_standing_still(video_checkpoint: Renderer, count: int) -> None:
    loop = video(video_checkpoint, picture((64, 64)), "a boat", 5, count, unwatched)
    assert len(loop) == count
    assert [far(frame, again) for frame, again in zip(loop[1:], loop[:0:-1], strict=True)] == [0] * (count - 1)
    assert min(steps(loop)) > 0


def test_a_video_is_stopped_between_steps(video_checkpoint: Renderer) -> None:
    def stop(step: int, of: int) -> None:
        if step == 1:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        video(video_checkpoint, picture((64, 64)), "a boat", 5, 6, stop)


def previews(count: int) -> Frames:
    """Pictures of which each is a little lighter than the one before, as one grows while somebody types."""
    return [Image.new("RGB", SIZE, (10 + 200 * number // count,) * 3) for number in range(count)]


def test_growth_shows_every_picture_in_its_order_and_comes_back_softly() -> None:
    grown = growth(previews(5), 90)
    levels = [frame.getpixel((0, 0))[0] for frame in grown]
    low = levels.index(min(levels))
    assert {image.getpixel((0, 0))[0] for image in previews(5)} <= set(levels)
    assert levels[:low] == sorted(levels[:low], reverse=True)
    assert levels[low:] == sorted(levels[low:])


def test_growth_has_no_seam() -> None:
    seam, *others = steps(growth(previews(5), 90))
    assert seam == 0
    assert max(others) < far(previews(5)[0], previews(5)[-1]) / 5


def test_growth_begins_and_ends_with_what_it_grew_to() -> None:
    """Its first frame stands for it, and is what a loop of this loop is made of."""
    images = previews(5)
    grown = growth(images, 90)
    assert grown[0] == grown[-1] == images[-1]
    assert grown.count(images[-1]) == HOLD_LAST


@pytest.mark.parametrize("most", [22, 30, 90])
def test_growth_keeps_its_limit_and_both_ends_however_much_was_typed(most: int) -> None:
    images = previews(100)
    grown = growth(images, most)
    assert most - 6 < len(grown) <= most
    assert images[0] in grown
    assert grown[0] == images[-1]


def test_growth_takes_the_size_of_the_last_picture() -> None:
    grown = growth([picture((48, 64)), picture((64, 48))], 90)
    assert {frame.size for frame in grown} == {(64, 48)}


def test_growth_of_one_picture_is_that_picture() -> None:
    assert growth([picture()], 90) == [picture()]


def test_growth_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="frames"):
        growth(previews(3), 10)
