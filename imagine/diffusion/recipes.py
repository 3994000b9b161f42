"""The settings of a checkpoint: steps, guidance, size, scheduler. Known by its name and class, or set in its file."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import NamedTuple

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.part import read_json
from imagine.errors import CheckpointError

FILE = "chaski.json"
Value = str | int | float | bool | None
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
    """A recipe, the patterns that a checkpoint's words and class must match, and whose model card it follows.

    The words are those of its name, in small letters, with a "-" before and after each.
    """

    words: str
    class_name: str
    recipe: Recipe
    source: str


TRAILING: Mapping[str, Value] = MappingProxyType({"timestep_spacing": "trailing"})
TURBO = Recipe(2, 0.0, 512, scheduler_changes=TRAILING)
LIGHTNING = Recipe(4, 0.0, scheduler="EulerDiscreteScheduler", scheduler_changes=TRAILING)
SD, SDXL = "^StableDiffusion(Img2Img|Inpaint)?Pipeline$", "^StableDiffusionXL(Img2Img|Inpaint)?Pipeline$"
SD_OR_SDXL = "^StableDiffusion(XL)?(Img2Img|Inpaint)?Pipeline$"
# It was distilled with a shift of 3: https://huggingface.co/lightx2v/Qwen-Image-Lightning
QWEN_LIGHTNING: Mapping[str, Value] = MappingProxyType(
    {
        "base_shift": math.log(3),
        "max_shift": math.log(3),
        "shift": 1.0,
        "shift_terminal": None,
        "time_shift_type": "exponential",
        "use_dynamic_shifting": True,
    }
)
# DPM++ SDE Karras, as https://civitai.com/models/112902 says of what its author trained.
SDE_KARRAS: Mapping[str, Value] = MappingProxyType({"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True})

# The first that fits counts. Each follows the model card of its source on huggingface.co.
RECIPES = (
    Known("-sd-?(xl)?-turbo-", SD_OR_SDXL, TURBO, "stabilityai/sdxl-turbo"),
    Known("-turbo-", SD, TURBO, "stabilityai/sd-turbo"),
    # What people made of SDXL-Turbo, or in its way, keeps the size of SDXL.
    Known(
        "-turbo-",
        SDXL,
        Recipe(6, 2.0, 1024, scheduler="DPMSolverMultistepScheduler", scheduler_changes=SDE_KARRAS),
        "Lykon/dreamshaper-xl-v2-turbo",
    ),
    Known("-turbo-", "^StableDiffusion3", Recipe(4, 0.0, 1024), "stabilityai/stable-diffusion-3.5-large-turbo"),
    Known("-lightning-", SDXL, replace(LIGHTNING, size=1024), "ByteDance/SDXL-Lightning"),
    Known("-lightning-", SD, LIGHTNING, "ByteDance/SDXL-Lightning"),
    Known(
        "-hyper-?(sd|sdxl|sd15|sd1-5|sdxl1-0)-",
        SD_OR_SDXL,
        Recipe(4, 0.0, scheduler="DDIMScheduler", scheduler_changes=TRAILING),
        "ByteDance/Hyper-SD",
    ),
    Known("-dmd2?-", SDXL, Recipe(4, 0.0, 1024, scheduler="LCMScheduler", redraw_steps=2), "tianweiy/DMD2"),
    Known("", "^LatentConsistencyModel", Recipe(4, 8.0, redraw_steps=2), "SimianLuo/LCM_Dreamshaper_v7"),
    Known(
        "-lcm-",
        SD_OR_SDXL,
        Recipe(4, 1.0, scheduler="LCMScheduler", redraw_steps=2),
        "latent-consistency/lcm-lora-sdxl",
    ),
    Known("-lcm-", "^PixArt", Recipe(4, 0.0, 1024), "PixArt-alpha/PixArt-LCM-XL-2-1024-MS"),
    Known("-schnell-", "^Flux", Recipe(4, 0.0, 1024, max_sequence_length=256), "black-forest-labs/FLUX.1-schnell"),
    Known("-klein(?!.*-base-)", "^Flux2Klein", Recipe(4, 1.0, 1024), "black-forest-labs/FLUX.2-klein-4B"),
    Known("-hyper-?(flux|sd|(8|16)-?steps?)-", "^Flux(?!2)", Recipe(8, 3.5, 1024), "ByteDance/Hyper-SD"),
    Known("-turbo-", "^Flux(?!2)", Recipe(8, 3.5, 1024), "alimama-creative/FLUX.1-Turbo-Alpha"),
    Known("", "^SanaSprint", Recipe(2, 4.5, 1024), "Efficient-Large-Model/Sana_Sprint_1.6B_1024px_diffusers"),
    Known("-turbo-", "^ZImage", Recipe(8, 0.0, 1024), "Tongyi-MAI/Z-Image-Turbo"),
    Known("-(turbo|tdm)-", "^Krea2", Recipe(8, 0.0, 1024), "krea/Krea-2-Turbo"),
    Known(
        "-lightning-",
        "^QwenImage",
        Recipe(8, 1.0, scheduler="FlowMatchEulerDiscreteScheduler", scheduler_changes=QWEN_LIGHTNING),
        "lightx2v/Qwen-Image-Lightning",
    ),
    Known("-distilled-", "^LTX", Recipe(8, 1.0), "Lightricks/LTX-Video-0.9.7-distilled"),
    Known(
        "-lightning-",
        "^AnimateDiff",
        Recipe(
            4,
            1.0,
            scheduler="EulerDiscreteScheduler",
            scheduler_changes=MappingProxyType({**TRAILING, "beta_schedule": "linear"}),
        ),
        "ByteDance/AnimateDiff-Lightning",
    ),
    Known("-(lightx2v|stepdistill)-", "^Wan", Recipe(4, 1.0), "lightx2v/Wan2.1-T2V-14B-StepDistill-CfgDistill"),
)
CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# "_" and "." part words as "-" does.
PARTING = re.compile(r"[^a-z0-9]+", re.ASCII)
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
    """The recipe that fits what a checkpoint is, with the number of steps that stands in its name."""
    found = rule_for(checkpoint)
    if found is None:
        return Recipe()
    rule, words = found
    steps = STEPS_IN_NAME.search(words)
    return replace(rule.recipe, steps=int(steps[1])) if steps else rule.recipe


def rule_for(checkpoint: Checkpoint) -> tuple[Known, str] | None:
    """What a checkpoint is known as, by its LoRAs' names, its own, or that of what it was made from, and the words.

    Who owns a checkpoint, and the folders above it, say nothing of what it is.
    """
    base = checkpoint.file.base if checkpoint.file else ""
    for name in (*(lora.name for lora in checkpoint.loras), checkpoint.name, checkpoint.origin, base):
        for words in words_in(name):
            for rule in RECIPES:
                if re.search(rule.words, words) and re.search(rule.class_name, checkpoint.class_name):
                    return rule, words
    return None


def words_in(name: str) -> Iterator[str]:
    """The words of a name as `Known` has them: as they are parted, and parted at capitals too (v4LightningBaked)."""
    last = name.rstrip("/").rpartition("/")[2]
    for parted in dict.fromkeys((last, CAPITALS.sub("-", last))):
        yield f"-{PARTING.sub('-', parted.lower())}-"


def written(checkpoint: Checkpoint, recipe: Recipe) -> Recipe:
    """`recipe` with what chaski.json in the checkpoint's folder says, or in one beside a file that has its name.

    Raises CheckpointError that names the field.
    """
    path = (checkpoint.file.path.with_suffix("") if checkpoint.file else checkpoint.path) / FILE
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
        return "" if fits else "it must be an object of texts, numbers, true, false and null"
    return "" if isinstance(value, str) and len(value) <= LONGEST_TEXT else "it must be a short text"
