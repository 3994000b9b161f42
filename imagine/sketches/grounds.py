"""The grounds on which things are put together: two colours that meet at a horizon, and what falls or shines there."""

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


class Ground(NamedTuple):
    """`above` and `below` meet at `horizon` (0 top, 1 bottom) over `soft` of the height. `over` is a name in OVER.

    `shows` is the thing that stands there where a prompt names nothing else.
    """

    words: tuple[str, ...]
    above: Colour
    below: Colour
    horizon: float = 0.5
    soft: float = 1.0
    over: str = ""
    shows: str = ""


SKY = (115, 189, 247)
GROUNDS: dict[str, Ground] = {
    "sky": Ground(
        ("sky", "blue sky", "heaven", "flying", "cielo", "himmel", "ciel"), SKY, (212, 237, 255), shows="cloud"
    ),
    "night": Ground(
        (
            "night",
            "good night",
            "goodnight",
            "midnight",
            "night sky",
            "starry night",
            "starry sky",
            "dark",
            "nighttime",
            "noche",
            "nacht",
            "nuit",
            "notte",
        ),
        (13, 18, 56),
        (41, 43, 107),
        over="stars",
        shows="crescent moon",
    ),
    "space": Ground(
        ("space", "outer space", "cosmos", "orbit"), (5, 5, 15), (15, 8, 33), over="stars", shows="ringed planet"
    ),
    "aurora": Ground(
        ("northern lights", "aurora", "aurora borealis", "polarlichter"),
        (8, 14, 48),
        (22, 60, 86),
        over="curtains",
        shows="snow-capped mountain",
    ),
    "sea": Ground(
        ("sea", "ocean", "lake", "water", "river", "pond", "pool", "underwater", "mar", "meer", "mer", "mare"),
        SKY,
        (18, 97, 181),
        0.62,
        0.02,
        shows="sailboat",
    ),
    "grass": Ground(
        ("grass", "meadow", "lawn", "field", "park", "spring", "jungle", "countryside", "landscape", "valley", "wiese"),
        SKY,
        (92, 176, 69),
        0.64,
        0.02,
        shows="blossom",
    ),
    "forest": Ground(
        ("forest", "woods", "rainforest", "wald", "bosque", "forêt"),
        (176, 214, 176),
        (58, 120, 66),
        0.66,
        0.03,
        shows="evergreen tree",
    ),
    "snow": Ground(
        ("snow", "snowy", "winter", "snowing", "ice", "icy", "nieve", "schnee", "neige"),
        (168, 202, 230),
        (245, 250, 255),
        0.66,
        0.04,
        "flakes",
        "snowman",
    ),
    "sand": Ground(
        (
            "beach",
            "sand",
            "sandy",
            "desert",
            "shore",
            "coast",
            "summer",
            "playa",
            "strand",
            "plage",
            "spiaggia",
            "praia",
        ),
        SKY,
        (237, 207, 143),
        0.64,
        0.02,
        shows="beach with umbrella",
    ),
    "sunset": Ground(
        ("sunset", "sunrise", "dawn", "dusk", "evening", "sundown", "atardecer", "sonnenuntergang", "tramonto"),
        (107, 56, 135),
        (255, 158, 77),
        0.4,
        0.8,
        "sea",
        "sun",
    ),
    "autumn": Ground(
        ("autumn", "fall season", "autumnal", "herbst", "otoño", "automne"),
        (250, 214, 165),
        (203, 120, 52),
        0.66,
        0.05,
        "leaves",
        shows="fallen leaf",
    ),
    "rain": Ground(
        ("rain", "rainy", "raining", "stormy", "lluvia", "regen", "pluie"),
        (120, 138, 160),
        (168, 180, 194),
        over="drops",
        shows="cloud with rain",
    ),
    "city": Ground(
        (
            "city",
            "street",
            "town",
            "road",
            "downtown",
            "skyline",
            "tokyo",
            "paris",
            "london",
            "new york",
            "stadt",
            "ciudad",
            "ville",
        ),
        (186, 208, 228),
        (120, 124, 132),
        0.7,
        0.02,
        "houses",
        "automobile",
    ),
    "room": Ground(
        ("table", "wooden table", "kitchen", "desk", "room", "floor", "shelf", "indoors", "wood table"),
        (244, 232, 214),
        (166, 112, 70),
        0.66,
        0.01,
        shows="potted plant",
    ),
    "red": Ground((), (222, 40, 44), (206, 30, 36)),
    "orange": Ground((), (247, 140, 40), (240, 125, 22)),
    "yellow": Ground((), (253, 222, 70), (250, 208, 40)),
    "green": Ground((), (62, 172, 82), (50, 158, 70)),
    "blue": Ground((), (48, 110, 224), (34, 92, 206)),
    "purple": Ground((), (138, 68, 186), (120, 54, 170)),
    "pink": Ground((), (251, 150, 194), (246, 132, 180)),
    "brown": Ground((), (128, 84, 50), (112, 72, 42)),
    "black": Ground((), (22, 22, 25), (14, 14, 16)),
    "white": Ground((), (255, 255, 255), (247, 247, 247)),
    "gray": Ground((), (146, 148, 152), (132, 134, 140)),
    "turquoise": Ground((), (58, 196, 188), (44, 182, 174)),
}
# Where a prompt names no ground: pale, so that it takes nothing from the things.
PALE: tuple[Ground, ...] = tuple(
    Ground((), above, below)
    for above, below in (
        ((240, 244, 250), (222, 232, 245)),
        ((252, 243, 236), (247, 228, 218)),
        ((240, 248, 240), (222, 240, 226)),
        ((247, 242, 250), (234, 226, 244)),
    )
)
MANY = 46
SEA_LEVEL = 0.68


# The first of these that is named is the ground; night, rain and snow are seen on any other.
FIRST = ("aurora", "sunset", "space")
WEATHER = {"night": "stars", "rain": "drops", "snow": "flakes", "autumn": "leaves"}
DARK = np.asarray((0.4, 0.43, 0.66))


def in_order(names: Sequence[str]) -> list[str]:
    """The ground first, then what is seen on it."""
    return sorted(names, key=lambda name: (name not in FIRST, name in WEATHER))


def paint(names: Sequence[str], pale: int, width: int, height: int, lots: Random) -> Image.Image:
    """The ground alone, RGB: those named together, or a pale one. `lots` says where stars and drops are."""
    ordered = in_order(names)
    ground = GROUNDS[ordered[0]] if ordered else PALE[pale % len(PALE)]
    down = (np.arange(height) + 0.5) / height
    share = ((down - ground.horizon) / max(ground.soft, 1 / height) + 0.5).clip(0, 1)[:, None]
    column = np.asarray(ground.above) * (1 - share) + np.asarray(ground.below) * share
    pixels: NDArray[np.float64] = np.repeat(column[:, None], width, 1)
    if ground.over == "curtains":
        pixels = curtains(pixels, lots)
    image = Image.fromarray(pixels.round().astype(np.uint8), "RGB")
    if ground.over in OVER:
        OVER[ground.over](image, lots)
    for name in ordered[1:]:
        if name == "night" and ordered[0] not in FIRST:
            image = Image.fromarray((np.asarray(image) * DARK).astype(np.uint8), "RGB")
        if name in WEATHER and not (name == "night" and ground.over == "houses"):
            OVER[WEATHER[name]](image, lots)
    return image


def curtains(pixels: NDArray[np.float64], lots: Random) -> NDArray[np.float64]:
    """Green and violet light that hangs in waves."""
    height, width, _ = pixels.shape
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    for base, colour in ((0.42, (70, 235, 150)), (0.3, (150, 110, 230)), (0.52, (60, 210, 190))):
        turn = lots.random() * math.tau
        foot = base + 0.09 * np.sin(across * 5 + turn) + 0.04 * np.sin(across * 13 + 2 * turn)
        above = (foot - down) / 0.32
        light = np.where(above > 0, np.exp(-3 * above), np.exp(40 * above)) * (0.55 + 0.2 * np.sin(across * 21 + turn))
        pixels = pixels + light[..., None] * (np.asarray(colour) - pixels) * 0.85
    return pixels.clip(0, 255)


def dots(image: Image.Image, lots: Random, sizes: Sequence[float], colour: tuple[int, int, int]) -> None:
    """Round ones, with a radius of one of these shares of the shorter side."""
    pen, side = ImageDraw.Draw(image), min(image.size)
    for _ in range(MANY):
        x, y, size = lots.random() * image.width, lots.random() * image.height, side * lots.choice(sizes)
        pen.ellipse((x - size, y - size, x + size, y + size), colour)


def stars(image: Image.Image, lots: Random) -> None:
    dots(image, lots, (0.004, 0.006, 0.01), (255, 250, 220))


def flakes(image: Image.Image, lots: Random) -> None:
    dots(image, lots, (0.008, 0.012), (255, 255, 255))


def drops(image: Image.Image, lots: Random) -> None:
    pen, side = ImageDraw.Draw(image), min(image.size)
    for _ in range(MANY):
        x, y = lots.random() * image.width, lots.random() * image.height
        pen.line((x, y, x - 0.02 * side, y + 0.07 * side), (210, 226, 242), max(1, side // 100))


def leaves(image: Image.Image, lots: Random) -> None:
    pen, side = ImageDraw.Draw(image), min(image.size)
    for _ in range(MANY // 2):
        x, y, size = lots.random() * image.width, lots.random() * image.height, side * lots.choice((0.016, 0.024))
        pen.ellipse(
            (x - size, y - size * 0.6, x + size, y + size * 0.6),
            lots.choice(((214, 96, 36), (232, 150, 44), (176, 58, 40))),
        )


def houses(image: Image.Image, lots: Random) -> None:
    """A row of houses behind the street."""
    pen, x, foot = ImageDraw.Draw(image), 0.0, image.height * 0.7
    while x < image.width:
        wide, tall = image.width * lots.uniform(0.1, 0.18), image.height * lots.uniform(0.2, 0.42)
        shade = lots.randrange(-14, 14)
        pen.rectangle((x, foot - tall, x + wide - 2, foot), (146 + shade, 160 + shade, 184 + shade))
        for row in range(int(tall / (image.height * 0.08))):
            for column in (0.25, 0.65):
                at = x + wide * column, foot - tall + image.height * (0.03 + 0.08 * row)
                pen.rectangle((*at, at[0] + wide * 0.16, at[1] + image.height * 0.03), (248, 232, 170))
        x += wide


def sea(image: Image.Image, lots: Random) -> None:
    """Water below, with a strip of light."""
    pen, top = ImageDraw.Draw(image), round(image.height * SEA_LEVEL)
    pen.rectangle((0, top, image.width, image.height), (74, 52, 120))
    for row in range(6):
        y = top + (row + 0.4) * (image.height - top) / 6
        half = image.width * lots.uniform(0.06, 0.2)
        pen.line((image.width / 2 - half, y, image.width / 2 + half, y), (255, 190, 110), max(1, image.height // 64))


OVER = {"stars": stars, "flakes": flakes, "drops": drops, "leaves": leaves, "houses": houses, "sea": sea}
