"""What a checkpoint is for is known before it is loaded: pictures, or videos that begin at one."""

import inspect
from pathlib import Path

import diffusers
import pytest

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.signatures import arguments, check_use
from imagine.errors import CheckpointError


def of(class_name: str) -> Checkpoint:
    return Checkpoint("someone/it", Path("it"), class_name, {}, 1, 1)


@pytest.mark.parametrize(
    "name",
    ["StableDiffusionPipeline", "LatentConsistencyModelImg2ImgPipeline", "WanPipeline", "LTXImageToVideoPipeline"],
)
def test_the_source_says_what_the_pipeline_takes(name: str) -> None:
    assert arguments(name) == set(inspect.signature(getattr(diffusers, name).__call__).parameters) - {"kwargs"}


@pytest.mark.parametrize(
    "name",
    [
        "StableDiffusionPipeline",
        "LatentConsistencyModelPipeline",
        "FluxPipeline",
        "ZImagePipeline",
        "Flux2KleinPipeline",
    ],
)
def test_one_for_pictures_is_no_video_checkpoint(name: str) -> None:
    check_use(of(name), "pictures")
    with pytest.raises(CheckpointError, match="belongs into IMAGINE_MODEL"):
        check_use(of(name), "loops")


@pytest.mark.parametrize("name", ["StableVideoDiffusionPipeline", "LTXPipeline", "WanImageToVideoPipeline"])
def test_a_video_checkpoint_is_none_for_pictures(name: str) -> None:
    check_use(of(name), "loops")
    with pytest.raises(CheckpointError, match="belongs into IMAGINE_VIDEO_MODEL"):
        check_use(of(name), "pictures")


@pytest.mark.parametrize("name", ["WanPipeline", "AnimateDiffPipeline", "CogVideoXPipeline"])
def test_one_that_would_not_look_at_the_picture_moves_none(name: str) -> None:
    with pytest.raises(CheckpointError, match="would not look at the picture"):
        check_use(of(name), "loops")


def test_of_an_unknown_class_nothing_is_said() -> None:
    check_use(of("NoSuchPipeline"), "pictures")
    check_use(of("NoSuchPipeline"), "loops")
