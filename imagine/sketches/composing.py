"""Put things that were cut out together on a ground, as a scene says and a seed varies."""

import colorsys
import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from imagine.sketches import grounds
from imagine.sketches.reading import Part, Scene

# Middles and sides of so many equal things, as shares of the picture.
COUNTED = {
    1: (((0.5, 0.52),), 0.78),
    2: (((0.26, 0.54), (0.74, 0.54)), 0.44),
    3: (((0.26, 0.7), (0.74, 0.7), (0.5, 0.28)), 0.43),
    4: (((0.27, 0.28), (0.73, 0.28), (0.27, 0.73), (0.73, 0.73)), 0.41),
    5: (((0.22, 0.24), (0.78, 0.24), (0.5, 0.5), (0.22, 0.77), (0.78, 0.77)), 0.34),
}
# What stands beside the main thing: small, in front of it.
MAIN, BESIDE = (0.42, 0.48, 0.7), ((0.78, 0.76, 0.36), (0.17, 0.8, 0.3))
# These are up in the air, when something else is the main thing.
ABOVE_ALL = frozenset(
    (
        "sun",
        "crescent moon",
        "full moon",
        "star",
        "cloud",
        "rainbow",
        "airplane",
        "bird",
        "butterfly",
        "helicopter",
        "balloon",
        "cloud with rain",
        "shooting star",
        "flying saucer",
        "kite",
        "rocket",
        "eagle",
        "honeybee",
        "fireworks",
        "snowflake",
    )
)
UP = ((0.8, 0.2, 0.3), (0.18, 0.18, 0.24))
# A thing that stands in another, and that.
IN_FRONT, BEHIND = (0.36, 0.66, 0.48), (0.6, 0.45, 0.74)
# In the air above a horizon.
ALOFT = 0.5, 0.34, 0.5
RIDER, MOUNT = (0.5, 0.29, 0.5), (0.5, 0.68, 0.62)
# What four pictures in a row differ in besides their ground: size, and shift to the right and down.
VARIED = ((1.0, 0.0, 0.0), (0.86, 0.05, 0.03), (1.08, -0.02, 0.0), (0.92, -0.05, -0.03))
# How far things move while a loop goes round, as shares of the picture and in degrees.
BOB, SWAY = 0.025, 4.0
PAIRED = {"under": (RIDER, MOUNT), "behind": (IN_FRONT, BEHIND)}


class Place(NamedTuple):
    """The middle and the longer side of a thing, as shares of the picture's shorter side from the middle of it."""

    x: float
    y: float
    side: float


def compose(
    scene: Scene, cuts: Sequence[Image.Image], seed: int, width: int, height: int, turn: float = 0.0
) -> Image.Image:
    """The picture, RGB. `cuts` has one image in RGBA for each part; `turn` is where in a loop it is, in radians.

    The same seed gives the same arrangement for any words, so that little changes while somebody types; the next seeds
    differ from it in side, size, place and ground.
    """
    # Where stars are is no secret.
    image = grounds.paint(scene.grounds, seed, width, height, Random(seed))  # noqa: S311
    size, right, down = VARIED[seed % len(VARIED)]
    layer = Image.new("RGBA", (width, height))
    for number, (part, thing, place) in enumerate(placed(scene, cuts)):
        sway = math.sin(turn + number) - math.sin(number)
        at = Place(place.x + right, place.y + down + BOB * sway, place.side * size)
        put(layer, thing, at, SWAY * sway if turn else 0.0)
        if part.thing.name == "sun" and number == 0 and scene.grounds[:1] == ("sunset",):
            sunk(layer, image.height)
    if seed % 2:
        layer = ImageOps.mirror(layer)
    image.paste(layer, (0, 0), layer)
    return EFFECTS[scene.effect](image) if scene.effect in EFFECTS else image


def placed(scene: Scene, cuts: Sequence[Image.Image]) -> list[tuple[Part, Image.Image, Place]]:
    """Each thing with its place, those behind first."""
    parts = list(zip(scene.parts, cuts, strict=True))
    if not parts:
        return []
    if len(parts) == 1 and parts[0][0].count == 1 and parts[0][0].thing.name in ABOVE_ALL and has_horizon(scene):
        return [(*parts[0], Place(*ALOFT))]
    if all(part.stands == "beside" for part, _ in parts[1:]):
        every = [one for one in parts for _ in range(one[0].count)][:5]
        places, side = COUNTED[len(every)]
        return [(part, thing, Place(x, y, side)) for (part, thing), (x, y) in zip(every, places, strict=True)]
    (main, cut), *others = parts
    if others[0][0].stands in PAIRED and main.count == 1:
        front, back = PAIRED[others[0][0].stands]
        return [(*others[0], Place(*back)), (main, cut, Place(*front))]
    found = [(main, cut, Place(*MAIN))] if main.count == 1 else group(main, cut)
    low, high = iter(BESIDE), iter(UP)
    for part, thing in others:
        if part.stands == "hat":
            found.append((part, thing, on_top(cut)))
        else:
            x, y, side = next(high if part.thing.name in ABOVE_ALL or part.stands == "above" else low)
            found += [
                (part, thing, Place(x - shift, y - 0.5 * shift, side))
                for shift in (0.17, 0.0)[2 - min(part.count, 2) :]
            ]
    return found


def has_horizon(scene: Scene) -> bool:
    names = grounds.in_order(scene.grounds)
    return bool(names) and names[0] != "sunset" and grounds.GROUNDS[names[0]].soft < 0.5


def group(part: Part, cut: Image.Image) -> list[tuple[Part, Image.Image, Place]]:
    """Several of the main thing, with room for another."""
    places, side = COUNTED[min(part.count, 5)]
    return [(part, cut, Place(0.06 + x * 0.76, 0.02 + y * 0.8, side * 0.85)) for x, y in places]


def on_top(cut: Image.Image) -> Place:
    """On the head of the main thing."""
    x, y, side = MAIN
    return Place(x, y - 0.5 * side * cut.height / max(cut.size) + 0.04, 0.34)


def put(layer: Image.Image, thing: Image.Image, place: Place, degrees: float) -> None:
    """One thing at its place, its longer side as long as that says."""
    shorter = min(layer.size)
    scale = place.side * shorter / max(thing.size)
    sized = thing.resize([max(1, round(side * scale)) for side in thing.size], Image.Resampling.LANCZOS)
    if degrees:
        sized = sized.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    x = layer.width / 2 + (place.x - 0.5) * shorter * max(1, 0.75 * layer.width / shorter)
    y = layer.height / 2 + (place.y - 0.5) * shorter * max(1, 0.75 * layer.height / shorter)
    layer.alpha_composite(whole(sized, layer.size, round(x - sized.width / 2), round(y - sized.height / 2)))


def whole(thing: Image.Image, size: tuple[int, int], x: int, y: int) -> Image.Image:
    """On an empty layer, cut off at its edges."""
    layer = Image.new("RGBA", size)
    layer.paste(thing, (x, y))
    return layer


def sunk(layer: Image.Image, height: int) -> None:
    """What has gone below the water is not seen."""
    top = round(height * grounds.SEA_LEVEL)
    layer.paste((0, 0, 0, 0), (0, top, layer.width, height))


# What has a hue that is as near as this (of 256) to the main one is given the other colour; wheels and windows are not.
SAME_HUE, COLOURED, KEPT = 30, 60, 0.25


def tinted(thing: Image.Image, colour: str) -> Image.Image:
    """In another colour, with its own light and shade: for things that were learned in one colour only."""
    pixels = np.asarray(thing, np.float32)
    hue, saturation, _ = (np.asarray(one, np.float32) for one in thing.convert("RGB").convert("HSV").split())
    seen = pixels[..., 3] > 128
    vivid = seen & (saturation > COLOURED)
    share = np.ones(seen.shape, np.float32)
    if vivid.sum() > KEPT * seen.sum():
        turns = np.exp(2j * np.pi * hue / 256)
        main = turns[vivid].mean()
        if near_colour(main, colour):
            return thing
        apart = np.abs(np.angle(turns / main)) * 128 / np.pi
        share = np.where((apart < SAME_HUE) & (saturation > COLOURED), 1.0, KEPT).astype(np.float32)
    light = pixels[..., :3].mean(-1, keepdims=True)
    bright = light / max(float(light[seen].mean()) if seen.any() else 255.0, 16.0)
    wanted = np.asarray(grounds.GROUNDS[colour].above, np.float32) * bright.clip(0.5, 1.3)
    own = share[..., None] * wanted.clip(0, 255) + (1 - share[..., None]) * pixels[..., :3]
    return Image.fromarray(np.concatenate((own, pixels[..., 3:]), -1).round().astype(np.uint8), "RGBA")


def near_colour(hue: complex, colour: str) -> bool:
    """Whether a hue, as a direction, is that of a colour word already."""
    red, green, blue = (part / 255 for part in grounds.GROUNDS[colour].above)
    wanted, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
    return saturation > 0.3 and abs(np.angle(hue / np.exp(2j * np.pi * wanted))) * 128 / np.pi < SAME_HUE * 0.8


def pixelated(image: Image.Image) -> Image.Image:
    small = image.resize([max(1, round(side * PIXELS / min(image.size))) for side in image.size], Image.Resampling.BOX)
    few = small.quantize(PALETTE, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


PIXELS, PALETTE = 32, 16


def penciled(image: Image.Image) -> Image.Image:
    """Gray, and dark where colours end."""
    gray = image.convert("L")
    blurred = ImageOps.invert(gray).filter(ImageFilter.GaussianBlur(min(image.size) / 30))
    lines = np.asarray(gray, np.float32) * 255 / np.maximum(255 - np.asarray(blurred, np.float32), 1)
    drawn = Image.fromarray(lines.clip(0, 255).astype(np.uint8), "L")
    return Image.blend(drawn, gray, 0.25).convert("RGB")


def inked(image: Image.Image) -> Image.Image:
    """Black and white, in three tones."""
    gray = ImageOps.autocontrast(image.convert("L"), 2)
    flat = gray.point(lambda light: 20 if light < 85 else 130 if light < 150 else 255)
    edges = ImageOps.invert(gray.filter(ImageFilter.FIND_EDGES)).point(lambda light: 0 if light < 215 else 255)
    # The filter finds an edge all around the picture.
    edges = ImageOps.expand(ImageOps.crop(edges, 1), 1, 255)
    return ImageChops.darker(flat, edges).convert("RGB")


EFFECTS = {"pixel": pixelated, "pencil": penciled, "ink": inked}
