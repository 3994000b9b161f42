"""Weighed and long prompts are heeded by Stable Diffusion and SDXL, built here with random weights."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.diffusion.weighing import EmbeddingsProvider
from imagine.spoken import spoken
from imagine.weights import pieces
from tests.imagine.diffusion import checkpoints
from tests.imagine.diffusion.test_pipeline import scene

# Diffusers asks numpy in an old way; it works.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

OPTIONS = RenderOptions(device="cpu", steps=3, batch=8)
FOX = Stroke("", seed=7, width=64, height=64)
BUILDERS: dict[str, Callable[[Path], Path]] = {
    "stable diffusion": checkpoints.stable_diffusion,
    "sdxl": checkpoints.stable_diffusion_xl,
}
LONG = ", ".join(["a red fox in the snow"] * 5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {kind: build(root / kind) for kind, build in BUILDERS.items()}


@pytest.fixture(scope="module", params=BUILDERS)
def renderer(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Renderer:
    return load(folders[request.param])


def load(folder: Path) -> Renderer:
    return Renderer.load(find(str(folder), folder), OPTIONS)


def stroke(prompt: str, negative: str = "") -> Stroke:
    return replace(FOX, prompt=spoken(prompt), negative=spoken(negative))


def pictures(renderer: Renderer, *strokes: Stroke) -> list[np.ndarray]:
    return [np.asarray(one.image, dtype=float) for one in renderer.paint(strokes)]


def paint(renderer: Renderer, prompt: str, negative: str = "") -> np.ndarray:
    return pictures(renderer, stroke(prompt, negative))[0]


def test_a_weight_of_one_is_no_mark(renderer: Renderer) -> None:
    plain = paint(renderer, "a red fox")
    assert np.array_equal(plain, paint(renderer, "a (red:1) fox"))
    assert renderer.windows(stroke("a (red:1) fox")) == 0
    reads_as_the_pipeline_does(renderer, "a red fox", "snow")


def reads_as_the_pipeline_does(renderer: Renderer, prompt: str, negative: str) -> None:
    """Without weights the same is read in both ways."""
    assert renderer.weigher
    read = renderer.weigher.arguments([prompt], [negative], 1)
    pooled = "pooled_prompt_embeds" in read
    second = {"prompt_2": None, "negative_prompt_2": None} if pooled else {}
    own = renderer.pipes.main.encode_prompt(
        prompt,
        device="cpu",
        num_images_per_prompt=1,
        do_classifier_free_guidance=True,
        negative_prompt=negative,
        **second,
    )
    names = ["prompt_embeds", "negative_prompt_embeds"]
    names += ["pooled_prompt_embeds", "negative_pooled_prompt_embeds"] if pooled else []
    for name, expected in zip(names, own, strict=True):
        assert np.allclose(read[name].detach(), expected.detach(), atol=1e-5)


def test_more_weight_changes_more(renderer: Renderer) -> None:
    plain = paint(renderer, "a red fox in the snow")
    far = [
        np.abs(paint(renderer, f"a (red fox:{weight}) in the snow") - plain).mean() for weight in (0.2, 0.6, 1.4, 2.0)
    ]
    assert far[0] > far[1] > 0
    assert far[3] > far[2] > 0


def test_the_last_words_of_a_long_prompt_are_read(renderer: Renderer) -> None:
    assert renderer.reads(LONG)
    assert not renderer.reads(", ".join([LONG] * 3))
    assert np.abs(paint(renderer, f"{LONG}, owl") - paint(renderer, f"{LONG}, blue zebra")).max() > 0


def test_what_is_weighed_and_long_does_not_depend_on_who_shares_the_pass(renderer: Renderer) -> None:
    strokes = [
        stroke(f"{LONG}, owl"),
        stroke("a fox"),
        stroke("a (red:1.5) fox"),
        stroke("(blue:0.4) zebra", "snow"),
        stroke("a boat", "(snow:1.6)"),
        stroke("an owl", LONG),
    ]
    steps: list[tuple[int, int]] = []
    painted = renderer.paint(strokes, lambda *step: steps.append(step))
    together = [np.asarray(one.image, dtype=float) for one in painted]
    assert steps[-1] == (18, 18)
    for one, alone in zip(together, strokes, strict=True):
        assert np.abs(one - pictures(renderer, alone)[0]).max() <= 2


def test_what_is_left_out_is_weighed_too(renderer: Renderer) -> None:
    plain = paint(renderer, "a fox", "snow, rain")
    assert np.abs(paint(renderer, "a fox", "(snow:1.8), rain") - plain).max() > 0
    assert np.abs(paint(renderer, "a fox", f"{LONG}, owl") - paint(renderer, "a fox", f"{LONG}, bee")).max() > 0


def test_a_picture_is_drawn_over_with_weights(renderer: Renderer) -> None:
    start = {"start": scene(), "strength": 0.8}
    plain, heavy = (pictures(renderer, replace(stroke(text), **start))[0] for text in ("a fox", "a (fox:1.9)"))
    assert np.abs(plain - heavy).max() > 0


@pytest.mark.parametrize(
    "words", ["c++ and a fox--", "a.b (c)", '("a", "b").and()', "(a, b).blend(1, 0.5)", "red (fox)1.3"]
)
def test_the_language_of_compel_is_words_like_others(renderer: Renderer, words: str) -> None:
    assert spoken(words) == words
    assert renderer.windows(stroke(words)) == 0
    reads_as_the_pipeline_does(renderer, words, words)
    assert pieces(spoken(f"{words} (owl:1.5)")) == [(words, 1), ("owl", 1.5)]


@pytest.mark.parametrize("kind", BUILDERS)
def test_where_compel_fails_marks_are_taken_away(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("another text encoder")

    monkeypatch.setattr(EmbeddingsProvider, "build_weighted_embedding_tensor", fail)
    with caplog.at_level(logging.WARNING):
        renderer = load(folders[kind])
        renderer.twin()
    assert len([record for record in caplog.records if "heeds no weights" in record.getMessage()]) == 1
    assert not renderer.reads(LONG)
    assert np.array_equal(paint(renderer, "a (red:1.8) fox"), paint(renderer, "a red fox"))


@pytest.mark.parametrize("build", [checkpoints.flow_matching, checkpoints.flux, checkpoints.words_only])
def test_other_families_read_as_before(tmp_path: Path, build: Callable[[Path], Path]) -> None:
    assert load(build(tmp_path / "other")).weigher is None
