"""Load a checkpoint into diffusers pipelines, and read from them what they can do. Imported by pipeline.py only."""

import copy
import inspect
import math
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

# Diffusers reads it when it is imported: a checkpoint brings no program of its own.
os.environ["DIFFUSERS_DISABLE_REMOTE_CODE"] = "true"
# Transformers logs advice while it is imported, before quiet() can set its level.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import diffusers
import psutil
import torch
import transformers

with warnings.catch_warnings():
    # One of the pipelines that it imports uses what torch has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, AutoPipelineForText2Image

from imagine.diffusion.adapters import fuse
from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.reading import Pipeline, read_weights
from imagine.diffusion.recipes import Recipe, RenderOptions
from imagine.diffusion.signatures import RELATIVES
from imagine.errors import CheckpointError

LIBRARIES = ("diffusers", "transformers")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
OUT_OF_MEMORY = torch.OutOfMemoryError
# Our own bound, where no recipe is known: many pipelines default to 50.
MOST_STEPS = 28
SMALLEST, LARGEST = 16, 2048
LIVE_ON_CPU, LIVE_ON_GPU = 256, 512


class Pipelines(NamedTuple):
    """The pipelines on one set of weights, by task. None: this checkpoint has no such pipeline."""

    draw: Pipeline | None
    redraw: Pipeline | None
    fill: Pipeline | None
    video: Pipeline | None
    device: torch.device

    @property
    def main(self) -> Pipeline:
        return self.draw or self.video

    def twins(self) -> "Pipelines":
        """The same weights, with schedulers of their own: a scheduler holds the state of the picture being drawn."""
        pipes = {name: pipe and with_own_scheduler(pipe) for name, pipe in self._asdict().items() if name != "device"}
        return Pipelines(**pipes, device=self.device)


def load(checkpoint: Checkpoint, recipe: Recipe, options: RenderOptions) -> Pipelines:
    """Read the weights and make the pipelines that work with them. Raises CheckpointError."""
    quiet()
    pipeline_class = allowed(checkpoint)
    device = device_of(options)
    precision = precision_of(options, device)
    check_memory(checkpoint, device, precision)
    try:
        base = read_weights(pipeline_class, checkpoint, precision)
        base.to(device)
        fuse(base, checkpoint)
    except CheckpointError:
        raise
    except OUT_OF_MEMORY as error:
        raise CheckpointError(f"{checkpoint.name} does not fit into the memory of {device}.") from error
    except Exception as error:
        # The libraries raise exceptions of any kind for a broken folder.
        raise CheckpointError(f"{checkpoint.weights} cannot be loaded: {error}") from error
    reschedule(base, recipe)
    return pipelines_of(base, device)


def with_own_scheduler(pipe: Pipeline) -> Pipeline:
    """The same pipeline, except for its scheduler."""
    twin = copy.copy(pipe)
    if "scheduler" in pipe.components:
        twin.scheduler = copy.deepcopy(pipe.scheduler)
    return twin


def quiet() -> None:
    """Turn off the progress bars and the warnings of the libraries, which the operator can do nothing about."""
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def allowed(checkpoint: Checkpoint) -> type[Pipeline]:
    """The pipeline class of diffusers itself. Raises CheckpointError for others, and for parts from other libraries."""
    try:
        found = getattr(diffusers, checkpoint.class_name, None)
    except RuntimeError as error:
        raise CheckpointError(f"{checkpoint.name} needs what is not installed: {error}") from error
    base = diffusers.DiffusionPipeline
    if not (isinstance(found, type) and issubclass(found, base) and found is not base):
        raise CheckpointError(f"{checkpoint.name} is a {checkpoint.class_name}, which this diffusers does not have.")
    for part, origin in checkpoint.parts.items():
        if origin and origin[0] not in LIBRARIES and not is_family(origin[0]):
            raise CheckpointError(f"The part {part} of {checkpoint.name} is from {origin[0]}, which is not allowed.")
    return found


def is_family(library: str) -> bool:
    """Whether it is one of the folders with pipelines that diffusers brings, as some parts are at home there."""
    return library.isidentifier() and (Path(diffusers.__path__[0]) / "pipelines" / library / "__init__.py").exists()


def device_of(options: RenderOptions) -> torch.device:
    """The device that is set, or the best available. Raises CheckpointError when it is not available."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    name = options.device or ("cuda" if cuda else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise CheckpointError(f"There is no device {name}; use cpu, cuda or mps.") from error
    available = {"cpu": True, "cuda": cuda and (device.index or 0) < torch.cuda.device_count(), "mps": mps}
    if not available.get(device.type, False):
        raise CheckpointError(f"This machine has no device {name}; use cpu, or leave it empty.")
    return device


def precision_of(options: RenderOptions, device: torch.device) -> torch.dtype:
    """The dtype that is set, or the best for the device. Raises CheckpointError for one that does not work there."""
    if options.precision:
        wanted = PRECISIONS.get(options.precision)
        if wanted is None or (wanted is torch.float16 and device.type == "cpu"):
            raise CheckpointError(
                f"The precision {options.precision} does not work on {device}; use float32 or bfloat16."
            )
        return wanted
    if device.type == "cpu":
        return torch.float32
    good = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if good else torch.float16


def check_memory(checkpoint: Checkpoint, device: torch.device, precision: torch.dtype) -> None:
    """Raises CheckpointError when the weights alone are larger than the free memory."""
    needed = checkpoint.parameters * precision.itemsize + checkpoint.packed
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    if needed > free:
        hint = ", set the precision bfloat16," if device.type == "cpu" and precision is torch.float32 else ""
        raise CheckpointError(
            f"{checkpoint.name} needs {needed / 1e9:.1f} GB of memory on {device}; {free / 1e9:.1f} GB are free. "
            f"Free some{hint} or choose a smaller one."
        )


def reschedule(base: Pipeline, recipe: Recipe) -> None:
    """Change the scheduler as the recipe says. Raises CheckpointError when diffusers has no such scheduler."""
    if not (recipe.scheduler or recipe.scheduler_changes) or not hasattr(base, "scheduler"):
        return
    wanted = getattr(diffusers, recipe.scheduler, None) if recipe.scheduler else type(base.scheduler)
    if not (isinstance(wanted, type) and issubclass(wanted, diffusers.SchedulerMixin)):
        raise CheckpointError(f"Diffusers has no scheduler {recipe.scheduler}.")
    chosen: Any = wanted
    base.scheduler = chosen.from_config(base.scheduler.config, **recipe.scheduler_changes)


def pipelines_of(base: Pipeline, device: torch.device) -> Pipelines:
    """The pipelines that diffusers has for these weights. Raises CheckpointError when there is none."""
    video = fitting(relative(base) or base, "num_frames")
    text = fitting(sibling(AutoPipelineForText2Image, base) or base, "prompt")
    draw = None if video else text
    redraw = None if video else fitting(sibling(AutoPipelineForImage2Image, base) or relative(base), "image")
    fill = None if video else fitting(sibling(AutoPipelineForInpainting, base), "mask_image")
    if not (video or draw):
        raise CheckpointError(f"A {type(base).__name__} makes no pictures from words and no videos.")
    for pipe in (video, draw, redraw, fill):
        if pipe:
            pipe.set_progress_bar_config(disable=True)
            # SDXL marks its pictures by itself where a certain package is installed; marks.py does that for all.
            pipe.watermark = None
    return Pipelines(draw, redraw, fill, video, device)


def sibling(auto: Any, base: Pipeline) -> Pipeline | None:
    """The pipeline for another task on the same weights; None when diffusers has none."""
    try:
        return auto.from_pipe(base)
    except ValueError:
        return None


def relative(base: Pipeline) -> Pipeline | None:
    """The pipeline of RELATIVES on the same weights; None for other classes."""
    found = RELATIVES.get(type(base).__name__)
    return getattr(diffusers, found)(**base.components) if found else None


def fitting(pipe: Pipeline | None, argument: str) -> Pipeline | None:
    """`pipe` when it takes this argument."""
    return pipe if pipe and argument in accepted(pipe) else None


def accepted(pipe: Pipeline) -> dict[str, Any]:
    """The arguments of a call, with their defaults."""
    return {name: parameter.default for name, parameter in inspect.signature(pipe.__call__).parameters.items()}


def completed(recipe: Recipe, pipes: Pipelines) -> Recipe:
    """`recipe` with all that it leaves open taken from the checkpoint's own settings."""
    defaults = accepted(pipes.main)
    steps, guidance = defaults.get("num_inference_steps"), defaults.get("guidance_scale")
    size = recipe.size or native_size(pipes.main)
    live = LIVE_ON_CPU if pipes.device.type == "cpu" else LIVE_ON_GPU
    return replace(
        recipe,
        steps=recipe.steps or min(steps if isinstance(steps, int) else MOST_STEPS, MOST_STEPS),
        guidance=guidance if recipe.guidance is None else recipe.guidance,
        size=size,
        live_size=recipe.live_size or min(size, live),
    )


def configured(pipe: Pipeline, setting: str) -> Any:
    """A setting of the denoising network, by diffusers' names for it; None when it has no such setting."""
    core = pipe.components.get("unet") or pipe.components.get("transformer")
    return getattr(getattr(core, "config", None), setting, None)


def scale(pipe: Pipeline) -> int:
    """How many pixels one step of the latents is wide."""
    names = ("vae_scale_factor", "vae_scale_factor_spatial", "vae_spatial_compression_ratio")
    return next((int(value) for name in names if (value := getattr(pipe, name, None))), 8)


def native_size(pipe: Pipeline) -> int:
    """The side in pixels that the checkpoint was made for."""
    side = getattr(pipe, "default_sample_size", None) or configured(pipe, "sample_size")
    side = max(side) if isinstance(side, list | tuple) else side
    return min(max(side * scale(pipe), SMALLEST), LARGEST) if side else LIVE_ON_GPU


def multiple(pipe: Pipeline) -> int:
    """Sides must be a multiple of it, in pixels: of a patch, for the families that paint in patches."""
    if "transformer" not in pipe.components:
        # What these pipelines ask for, whatever their autoencoder does.
        return math.lcm(8, scale(pipe))
    patch = configured(pipe, "patch_size") or 1
    return scale(pipe) * max(2, max(patch) if isinstance(patch, list | tuple) else patch)
