"""Checkpoints of five kinds, built here with random weights, are loaded and painted with."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Abilities, Renderer, Stroke, reads_english_only
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import StoppedError, UnableError
from tests.imagine.diffusion import checkpoints

# Diffusers asks numpy in an old way; it works.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

OPTIONS = RenderOptions(device="cpu", steps=3)
FOX = Stroke("a fox in the snow", seed=7, width=64, height=64)
BUILDERS: dict[str, Callable[[Path], Path]] = {
    "stable diffusion": checkpoints.stable_diffusion,
    "sdxl": checkpoints.stable_diffusion_xl,
    "flow matching": checkpoints.flow_matching,
    "words only": checkpoints.words_only,
    "video": checkpoints.video,
}
PAINTING = [kind for kind in BUILDERS if kind != "video"]
REDRAWING = ["stable diffusion", "sdxl", "flow matching"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {kind: build(root / kind) for kind, build in BUILDERS.items()}


@pytest.fixture(scope="module")
def renderers(folders: dict[str, Path]) -> dict[str, Renderer]:
    return {kind: load(folder) for kind, folder in folders.items()}


@pytest.fixture
def renderer(renderers: dict[str, Renderer]) -> Renderer:
    """Stable Diffusion."""
    return renderers["stable diffusion"]


@dataclass
class Watcher:
    """Remembers the steps; leaves at step `until`."""

    until: int = -1
    steps: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, step: int, of: int) -> None:
        self.steps.append((step, of))
        if step == self.until:
            raise StoppedError


def load(folder: Path, options: RenderOptions = OPTIONS) -> Renderer:
    return Renderer.load(find(str(folder), folder), options)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=float)


def paint(renderer: Renderer, stroke: Stroke) -> np.ndarray:
    return pixels(renderer.paint([stroke])[0].image)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two pictures, in steps of 256."""
    return float(np.abs(one - other).mean())


def scene(width: int = 64, height: int = 64) -> Image.Image:
    """A picture to begin from: a soft slope with a square."""
    slope = np.linspace(0, 200, width * height * 3).reshape(height, width, 3).astype(np.uint8)
    slope[10:30, 10:30] = 255
    return Image.fromarray(slope)


def shifted(angle: float, start: Image.Image | None) -> Stroke:
    return replace(FOX, turn=angle, start=start, strength=0.5)


@pytest.mark.parametrize("kind", PAINTING)
def test_every_kind_paints_the_size_that_is_asked(renderers: dict[str, Renderer], kind: str) -> None:
    painted = renderers[kind].paint([replace(FOX, width=48, height=64)])
    assert [one.image.size for one in painted] == [(48, 64)]
    assert painted[0].image.mode == "RGB"
    assert not painted[0].unsafe
    assert pixels(painted[0].image).std() > 0


def test_a_side_that_does_not_fit_becomes_the_nearest_that_does(renderers: dict[str, Renderer]) -> None:
    renderer = renderers["flow matching"]
    assert renderer.multiple == 4
    assert renderer.paint([replace(FOX, width=50, height=35)])[0].image.size == (48, 36)


SKILLED = Abilities(redraw=True, fill=True, watch=True, negative=True, video=False, english=True)


@pytest.mark.parametrize(
    ("kind", "abilities"),
    [
        ("stable diffusion", SKILLED),
        ("sdxl", SKILLED),
        ("flow matching", SKILLED),
        ("words only", replace(SKILLED, redraw=False, fill=False)),
        (
            "video",
            Abilities(redraw=False, fill=False, watch=True, negative=False, video=True, english=False, moves=True),
        ),
    ],
)
def test_a_checkpoint_is_asked_what_it_can(renderers: dict[str, Renderer], kind: str, abilities: Abilities) -> None:
    assert renderers[kind].abilities == abilities


@pytest.mark.parametrize(
    ("encoders", "english"),
    [
        (["CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel"], True),
        (["CLIPTextModel", "T5EncoderModel", "LlamaForCausalLM"], False),
        (["Qwen2_5_VLForConditionalGeneration"], False),
        (["BertModel", "T5EncoderModel"], False),
        ([], False),
    ],
)
def test_who_reads_other_languages_is_known_by_the_text_encoders(encoders: list[str], english: bool) -> None:
    parts = {f"text_encoder_{number}": type(name, (), {})() for number, name in enumerate(encoders)}
    assert reads_english_only(SimpleNamespace(components=parts)) == english


def test_what_a_recipe_leaves_open_comes_from_the_checkpoint(folders: dict[str, Path]) -> None:
    recipe = load(folders["stable diffusion"], RenderOptions(device="cpu")).recipe
    assert (recipe.steps, recipe.guidance, recipe.size, recipe.live_size) == (28, 7.5, 64, 64)


@pytest.mark.parametrize("kind", PAINTING)
def test_a_seed_means_one_picture(renderers: dict[str, Renderer], kind: str) -> None:
    first = paint(renderers[kind], FOX)
    assert np.array_equal(first, paint(renderers[kind], FOX))
    assert distance(first, paint(renderers[kind], replace(FOX, seed=8))) > 0.5


def test_words_change_the_picture(renderer: Renderer) -> None:
    assert distance(paint(renderer, FOX), paint(renderer, replace(FOX, prompt="a red boat"))) > 0


def test_what_to_keep_away_from_changes_the_picture(renderer: Renderer) -> None:
    assert distance(paint(renderer, FOX), paint(renderer, replace(FOX, negative="snow"))) > 0


@pytest.mark.parametrize("kind", PAINTING)
def test_a_picture_does_not_depend_on_who_shares_the_pass(folders: dict[str, Path], kind: str) -> None:
    renderer = load(folders[kind], replace(OPTIONS, batch=3))
    strokes = [FOX, replace(FOX, seed=8, prompt="a boat"), replace(FOX, seed=9, prompt="three birds on a wire")]
    watcher = Watcher()
    together = renderer.paint(strokes, watcher)
    assert watcher.steps[-1] == (9, 9)
    assert len(watcher.steps) == 4
    for one, stroke in zip(together, strokes, strict=True):
        assert np.abs(pixels(one.image) - paint(renderer, stroke)).max() <= 2


def test_redrawing_does_not_depend_on_who_shares_the_pass_either(folders: dict[str, Path]) -> None:
    renderer = load(folders["stable diffusion"], replace(OPTIONS, batch=2))
    strokes = [replace(FOX, start=scene()), replace(FOX, seed=8, start=scene().rotate(90), turn=1.0)]
    for one, stroke in zip(renderer.paint(strokes), strokes, strict=True):
        assert np.abs(pixels(one.image) - paint(renderer, stroke)).max() <= 2


def test_more_strokes_than_fit_are_painted_in_passes_of_one_count(renderer: Renderer) -> None:
    watcher = Watcher()
    assert len(renderer.paint([FOX, replace(FOX, seed=8)], watcher)) == 2
    assert watcher.steps == [(0, 6), (1, 6), (2, 6), (3, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_larger_pictures_share_a_pass_with_fewer(folders: dict[str, Path]) -> None:
    renderer = load(folders["stable diffusion"], replace(OPTIONS, batch=4))
    assert [renderer.together(replace(FOX, width=side, height=side)) for side in (64, 128, 256)] == [4, 1, 1]


@pytest.mark.parametrize("kind", PAINTING)
def test_a_full_circle_of_noise_comes_back(renderers: dict[str, Renderer], kind: str) -> None:
    circle_closes(renderers[kind], None)


@pytest.mark.parametrize("kind", REDRAWING)
def test_a_full_circle_of_noise_over_a_start_comes_back(renderers: dict[str, Renderer], kind: str) -> None:
    circle_closes(renderers[kind], scene())


def circle_closes(renderer: Renderer, start: Image.Image | None) -> None:
    """The last picture is the first, and neighbours are nearer than those across."""
    still, beside, opposite, around = (
        paint(renderer, shifted(angle, start)) for angle in (0.0, math.tau / 16, math.pi, math.tau)
    )
    assert np.abs(still - around).max() <= 1
    assert 0 < distance(still, beside) < distance(still, opposite)


@pytest.mark.parametrize("kind", REDRAWING)
def test_little_strength_stays_near_the_start(renderers: dict[str, Renderer], kind: str) -> None:
    start = scene(48, 64)
    weak, strong = (
        paint(renderers[kind], replace(FOX, width=48, start=start, strength=strength)) for strength in (0.2, 1.0)
    )
    rebuilt = paint(renderers[kind], replace(FOX, width=48, start=start, strength=0.0))
    assert weak.shape == (64, 48, 3)
    assert distance(weak, rebuilt) < distance(strong, rebuilt)


@pytest.mark.parametrize("name", ["sd-turbo", "someone-lcm", "sd-lightning-1step", "hyper-sd", "lcm itself"])
def test_few_step_checkpoints_redraw_at_every_strength(tmp_path: Path, name: str) -> None:
    build = checkpoints.latent_consistency if name == "lcm itself" else checkpoints.stable_diffusion
    renderer = load(build(tmp_path / name), RenderOptions(device="cpu"))
    assert not renderer.abilities.negative
    for strength in (0.0, 0.05, 0.3, 0.5, 0.99, 1.0):
        watcher = Watcher()
        renderer.paint([replace(FOX, start=scene(), strength=strength)], watcher)
        assert watcher.steps[-1] == (len(watcher.steps) - 1, len(watcher.steps) - 1)


def test_a_start_of_another_size_is_fitted(renderer: Renderer) -> None:
    assert paint(renderer, replace(FOX, start=scene(200, 90).convert("L"))).shape == (64, 64, 3)


@pytest.mark.parametrize("kind", [*PAINTING, "video"])
@pytest.mark.parametrize("until", [0, 1, 3])
def test_one_can_leave_before_the_start_between_steps_and_before_decoding(
    renderers: dict[str, Renderer], kind: str, until: int
) -> None:
    renderer, watcher, calm = renderers[kind], Watcher(until), Watcher()

    def work(watch: Watcher) -> None:
        if kind == "video":
            renderer.video(scene(), "a fox", 7, 2, 32, 32, watch)
        else:
            renderer.paint([FOX], watch)

    with pytest.raises(StoppedError):
        work(watcher)
    assert watcher.steps == [(step, 3) for step in range(until + 1)]
    work(calm)
    assert calm.steps == [(step, 3) for step in range(4)]


def test_a_stopped_picture_leaves_nothing_behind(renderers: dict[str, Renderer]) -> None:
    for renderer in (renderers[kind] for kind in PAINTING):
        before = paint(renderer, FOX)
        with pytest.raises(StoppedError):
            renderer.paint([replace(FOX, seed=99)], Watcher(until=2))
        assert np.array_equal(paint(renderer, FOX), before)


@pytest.mark.parametrize("kind", PAINTING)
def test_a_twin_paints_while_the_other_stands_between_two_steps(renderers: dict[str, Renderer], kind: str) -> None:
    renderer = renderers[kind]
    twin, other = renderer.twin(), replace(FOX, prompt="a boat", seed=8)
    meanwhile: list[np.ndarray] = []

    def let_the_twin_paint(step: int, of: int) -> None:
        meanwhile.append(paint(twin, other))

    picture = pixels(renderer.paint([FOX], let_the_twin_paint)[0].image)
    assert distance(picture, paint(renderer, FOX)) == 0
    assert {distance(seen, paint(renderer, other)) for seen in meanwhile} == {0}


def test_nothing_is_decoded_after_the_last_step_was_stopped(renderer: Renderer) -> None:
    decoded: list[int] = []
    hook = renderer.pipes.main.vae.decoder.register_forward_hook(lambda *_: decoded.append(1))
    try:
        with pytest.raises(StoppedError):
            renderer.paint([FOX], Watcher(until=3))
        assert decoded == []
        renderer.paint([FOX])
        assert decoded == [1]
    finally:
        hook.remove()


def test_a_video_has_its_frames_and_follows_its_seed(renderers: dict[str, Renderer]) -> None:
    renderer = renderers["video"]
    frames = renderer.video(scene(), "a fox", 7, 3, 48, 32)
    assert [(frame.size, frame.mode) for frame in frames] == [((48, 32), "RGB")] * 3
    again, other = (renderer.video(scene(), "a fox", seed, 3, 48, 32) for seed in (7, 8))
    assert np.array_equal(pixels(frames[1]), pixels(again[1]))
    assert distance(pixels(frames[1]), pixels(other[1])) > 0


def test_what_a_checkpoint_cannot_do_is_said(renderers: dict[str, Renderer]) -> None:
    with pytest.raises(UnableError, match="over a picture"):
        renderers["words only"].paint([replace(FOX, start=scene())])
    with pytest.raises(UnableError, match="from words alone"):
        renderers["video"].paint([FOX])
    with pytest.raises(UnableError, match="no videos"):
        renderers["sdxl"].video(scene(), "a fox", 7, 3, 32, 32)


def test_every_kind_can_be_warmed(renderers: dict[str, Renderer]) -> None:
    for renderer in renderers.values():
        renderer.warm()


def test_a_picture_that_the_checkpoints_own_checker_blackens_is_called_unsafe(tmp_path: Path) -> None:
    painted = load(checkpoints.stable_diffusion(tmp_path / "checked", checked=True)).paint([FOX])[0]
    assert painted.unsafe
    assert painted.image.getextrema() == ((0, 0), (0, 0), (0, 0))
