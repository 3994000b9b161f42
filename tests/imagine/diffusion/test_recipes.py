"""Each checkpoint is used as it wants: known ones by name and class, others by a file beside them, all by settings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.recipes import RECIPES, Recipe, RenderOptions, recipe_for
from imagine.errors import CheckpointError

SD, SDXL = "StableDiffusionPipeline", "StableDiffusionXLPipeline"
SD3, FLUX, QWEN, WAN = "StableDiffusion3Pipeline", "FluxPipeline", "QwenImagePipeline", "WanPipeline"


def checkpoint(name: str, class_name: str, folder: Path = Path("/nowhere")) -> Checkpoint:
    return Checkpoint(name, folder, class_name, {}, 0, 0)


def recipe(name: str, class_name: str) -> Recipe:
    return recipe_for(checkpoint(name, class_name), RenderOptions())


@pytest.mark.parametrize(
    ("name", "class_name", "steps", "guidance"),
    [
        ("stabilityai/sd-turbo", SD, 2, 0.0),
        ("stabilityai/sdxl-turbo", SDXL, 2, 0.0),
        ("someone/SDXL-Lightning-8step", SDXL, 8, 0.0),
        ("someone/sdxl_lightning", SDXL, 4, 0.0),
        ("someone/Hyper-SDXL-1-step", SDXL, 1, 0.0),
        ("SimianLuo/LCM_Dreamshaper_v7", "LatentConsistencyModelPipeline", 4, 8.0),
        ("someone/dreamshaper-lcm", SD, 4, 1.0),
        ("black-forest-labs/FLUX.1-schnell", "FluxPipeline", 4, 0.0),
        ("black-forest-labs/FLUX.2-klein-4B", "Flux2KleinPipeline", 4, 1.0),
        ("Efficient-Large-Model/Sana_Sprint_0.6B", "SanaSprintPipeline", 2, 4.5),
        ("Tongyi-MAI/Z-Image-Turbo", "ZImagePipeline", 8, 0.0),
        ("someone/LTX-Video-0.9.7-distilled", "LTXConditionPipeline", 8, 1.0),
        ("stabilityai/stable-diffusion-3.5-large-turbo", SD3, 4, 0.0),
        ("Lykon/dreamshaper-xl-v2-turbo", SDXL, 6, 2.0),
        ("PixArt-alpha/PixArt-LCM-XL-2-1024-MS", "PixArtAlphaPipeline", 4, 0.0),
        ("someone/my_sdxl_dmd2", SDXL, 4, 0.0),
        ("someone/Hyper-FLUX.1-dev-8steps", FLUX, 8, 3.5),
        ("someone/FLUX.1-Turbo-Alpha", FLUX, 8, 3.5),
        ("someone/Qwen-Image-Lightning-4steps", QWEN, 4, 1.0),
        ("someone/animatediff-lightning-4step", "AnimateDiffPipeline", 4, 1.0),
        ("lightx2v/Wan2.1-T2V-14B-StepDistill-CfgDistill", WAN, 4, 1.0),
    ],
)
def test_few_step_checkpoints_are_known(name: str, class_name: str, steps: int, guidance: float) -> None:
    found = recipe(name, class_name)
    assert (found.steps, found.guidance) == (steps, guidance)


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", SD),
        ("black-forest-labs/FLUX.1-dev", "FluxPipeline"),
        ("black-forest-labs/FLUX.2-klein-base-4B", "Flux2KleinPipeline"),
        ("someone/turbo", "PixArtSigmaPipeline"),
        ("Tongyi-MAI/Z-Image", "ZImagePipeline"),
        # Words that only look like those of a family, and what is said of an owner or a folder.
        ("someone/hyper-realistic-anime", SDXL),
        ("someone/hyper-realistic-flux", FLUX),
        ("lightning-ai/sdxl-paintings", SDXL),
        ("someone/thunderlightning", SDXL),
        ("someone/turbocharged-cars", SDXL),
        ("stabilityai/stable-diffusion-3.5-large", SD3),
        ("Qwen/Qwen-Image", QWEN),
    ],
)
def test_others_keep_the_settings_of_their_pipeline(name: str, class_name: str) -> None:
    assert recipe(name, class_name) == Recipe()


def test_a_copy_is_known_by_what_it_was_made_from() -> None:
    for origin in ("stabilityai/sdxl-turbo", "/home/me/models/sdxl-turbo/"):
        found = replace(checkpoint("my-cats", SDXL), origin=origin)
        assert recipe_for(found, RenderOptions()).steps == 2
    # Its own name says more.
    found = replace(checkpoint("my-cats-lightning-8step", SDXL), origin="stabilityai/sdxl-turbo")
    assert recipe_for(found, RenderOptions()).steps == 8


def test_every_family_has_a_line_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs/checkpoints.md").read_text()
    assert all(f"](https://huggingface.co/{rule.source})" in page for rule in RECIPES)


def test_a_distilled_scheduler_gets_its_spacing() -> None:
    lightning = recipe("someone/sdxl-lightning-4step", SDXL)
    assert lightning.scheduler == "EulerDiscreteScheduler"
    assert lightning.scheduler_changes == {"timestep_spacing": "trailing"}


def test_a_file_beside_the_checkpoint_comes_before_what_is_known(tmp_path: Path) -> None:
    said = {"steps": 3, "guidance": 1.5, "live_size": 128, "scheduler_changes": {"timestep_spacing": "leading"}}
    (tmp_path / "chaski.json").write_text(json.dumps(said))
    found = recipe_for(checkpoint("sd-turbo", SD, tmp_path), RenderOptions())
    assert (found.steps, found.guidance, found.size, found.live_size) == (3, 1.5, 512, 128)
    assert found.scheduler_changes == {"timestep_spacing": "leading"}


def test_settings_come_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "chaski.json").write_text('{"steps": 3, "guidance": 5, "size": 640}')
    found = recipe_for(checkpoint("mine", SD, tmp_path), RenderOptions(steps=7, guidance=0.0, live_size=96))
    assert (found.steps, found.guidance, found.size, found.live_size) == (7, 0.0, 640, 96)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("steps", 2.5),
        ("steps", True),
        ("steps", "4"),
        ("guidance", -1),
        ("guidance", "high"),
        ("guidance", None),
        ("size", 100_000),
        ("live_size", [256]),
        ("negative", "x" * 501),
        ("negative", 5),
        ("scheduler", ["EulerDiscreteScheduler"]),
        ("scheduler_changes", "trailing"),
        ("scheduler_changes", {"deep": {"er": 1}}),
        ("custom_pipeline", "someone/code"),
    ],
)
def test_a_wrong_field_in_the_file_is_named(tmp_path: Path, field: str, value: object) -> None:
    (tmp_path / "chaski.json").write_text(json.dumps({field: value}))
    with pytest.raises(CheckpointError, match=field):
        recipe_for(checkpoint("mine", SD, tmp_path), RenderOptions())


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 28])
@pytest.mark.parametrize("least", [1, 2])
def test_a_redrawn_picture_has_enough_real_steps_at_every_strength(steps: int, least: int) -> None:
    for percent in range(2, 101):
        strength = percent / 100
        asked = Recipe(steps, redraw_steps=least).redraw(strength)
        assert int(asked * strength) >= least
        assert asked >= steps
