"""The input and the output of a renderer, and what a checkpoint can do."""

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Abilities:
    """What a checkpoint can do besides drawing from a prompt.

    `watch`: it calls back after each step. `moves`: its videos begin at a picture. `english`: it reads English only.
    `anew`: the same words and seed give the same picture, so one of its own is changed by drawing it again, and only
    one of somebody else's is drawn over. `styles` are the names of those that it knows; None: any.
    """

    redraw: bool
    fill: bool
    watch: bool
    negative: bool
    video: bool
    english: bool
    moves: bool = False
    anew: bool = False
    styles: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Stroke:
    """One picture to draw, `width` x `height` pixels.

    With `start` it is drawn over that picture: `strength` 1 leaves nothing of it, 0 nearly all. `turn` is an angle in
    radians on a circle of noise that begins at that of the seed: a full circle of pictures is a seamless loop.
    `negative` is the negative prompt, before that of the recipe.
    """

    prompt: str
    seed: int
    width: int
    height: int
    start: Image.Image | None = None
    strength: float = 0.6
    turn: float = 0.0
    negative: str = ""


@dataclass(frozen=True)
class Painted:
    """A picture in RGB; `unsafe` when the checkpoint's own safety checker has blackened it."""

    image: Image.Image
    unsafe: bool
