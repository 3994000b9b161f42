"""Load a checkpoint into diffusers pipelines, and ask them what they can. Imported by pipeline.py only."""

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
# Transformers advises programmers while it is imported, before quiet() can ask it not to.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import diffusers
import psutil
import torch
import transformers

with warnings.catch_warnings():
    # One of the many families behind it uses what torch has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, AutoPipelineForText2Image

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.recipes import Recipe, RenderOptions
from imagine.errors import CheckpointError

# The classes of diffusers share no type that tells their arguments.
Pipeline = Any
LIBRARIES = ("diffusers", "transformers")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
OUT_OF_MEMORY = torch.OutOfMemoryError
RELATIVES = {
    "SanaSprintPipeline": "SanaSprintImg2ImgPipeline",
    "LTXPipeline": "LTXImageToVideoPipeline",
}
MOST_STEPS = 28
SMALLEST, LARGEST = 16, 2048
LIVE_ON_CPU, LIVE_ON_GPU = 256, 512


class Pipelines(NamedTuple):
    """Ways to use one set of weights. None: this checkpoint has no such way."""

    draw: Pipeline | None
    redraw: Pipeline | None
    fill: Pipeline | None
    film: Pipeline | None
    device: torch.device

    @property
    def main(self) -> Pipeline:
        return self.draw or self.film

    def twins(self) -> "Pipelines":
        """The same weights, with schedulers of their own: those know how far their picture is."""
        ways = {name: pipe and with_own_scheduler(pipe) for name, pipe in self._asdict().items() if name != "device"}
        return Pipelines(**ways, device=self.device)


def load(checkpoint: Checkpoint, recipe: Recipe, options: RenderOptions) -> Pipelines:
    """Read the weights and make the pipelines that work with them. Raises CheckpointError."""
    quiet()
    pipeline_class = allowed(checkpoint)
    device = device_of(options)
    precision = precision_of(options, device)
    check_room(checkpoint, device, precision)
    # Some classes insist on hearing that an optional part is left out.
    absent: dict[str, Any] = {part: None for part, origin in checkpoint.parts.items() if origin is None}
    try:
        base = pipeline_class.from_pretrained(
            checkpoint.path,
            dtype=precision,
            use_safetensors=True,
            variant=checkpoint.variant,
            local_files_only=True,
            **absent,
        )
        base.to(device)
    except OUT_OF_MEMORY as error:
        raise CheckpointError(f"{checkpoint.name} does not fit into the memory of {device}.") from error
    except Exception as error:
        # Over a broken folder the libraries raise whatever happens to them.
        raise CheckpointError(f"{checkpoint.path} cannot be loaded: {error}") from error
    reschedule(base, recipe)
    return ways(base, device)


def with_own_scheduler(pipe: Pipeline) -> Pipeline:
    """The same pipeline, except for its scheduler."""
    twin = copy.copy(pipe)
    if "scheduler" in pipe.components:
        twin.scheduler = copy.deepcopy(pipe.scheduler)
    return twin


def quiet() -> None:
    """No progress bars and no advice for programmers on the operator's screen."""
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def allowed(checkpoint: Checkpoint) -> type[Pipeline]:
    """The class that diffusers itself has for it. Raises CheckpointError for others, and for parts from elsewhere."""
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
    """The device that is set, or the best there is. Raises CheckpointError when it is not there."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    name = options.device or ("cuda" if cuda else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise CheckpointError(f"There is no device {name}; use cpu, cuda or mps.") from error
    there = {"cpu": True, "cuda": cuda and (device.index or 0) < torch.cuda.device_count(), "mps": mps}
    if not there.get(device.type, False):
        raise CheckpointError(f"This machine has no device {name}; use cpu, or leave it empty.")
    return device


def precision_of(options: RenderOptions, device: torch.device) -> torch.dtype:
    """How numbers are held. Raises CheckpointError for one that does not work there."""
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


def check_room(checkpoint: Checkpoint, device: torch.device, precision: torch.dtype) -> None:
    """Raise CheckpointError when the weights alone are larger than the free memory."""
    needed = checkpoint.numbers * precision.itemsize
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


def ways(base: Pipeline, device: torch.device) -> Pipelines:
    """What can be made of one set of weights, asked of diffusers. Raises CheckpointError when that is nothing."""
    film = fitting(relative(base) or base, "num_frames")
    text = fitting(sibling(AutoPipelineForText2Image, base) or base, "prompt")
    draw = None if film else text
    redraw = None if film else fitting(sibling(AutoPipelineForImage2Image, base) or relative(base), "image")
    fill = None if film else fitting(sibling(AutoPipelineForInpainting, base), "mask_image")
    if not (film or draw):
        raise CheckpointError(f"A {type(base).__name__} makes no pictures from words and no films.")
    for pipe in (film, draw, redraw, fill):
        if pipe:
            pipe.set_progress_bar_config(disable=True)
            # SDXL marks its pictures by itself where a certain package is installed; marks.py does that for all.
            pipe.watermark = None
    return Pipelines(draw, redraw, fill, film, device)


def sibling(auto: Any, base: Pipeline) -> Pipeline | None:
    """The pipeline for another task on the same weights; None when diffusers knows none."""
    try:
        return auto.from_pipe(base)
    except ValueError:
        return None


def relative(base: Pipeline) -> Pipeline | None:
    """The pipeline that starts from a picture, for the families whose one works on the same weights but is unlisted."""
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
    """A setting of the network that removes the noise; None when it has none, or no usual name."""
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
