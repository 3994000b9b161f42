"""The settings of a checkpoint: steps, guidance, size, scheduler. Known by its name and class, or set in its file."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import NamedTuple

from imagine.diffusion.checkpoint import Checkpoint, read_json
from imagine.errors import CheckpointError

FILE = "chaski.json"
Value = str | int | float | bool
NONE: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True)
class Recipe:
    """Settings of one checkpoint. A 0 or None leaves it to the checkpoint; a renderer's recipe has it filled in.

    `size` and `live_size` are sides in pixels, of a finished picture and of a preview.
    """

    steps: int = 0
    guidance: float | None = None
    size: int = 0
    live_size: int = 0
    # The fewest steps that really run when a picture is redrawn, whatever the strength.
    redraw_steps: int = 1
    # The negative prompt, for pipelines that read one.
    negative: str = ""
    # A scheduler's class, and what is changed in its settings.
    scheduler: str = ""
    scheduler_changes: Mapping[str, Value] = field(default_factory=lambda: NONE)
    max_sequence_length: int = 0

    def redraw(self, strength: float) -> int:
        """How many steps to request, so that at least `redraw_steps` run: diffusers runs int(steps * strength)."""
        steps = max(self.steps, math.ceil(self.redraw_steps / strength))
        while int(steps * strength) < self.redraw_steps:
            steps += 1
        return steps


@dataclass(frozen=True)
class RenderOptions:
    """The operator's settings; 0, None and "" leave it to the recipe.

    `device` is "cpu", "cuda", "cuda:1", "mps"; `precision` is "float32", "bfloat16" or "float16".
    """

    device: str = ""
    precision: str = ""
    steps: int = 0
    guidance: float | None = None
    size: int = 0
    live_size: int = 0
    batch: int = 0


class Known(NamedTuple):
    """A recipe, the patterns that a checkpoint's name and class must match, and whose model card it follows."""

    name: str
    class_name: str
    recipe: Recipe
    source: str


TRAILING = MappingProxyType({"timestep_spacing": "trailing"})
# The first that fits counts. Each follows the model card of its source on huggingface.co.
RECIPES = (
    Known("turbo", "^StableDiffusion(XL)?", Recipe(2, 0.0, 512, scheduler_changes=TRAILING), "stabilityai/sdxl-turbo"),
    Known(
        "lightning",
        "^StableDiffusion",
        Recipe(4, 0.0, scheduler="EulerDiscreteScheduler", scheduler_changes=TRAILING),
        "ByteDance/SDXL-Lightning",
    ),
    Known(
        "hyper",
        "^StableDiffusion(XL)?",
        Recipe(4, 0.0, scheduler="DDIMScheduler", scheduler_changes=TRAILING),
        "ByteDance/Hyper-SD",
    ),
    Known("", "^LatentConsistencyModel", Recipe(4, 8.0, redraw_steps=2), "SimianLuo/LCM_Dreamshaper_v7"),
    Known(
        "lcm",
        "^StableDiffusion(XL)?",
        Recipe(4, 1.0, scheduler="LCMScheduler", redraw_steps=2),
        "latent-consistency/lcm-lora-sdxl",
    ),
    Known("schnell", "^Flux", Recipe(4, 0.0, 1024, max_sequence_length=256), "black-forest-labs/FLUX.1-schnell"),
    Known("klein(?!.*base)", "^Flux2Klein", Recipe(4, 1.0, 1024), "black-forest-labs/FLUX.2-klein-4B"),
    Known("", "^SanaSprint", Recipe(2, 4.5, 1024), "Efficient-Large-Model/Sana_Sprint_1.6B_1024px_diffusers"),
    Known("turbo", "^ZImage", Recipe(8, 0.0, 1024), "Tongyi-MAI/Z-Image-Turbo"),
    Known("turbo|tdm", "^Krea2", Recipe(8, 0.0, 1024), "krea/Krea-2-Turbo"),
    Known("distilled", "^LTX", Recipe(8, 1.0), "Lightricks/LTX-Video-0.9.7-distilled"),
)
STEPS_IN_NAME = re.compile(r"(?<!\d)([1248]|16)[-_ ]?steps?", re.ASCII)

# Our own bounds: far beyond what any checkpoint needs, and small enough to hurt nothing.
LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "steps": (1, 200),
        "guidance": (0, 50),
        "size": (16, 4096),
        "live_size": (16, 2048),
        "redraw_steps": (1, 50),
        "max_sequence_length": (16, 1024),
    }
)
LONGEST_TEXT = 500
MOST_CHANGES = 30


def recipe_for(checkpoint: Checkpoint, options: RenderOptions) -> Recipe:
    """The settings of `checkpoint`: the known ones, changed by the file beside it, changed by the operator's.

    Raises CheckpointError for a file with unknown fields, or values out of LIMITS.
    """
    recipe = written(checkpoint, known(checkpoint))
    return replace(
        recipe,
        steps=options.steps or recipe.steps,
        guidance=recipe.guidance if options.guidance is None else options.guidance,
        size=options.size or recipe.size,
        live_size=options.live_size or recipe.live_size,
    )


def known(checkpoint: Checkpoint) -> Recipe:
    """The recipe that fits the name and the class, with the number of steps that stands in the name."""
    name = checkpoint.name.lower()
    for wanted in RECIPES:
        if re.search(wanted.name, name) and re.search(wanted.class_name, checkpoint.class_name):
            steps = STEPS_IN_NAME.search(name)
            return replace(wanted.recipe, steps=int(steps[1])) if steps else wanted.recipe
    return Recipe()


def written(checkpoint: Checkpoint, recipe: Recipe) -> Recipe:
    """`recipe` with what chaski.json in the checkpoint's folder says. Raises CheckpointError that names the field."""
    path = checkpoint.path / FILE
    if not path.exists():
        return recipe
    names = {known.name for known in fields(Recipe)}
    values = read_json(path)
    for name, value in values.items():
        if name not in names:
            raise CheckpointError(f"{path} has a field {name!r}; it may have {', '.join(sorted(names))}.")
        problem = problem_with(name, value)
        if problem:
            raise CheckpointError(f"In {path}, {name} is {json.dumps(value)[:80]}; {problem}.")
    return replace(recipe, **values)


def problem_with(name: str, value: object) -> str:
    """What is wrong with the value of a field, for the operator; empty when nothing is."""
    if name in LIMITS:
        least, most = LIMITS[name]
        number = isinstance(value, int | float if name == "guidance" else int) and not isinstance(value, bool)
        return "" if number and least <= value <= most else f"it must be a number from {least} to {most}"  # type: ignore[operator]
    if name == "scheduler_changes":
        fits = isinstance(value, dict) and len(value) <= MOST_CHANGES
        fits = fits and all(isinstance(one, Value) for one in value.values())  # type: ignore[attr-defined]
        return "" if fits else "it must be an object of texts, numbers, true and false"
    return "" if isinstance(value, str) and len(value) <= LONGEST_TEXT else "it must be a short text"
