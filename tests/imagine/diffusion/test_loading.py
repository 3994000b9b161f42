"""What cannot be loaded, or not on this machine, is refused with a sentence that says what to change."""

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import BLACK, Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints

OPTIONS = RenderOptions(device="cpu", steps=3)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.stable_diffusion(tmp_path_factory.mktemp("checkpoints") / "sound")


def load(folder: Path, options: RenderOptions = OPTIONS) -> Renderer:
    return Renderer.load(find(str(folder), folder), options)


def test_the_schedulers_settings_can_be_changed_beside_the_checkpoint(tmp_path: Path) -> None:
    folder = checkpoints.stable_diffusion(tmp_path / "mine")
    said = {"scheduler": "EulerDiscreteScheduler", "scheduler_changes": {"timestep_spacing": "trailing"}}
    (folder / "chaski.json").write_text(json.dumps(said))
    scheduler = load(folder).pipes.main.scheduler
    assert (type(scheduler).__name__, scheduler.config.timestep_spacing) == ("EulerDiscreteScheduler", "trailing")
    (folder / "chaski.json").write_text('{"scheduler": "os"}')
    with pytest.raises(CheckpointError, match="no scheduler os"):
        load(folder)


@pytest.mark.parametrize("variant", ["fp16", "bf16", "non_ema"])
def test_a_checkpoint_that_is_only_there_as_a_variant_draws(tmp_path: Path, variant: str) -> None:
    folder = checkpoints.stable_diffusion(tmp_path / "mine")
    # A part without one is loaded as it is.
    for file in folder.glob("[!v]*/*.safetensors"):
        file.rename(file.with_name(file.name.replace(".safetensors", f".{variant}.safetensors")))
    load(folder).warm()


def test_numbers_that_overflow_are_told_and_never_shown(sound: Path) -> None:
    renderer = load(sound)
    [painted] = renderer.paint([Stroke("a circle", 1, 64, 64)])
    assert painted.image.getextrema() != BLACK
    black = [torch.full_like(weights, math.nan) for weights in renderer.pipes.main.vae.parameters()]
    for weights, nothing in zip(renderer.pipes.main.vae.parameters(), black, strict=True):
        weights.data = nothing
    with warnings.catch_warnings():
        # NumPy's own, of what is no number.
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(CheckpointError, match="nothing but black in float32"):
            renderer.warm()
        with pytest.raises(CheckpointError, match="overflow"):
            renderer.paint([Stroke("a circle", 1, 64, 64)])


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ({"_class_name": "NoSuchPipeline"}, "NoSuchPipeline, which this diffusers does not have"),
        ({"_class_name": "DiffusionPipeline"}, "which this diffusers does not have"),
        ({"_class_name": "UNet2DConditionModel"}, "which this diffusers does not have"),
        ({"_class_name": "DDPMPipeline"}, "makes no pictures from words"),
        ({"unet": ["subprocess", "Popen"]}, "from subprocess, which is not allowed"),
        ({"unet": ["..", "x"]}, "not allowed"),
        ({"unet": ["transformers", "CLIPTextModel"]}, "cannot be loaded"),
    ],
)
def test_a_class_from_elsewhere_is_refused(tmp_path: Path, index: dict[str, object], sentence: str) -> None:
    folder = checkpoints.stable_diffusion(tmp_path / "odd")
    whole = json.loads((folder / "model_index.json").read_text()) | index
    (folder / "model_index.json").write_text(json.dumps(whole))
    with pytest.raises(CheckpointError, match=sentence):
        load(folder)


def test_a_checkpoint_that_loads_but_does_not_paint_is_said(tmp_path: Path) -> None:
    folder = checkpoints.stable_diffusion(tmp_path / "odd")
    (folder / "tokenizer" / "tokenizer_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="does not paint"):
        load(folder).warm()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (RenderOptions(device="cuda:99"), "no device cuda:99"),
        (RenderOptions(device="toaster"), "no device toaster"),
        (RenderOptions(device="cpu", precision="float16"), "float16 does not work on cpu"),
        (RenderOptions(device="cpu", precision="int3"), "int3"),
    ],
)
def test_a_device_that_is_not_there_is_said(sound: Path, options: RenderOptions, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        load(sound, options)


def test_brain_floats_can_be_asked_for(sound: Path) -> None:
    painter = load(sound, replace(OPTIONS, precision="bfloat16"))
    assert painter.pipes.main.unet.dtype.itemsize == 2
    painted = painter.paint([Stroke("a fox", 7, 64, 64)])[0].image
    assert painted.getextrema() != ((0, 0), (0, 0), (0, 0))


def test_a_checkpoint_that_does_not_fit_beside_what_runs_is_refused(sound: Path) -> None:
    found = replace(find(str(sound), sound), parameters=10**15)
    with pytest.raises(CheckpointError, match=r"needs 4000000\.0 GB of memory on cpu"):
        Renderer.load(found, OPTIONS)
