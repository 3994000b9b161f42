"""What a checkpoint is, what it can do here, and how long a picture takes: for the operator."""

import time
from collections.abc import Iterator

from django.conf import settings

from imagine.diffusion import checkpoint
from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import rule_for
from imagine.painter.checkpoints import lora_for, options
from imagine.shapes import SHAPES, SQUARE
from imagine.sketches import sketcher

TRIED = "a red fox in the snow"


def rows(name: str) -> Iterator[tuple[str, str]]:
    """What is found of the checkpoint that `name` means, each thing with its title. Raises CheckpointError."""
    found = checkpoint.find(name, settings.CHECKPOINT_FOLDER, lora=lora_for(name))
    marked = f", as {found.variant}" if found.variant else ""
    yield "Checkpoint", f"{found.name}, a {found.class_name}"
    packed = f", of which {found.packed / 1e9:.2f} GB stay quantised" if found.packed else ""
    yield "Weights", f"{found.parameters / 1e6:,.0f} million numbers, {found.bytes / 1e9:.2f} GB{marked}{packed}"
    for lora in found.loras:
        yield "LoRA", f"{lora.name}, {lora.scale:g}, {lora.family or 'of an unknown family'}"
    yield "Known as", _rule(found)
    renderer = sketcher.load(found, options())
    renderer.warm()
    recipe, able = renderer.recipe, renderer.abilities
    scheduler = type(getattr(renderer.pipes.main, "scheduler", None)).__name__
    yield "Settings", f"{recipe.steps} steps, guidance {recipe.guidance}, {scheduler}"
    yield "Device", f"{renderer.device}, {renderer.precision}"
    can = {
        "draw from words": renderer.pipes.draw is not None,
        "draw over a picture": able.redraw,
        "fill in a part": able.fill,
        "heed a negative prompt": able.negative,
        "make videos of a picture": able.moves,
        "make videos of words alone, which is of no use here": able.video and not able.moves,
    }
    yield "Reads", "English" if able.english else "many languages"
    yield "Can", ", ".join(what for what, is_able in can.items() if is_able)
    if renderer.pipes.draw:
        yield "A preview", _timed(renderer, recipe.live_size)
        yield "A picture", _timed(renderer, recipe.size)


def _rule(found: Checkpoint) -> str:
    """By what it was recognised."""
    known = rule_for(found)
    if known is None:
        return "no family with settings of its own: see docs/checkpoints.md"
    rule, words = known
    by = f"its name ({words.strip('-')})" if rule.words else f"its class ({found.class_name})"
    return f"{rule.source}, by {by}"


def _timed(renderer: Renderer, side: int) -> str:
    width, height = SHAPES[SQUARE].size(side, renderer.multiple)
    began = time.monotonic()
    renderer.paint([Stroke(TRIED, 1, width, height)])
    return f"{time.monotonic() - began:.2f} s, {width} x {height}"
