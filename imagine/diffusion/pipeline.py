"""Draw with a checkpoint.

Only this module, loading.py, reading.py, adapters.py, noise.py and weighing.py import torch, diffusers or transformers.
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from PIL import Image, ImageOps

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.loading import (
    OUT_OF_MEMORY,
    Pipelines,
    accepted,
    completed,
    configured,
    load,
    multiple,
)
from imagine.diffusion.noise import Turned, Turning
from imagine.diffusion.reading import Pipeline
from imagine.diffusion.recipes import Recipe, RenderOptions, recipe_for
from imagine.diffusion.strokes import Abilities, Painted, Stroke
from imagine.diffusion.watching import Watch, part_of, unwatched, watched
from imagine.diffusion.weighing import MOST_WINDOWS, Weigher, weigher_for
from imagine.errors import CheckpointError, UnableError
from imagine.weights import joined

__all__ = ["Abilities", "Painted", "Renderer", "Stroke", "Watch"]

BATCH_ON_GPU = 8
CLIP_TOKENS = 77
# CLIP was trained on English captions, and T5 1.1 on English pages (https://huggingface.co/google/t5-v1_1-xxl). All
# others that diffusers uses are multilingual: language models, mT5, umT5, and CLIP of several languages.
ENGLISH_ENCODERS = {"CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel"}
# The least and the most of each color, where a picture has no other.
BLACK = ((0, 0), (0, 0), (0, 0))
# How many frames of a video are decoded together; more need more memory.
DECODED_TOGETHER = 4
# LCM's scheduler takes its steps out of so many of its teacher's (original_inference_steps in LCMScheduler): a lower
# strength would request more than there are.
LEAST_STRENGTH = 0.05
LCM_STEPS = 50
# LCM's own pipelines, which run all steps whatever the strength, are recognised by this argument.
LCM_ONLY = "original_inference_steps"


class Renderer:
    """One checkpoint in memory. Not safe for threads: pipelines keep state while they draw."""

    def __init__(self, name: str, pipes: Pipelines, recipe: Recipe, batch: int, weigher: Weigher | None = None) -> None:
        self.name = name
        self.weigher = weigher
        self.pipes = pipes
        self.recipe = recipe
        self.device = str(pipes.device)
        self.precision = str(pipes.main.dtype).removeprefix("torch.")
        self.batch = batch
        self.multiple = multiple(pipes.main)
        self.redraws_by_strength = pipes.redraw is not None and "strength" in accepted(pipes.redraw)
        self.abilities = Abilities(
            redraw=pipes.redraw is not None,
            fill=pipes.fill is not None,
            watch="callback_on_step_end" in accepted(pipes.main) or hasattr(pipes.main, "scheduler"),
            negative=uses_negative(pipes.main, recipe),
            video=pipes.video is not None,
            moves=pipes.video is not None and "image" in accepted(pipes.video),
            english=reads_english_only(pipes.main),
        )

    @classmethod
    def load(cls, checkpoint: Checkpoint, options: RenderOptions) -> "Renderer":
        """Read the weights into the device's memory. Raises CheckpointError with a sentence for the operator."""
        recipe = recipe_for(checkpoint, options)
        pipes = load(checkpoint, recipe, options)
        batch = options.batch or (BATCH_ON_GPU if pipes.device.type == "cuda" else 1)
        return cls(checkpoint.name, pipes, completed(recipe, pipes), batch, weigher_for(checkpoint.name, pipes))

    def twin(self) -> "Renderer":
        """A renderer with the same weights, for the same thread: it may draw while this one is between two steps."""
        return Renderer(self.name, self.pipes.twins(), self.recipe, self.batch, self.weigher)

    def paint(self, strokes: Sequence[Stroke], watch: Watch = unwatched) -> list[Painted]:
        """One picture for each stroke; all have the same size and strength, and all or none a start.

        A side that is no multiple of `self.multiple` becomes the nearest one. No stroke depends on the others. `watch`
        is called before the start and after each step, so also right before decoding; what it raises comes out of here.
        Raises UnableError when the checkpoint does not draw, or not over a start; CheckpointError without memory.
        """
        # What takes more windows than others has a pass of its own: to fill those up would change their pictures.
        windows = [self.windows(stroke) for stroke in strokes]
        order = sorted(range(len(strokes)), key=lambda place: windows[place])
        painted: list[Painted] = []
        while len(painted) < len(strokes):
            places = order[len(painted) : len(painted) + self.together(strokes[0])]
            group = [strokes[place] for place in places if windows[place] == windows[places[0]]]
            try:
                painted += self.paint_together(group, part_of(watch, len(painted), len(group), len(strokes)))
            except OUT_OF_MEMORY as error:
                if len(group) == 1:
                    raise CheckpointError(
                        f"The memory of {self.device} is too small for {group[0].width} pixels."
                    ) from error
                self.batch = max(1, self.batch // 2)
        return [one for _, one in sorted(zip(order, painted, strict=True), key=lambda pair: pair[0])]

    def windows(self, stroke: Stroke) -> int:
        """How many windows of CLIP a stroke takes; 0 where the pipeline reads its words by itself."""
        return self.weigher.wanted(stroke.prompt, self.negative(stroke)) if self.weigher else 0

    def negative(self, stroke: Stroke) -> str:
        """The negative prompt of a stroke, with that of the recipe; nothing where it has no effect."""
        if not self.abilities.negative:
            return ""
        return joined([text for text in (stroke.negative, self.recipe.negative) if text])

    def reads(self, prompt: str) -> bool:
        """Whether some text encoder of the checkpoint reads all of a prompt: CLIP takes 77 tokens, others more.

        Where windows are read, it takes MOST_WINDOWS times as many.
        """
        if self.weigher:
            return self.weigher.windows(prompt) <= MOST_WINDOWS
        parts = self.pipes.main.components
        readers = [part for name, part in parts.items() if name.startswith("tokenizer") and part]
        # Where a recipe or a pipeline names a length, it is that of the encoder beside CLIP's.
        named = self.recipe.max_sequence_length or accepted(self.pipes.main).get("max_sequence_length")
        most = max(named, CLIP_TOKENS) if isinstance(named, int) and named else math.inf
        return not readers or any(len(one(prompt).input_ids) <= min(one.model_max_length, most) for one in readers)

    def together(self, stroke: Stroke) -> int:
        """How many strokes like this one are drawn in one pass: `self.batch` of the live size, fewer larger ones."""
        if stroke.start is not None and not self.redraws_by_strength:
            # These take several pictures as several sources of one.
            return 1
        return max(1, self.batch * self.recipe.live_size**2 // (stroke.width * stroke.height))

    def paint_together(self, strokes: Sequence[Stroke], watch: Watch) -> list[Painted]:
        """Draw strokes in one pass. Raises UnableError, what `watch` raises, and OUT_OF_MEMORY."""
        redrawn = strokes[0].start is not None
        pipe = self.pipes.redraw if redrawn else self.pipes.draw
        if pipe is None:
            raise UnableError(f"{self.name} cannot paint {'over a picture' if redrawn else 'from words alone'}.")
        # Off when nothing turns: the hook slows down every call of torch.
        with Turning() if any(stroke.turn for stroke in strokes) else nullcontext():
            result = self.call(pipe, self.arguments(strokes), watch)
        unsafe = getattr(result, "nsfw_content_detected", None) or [False] * len(strokes)
        images = [image.convert("RGB") for image in result.images]
        # What a checkpoint's own safety checker refuses is black by intention.
        self.refuse_black([image for image, bad in zip(images, unsafe, strict=True) if not bad])
        return [Painted(image, bool(bad)) for image, bad in zip(images, unsafe, strict=True)]

    def arguments(self, strokes: Sequence[Stroke]) -> dict[str, Any]:
        """The keyword arguments of a pipeline; `call` drops those that it does not accept."""
        first, (width, height) = strokes[0], self.sides(strokes[0].width, strokes[0].height)
        kwargs: dict[str, Any] = {
            "prompt": [str(stroke.prompt) for stroke in strokes],
            "num_inference_steps": self.recipe.steps,
            "width": width,
            "height": height,
            "generator": [Turned(stroke.seed, stroke.turn) for stroke in strokes],
        }
        negatives = [self.negative(stroke) for stroke in strokes] if self.abilities.negative else []
        if negatives:
            kwargs["negative_prompt"] = [str(negative) for negative in negatives]
        if self.weigher and (windows := self.windows(first)):
            kwargs |= self.weigher.arguments([stroke.prompt for stroke in strokes], negatives, windows)
        if first.start is not None:
            kwargs["image"] = [fitted(stroke.start, width, height) for stroke in strokes if stroke.start is not None]
            kwargs |= self.strength(first.strength)
        return kwargs

    def strength(self, wanted: float) -> dict[str, Any]:
        """The arguments for a strength: LCM runs all steps, others only that part of them."""
        if not self.redraws_by_strength:
            return {}
        if LCM_ONLY in accepted(self.pipes.redraw):
            return {"strength": min(max(wanted, self.recipe.steps / LCM_STEPS), 1.0)}
        strength = min(max(wanted, LEAST_STRENGTH), 1.0)
        return {"strength": strength, "num_inference_steps": self.recipe.redraw(strength)}

    def video(
        self, image: Image.Image, prompt: str, seed: int, count: int, width: int, height: int, watch: Watch = unwatched
    ) -> list[Image.Image]:
        """`count` frames in RGB that begin at `image`, or follow only the prompt where the checkpoint takes no picture.

        `watch` is called as in `paint`. Raises what it raises, and UnableError when the checkpoint makes no videos.
        """
        pipe = self.pipes.video
        if pipe is None:
            raise UnableError(f"{self.name} makes no videos.")
        width, height = self.sides(width, height)
        kwargs: dict[str, Any] = {
            "image": fitted(image, width, height),
            "prompt": str(prompt),
            "num_inference_steps": self.recipe.steps,
            "width": width,
            "height": height,
            "num_frames": frames_for(pipe, count),
            "decode_chunk_size": DECODED_TOGETHER,
            "generator": Turned(seed),
        }
        if self.abilities.negative:
            kwargs["negative_prompt"] = self.recipe.negative
        frames = [frame.convert("RGB") for frame in self.call(pipe, kwargs, watch).frames[0][:count]]
        self.refuse_black(frames[-1:])
        return frames

    def refuse_black(self, images: Sequence[Image.Image]) -> None:
        """Raises CheckpointError where nothing was drawn: what overflowed, or is no number, comes out as black."""
        if any(image.getextrema() == BLACK for image in images):
            raise CheckpointError(
                f"{self.name} draws nothing but black in {self.precision}: its numbers overflow. "
                f"Set IMAGINE_PRECISION to {'float32' if self.precision == 'bfloat16' else 'bfloat16 or float32'}."
            )

    def call(self, pipe: Pipeline, kwargs: dict[str, Any], watch: Watch) -> Any:
        """Run a pipeline with those of the arguments that it accepts. Raises what `watch` and the pipeline raise."""
        takes, steps = accepted(pipe), kwargs["num_inference_steps"]
        kwargs |= {
            "guidance_scale": self.recipe.guidance,
            "output_type": "pil",
            # Some pipelines would draw another size and resize, or import packages that clean up captions.
            "use_resolution_binning": False,
            "clean_caption": False,
        }
        if self.recipe.max_sequence_length:
            kwargs["max_sequence_length"] = self.recipe.max_sequence_length
        if steps != 2:
            # Sana-Sprint's middle, which it takes with two steps only.
            kwargs["intermediate_timesteps"] = None
        partly = "strength" in kwargs and LCM_ONLY not in takes
        of = int(steps * kwargs["strength"]) if partly else steps
        watch(0, of)
        with watched(pipe, takes, of, watch) as callback:
            return pipe(**{name: value for name, value in kwargs.items() if name in takes}, **callback)

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """The nearest width and height that the checkpoint can draw."""
        return tuple(max(1, round(side / self.multiple)) * self.multiple for side in (width, height))  # type: ignore[return-value]

    def warm(self) -> None:
        """Draw something small once, so that caches are filled before the first picture.

        Raises CheckpointError when the checkpoint does not draw.
        """
        side = self.recipe.live_size
        if self.pipes.draw is None:
            return
        try:
            self.paint([Stroke("a circle", 1, side, side)])
        except Exception as error:
            # The libraries raise exceptions of any kind for settings that contradict each other.
            raise CheckpointError(f"{self.name} is loaded but does not paint: {error}") from error


def uses_negative(pipe: Pipeline, recipe: Recipe) -> bool:
    """Whether a negative prompt has an effect: only where guidance compares two predictions, at a scale above 1."""
    takes = accepted(pipe)
    guidance = takes.get("true_cfg_scale", recipe.guidance)
    embedded = configured(pipe, "time_cond_proj_dim") is not None
    return "negative_prompt" in takes and not embedded and guidance is not None and guidance > 1


def reads_english_only(pipe: Pipeline) -> bool:
    """Whether all text encoders of the pipeline are of classes that learned from English."""
    encoders = [part for name, part in pipe.components.items() if name.startswith("text_encoder") and part]
    return bool(encoders) and all(type(encoder).__name__ in ENGLISH_ENCODERS for encoder in encoders)


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of `image`, in RGB and exactly this size."""
    return ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)


def frames_for(pipe: Pipeline, count: int) -> int:
    """The next number of frames that a video can have: one, and then groups as its autoencoder packs them."""
    names = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio")
    group = next((int(value) for name in names if (value := getattr(pipe, name, None))), 1)
    return math.ceil((count - 1) / group) * group + 1
