"""Draw lots for a picture: which things, where, how large, in which colour, on which ground, in which style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from imagine.sketchbook.heldout import PAIRS
from imagine.sketchbook.palette import COLOURS, LANDS
from imagine.sketchbook.sprites import Sprite

MOST_THINGS = 5
EFFECTS = ("", "sticker", "pixel", "gray")
CHANCES = 3
# How far a shaken thing is moved, sized and turned.
MOVED, SIZED, TURNED = 0.05, 0.1, 0.1


@dataclass(frozen=True)
class Thing:
    """One drawing in a picture. `x` and `y` are the middle from -1 (left, top) to 1; `size` is its side, 1 the shorter
    side of the picture; `angle` is in radians; `tint` a colour word or ""."""

    sprite: int
    x: float = 0.0
    y: float = 0.0
    size: float = 0.8
    angle: float = 0.0
    tint: str = ""


@dataclass(frozen=True)
class Scene:
    """A picture before it is drawn. `layout` and `place` and `scale` are what its caption tells of the arrangement.

    `ground` is "" (pale), a colour word or one of LANDS. `chance` is what no caption tells, CHANCES numbers of normal
    spread: the shade of a pale ground.
    """

    things: tuple[Thing, ...]
    layout: str = "one"
    place: str = ""
    scale: str = ""
    ground: str = ""
    effect: str = ""
    chance: tuple[float, ...] = (0.0,) * CHANCES


# Where one thing can stand, and how large it can be, when the caption says so.
PLACES = {
    "left": (-0.5, 0.0), "right": (0.5, 0.0), "top": (0.0, -0.5), "bottom": (0.0, 0.5), "top left": (-0.5, -0.5),
    "top right": (0.5, -0.5), "bottom left": (-0.5, 0.5), "bottom right": (0.5, 0.5),
}  # fmt: skip
SCALES = {"tiny": 0.25, "small": 0.4, "big": 0.95, "huge": 1.15}
# The first thing's middle, the second's, and the side of both.
LAYOUTS = {
    "and": ((-0.47, 0.0), (0.47, 0.0), 0.48),
    "left": ((-0.47, 0.0), (0.47, 0.0), 0.48),
    "right": ((0.47, 0.0), (-0.47, 0.0), 0.48),
    "above": ((0.0, -0.47), (0.0, 0.47), 0.48),
    "below": ((0.0, 0.47), (0.0, -0.47), 0.48),
    "on": ((0.0, -0.3), (0.0, 0.36), 0.5),
}
THREE = (((-0.62, 0.0), (0.0, 0.0), (0.62, 0.0), 0.34), ((-0.45, 0.45), (0.0, -0.45), (0.45, 0.45), 0.45))
COUNTED = {
    2: (((-0.47, 0.0), (0.47, 0.0)), 0.46),
    3: (((-0.47, 0.42), (0.47, 0.42), (0.0, -0.42)), 0.44),
    4: (((-0.46, -0.46), (0.46, -0.46), (-0.46, 0.46), (0.46, 0.46)), 0.44),
    5: (((-0.6, -0.6), (0.6, -0.6), (0.0, 0.0), (-0.6, 0.6), (0.6, 0.6)), 0.36),
}


def draw(sprites: Sequence[Sprite], lots: Random) -> Scene:
    """One scene that is not among those held out."""
    while True:
        scene = draw_any(sprites, lots)
        if not is_held_out(scene, sprites):
            return scene


def draw_any(sprites: Sequence[Sprite], lots: Random) -> Scene:
    kind = lots.random()
    if kind < 0.8:
        scene = one(sprites, lots)
    elif kind < 0.94:
        scene = two(sprites, lots)
    elif kind < 0.98:
        scene = several(sprites, lots)
    else:
        scene = three(sprites, lots)
    effect = lots.choice(EFFECTS[1:]) if lots.random() < 0.08 else ""
    chance = tuple(lots.gauss() for _ in range(CHANCES))
    return replace(scene, ground=a_ground(lots), effect=effect, chance=chance)


def one(sprites: Sequence[Sprite], lots: Random) -> Scene:
    thing = a_thing(sprites, lots)
    said = lots.random()
    if said < 0.08:
        place = lots.choice(list(PLACES))
        x, y = PLACES[place]
        return Scene((replace(thing, x=x, y=y, size=0.45),), place=place)
    if said < 0.16:
        scale = lots.choice(list(SCALES))
        return Scene((replace(thing, size=SCALES[scale]),), scale=scale)
    return Scene((thing,))


def two(sprites: Sequence[Sprite], lots: Random) -> Scene:
    layout = lots.choice(("and", "and", "and", *LAYOUTS))
    *places, size = LAYOUTS[layout]
    things = (a_thing(sprites, lots), a_thing(sprites, lots))
    return Scene(
        tuple(replace(thing, x=x, y=y, size=size) for thing, (x, y) in zip(things, places, strict=True)), layout
    )


def three(sprites: Sequence[Sprite], lots: Random) -> Scene:
    *places, size = lots.choice(THREE)
    things = [a_thing(sprites, lots) for _ in places]
    placed = (replace(thing, x=x, y=y, size=size) for thing, (x, y) in zip(things, places, strict=True))
    return Scene(tuple(placed), "three")


def several(sprites: Sequence[Sprite], lots: Random) -> Scene:
    """The same thing two to five times."""
    places, size = COUNTED[lots.choice((2, 2, 3, 3, 4, 5))]
    thing = replace(a_thing(sprites, lots), size=size)
    return Scene(tuple(replace(thing, x=x, y=y) for x, y in places), "several")


def a_thing(sprites: Sequence[Sprite], lots: Random) -> Thing:
    number = lots.randrange(len(sprites))
    tint = lots.choice(list(COLOURS)) if sprites[number].hue is not None and lots.random() < 0.3 else ""
    return Thing(number, tint=tint)


def a_ground(lots: Random) -> str:
    kind = lots.random()
    if kind < 0.4:
        return ""
    return lots.choice(list(COLOURS if kind < 0.8 else LANDS))


def shaken(scene: Scene, lots: Random) -> Scene:
    """The scene with its things moved, sized and turned a little, all alike."""
    across, down, larger, turned = (lots.gauss() for _ in range(4))
    return replace(
        scene,
        things=tuple(
            replace(
                thing,
                x=thing.x + MOVED * across,
                y=thing.y + MOVED * down,
                size=thing.size * math.exp(SIZED * larger),
                angle=TURNED * turned,
            )
            for thing in scene.things
        ),
    )


def is_held_out(scene: Scene, sprites: Sequence[Sprite]) -> bool:
    """Whether a thing is with the ground, the colour or the other thing that evaluate.py asks for."""
    names = [sprites[thing.sprite].name for thing in scene.things]
    tints = {(name, thing.tint) for name, thing in zip(names, scene.things, strict=True)}
    grounds = {(name, scene.ground) for name in names}
    others = {(first, second) for first in names for second in names}
    return not PAIRS.isdisjoint(tints | grounds | others)
