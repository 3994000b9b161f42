"""The shapes a picture can have."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Shape(NamedTuple):
    """A name for people, and the ratio of width to height."""

    label: "str | Promise"
    across: int
    down: int

    def size(self, side: int, multiple: int = 8) -> tuple[int, int]:
        """Width and height in pixels: the area of a square of `side`, each a multiple of `multiple`."""
        ratio = (self.across / self.down) ** 0.5
        return _round(side * ratio, multiple), _round(side / ratio, multiple)


def _round(length: float, multiple: int) -> int:
    return max(1, round(length / multiple)) * multiple


SQUARE = "square"
SHAPES: dict[str, Shape] = {
    SQUARE: Shape(_("Square"), 1, 1),
    "portrait": Shape(_("Portrait"), 3, 4),
    "tall": Shape(_("Tall"), 9, 16),
    "landscape": Shape(_("Landscape"), 4, 3),
    "wide": Shape(_("Wide"), 16, 9),
}
