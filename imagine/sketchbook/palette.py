"""The colours and the grounds that captions can name."""

from typing import NamedTuple

Colour = tuple[float, float, float]

COLOURS: dict[str, Colour] = {
    "red": (0.86, 0.13, 0.15), "orange": (0.97, 0.53, 0.11), "yellow": (0.99, 0.85, 0.20), "green": (0.22, 0.66, 0.30),
    "blue": (0.15, 0.40, 0.86), "purple": (0.52, 0.24, 0.72), "pink": (0.98, 0.56, 0.74), "brown": (0.48, 0.31, 0.18),
    "black": (0.07, 0.07, 0.08), "white": (1.0, 1.0, 1.0), "gray": (0.55, 0.56, 0.58), "turquoise": (0.20, 0.75, 0.72),
}  # fmt: skip
OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("crimson", "scarlet"), "yellow": ("golden",), "blue": ("azure",), "purple": ("violet",), "gray": ("grey",),
    "turquoise": ("teal", "cyan"), "brown": ("chocolate brown",), "green": ("emerald green",), "pink": ("rose pink",),
    "orange": ("tangerine",), "black": ("dark black",), "white": ("snow white",),
}  # fmt: skip


class Ground(NamedTuple):
    """What is behind things: a colour above and one below, meeting at `horizon` (0 top, 1 bottom) over `soft` of the
    height. `stars`: how many of a thousand places have one. `words` follow the things in a caption."""

    words: tuple[str, ...]
    above: Colour
    below: Colour
    horizon: float = 0.5
    soft: float = 1.0
    stars: int = 0


SKY, DEEP = (0.45, 0.74, 0.97), (0.05, 0.07, 0.22)
LANDS: dict[str, Ground] = {
    "sky": Ground(("in the sky", "under a blue sky", "in the air"), SKY, (0.83, 0.93, 1.0)),
    "night": Ground(("at night", "in the night", "under the stars"), DEEP, (0.16, 0.17, 0.42), stars=4),
    "space": Ground(("in space", "in outer space", "among the stars"), (0.02, 0.02, 0.06), (0.06, 0.03, 0.13), stars=9),
    "sea": Ground(("at sea", "on the sea", "on the water", "in the ocean"), SKY, (0.07, 0.38, 0.71), 0.6, 0.02),
    "grass": Ground(("on grass", "in a meadow", "on the lawn", "in a field"), SKY, (0.36, 0.69, 0.27), 0.62, 0.02),
    "snow": Ground(("in the snow", "in winter", "on snow"), (0.74, 0.85, 0.95), (0.96, 0.98, 1.0), 0.6, 0.04),
    "sand": Ground(("on the beach", "on sand", "in the desert"), SKY, (0.93, 0.81, 0.56), 0.6, 0.02),
    "sunset": Ground(("at sunset", "at sunrise", "in the evening"), (0.42, 0.22, 0.53), (1.0, 0.62, 0.30)),
}


def nearest(hue: float) -> str:
    """The colour word for a hue in degrees."""
    bounds = ((15, "red"), (40, "orange"), (68, "yellow"), (165, "green"), (195, "turquoise"), (255, "blue"))
    for above, word in bounds:
        if hue < above:
            return word
    return "purple" if hue < 300 else "pink" if hue < 345 else "red"
