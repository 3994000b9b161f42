"""The motions of a loop. Imported by the pages too, so nothing heavy is imported here."""

import math
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Box(NamedTuple):
    """A part of a picture, as shares of its sides, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


class Motion(NamedTuple):
    """A name for people, how much the picture itself changes, and how the camera moves over it.

    `keys`: so many key frames are drawn for one turn, the frames between them are blended.
    `strength`: how far a redrawn picture may go from the picked one. `swing`: the same for a checkpoint that cannot
    redraw, as an angle of its noise, in radians.
    `zoom`: how much nearer the camera comes in the middle. `pan`: the radius of its circle, as a share of each side.
    """

    label: "str | Promise"
    keys: int
    strength: float
    swing: float
    zoom: float = 0.0
    pan: float = 0.0

    def view(self, angle: float) -> Box:
        """The camera's view at `angle` of the turn, in radians. Made of sines, so a turn ends where it began."""
        half = (0.5 - self.pan) / (1 + self.zoom * (1 - math.cos(angle)) / 2)
        across, down = 0.5 + self.pan * math.sin(angle), 0.5 + self.pan * math.cos(angle)
        # At the rim a sum may lie a hair outside, and Pillow would refuse it.
        return Box(max(0, across - half), max(0, down - half), min(1, across + half), min(1, down + half))


MOTIONS: dict[str, Motion] = {
    "gentle": Motion(_("Gentle"), keys=8, strength=0.3, swing=0.2, zoom=0.03),
    "lively": Motion(_("Lively"), keys=12, strength=0.5, swing=0.45, zoom=0.03),
    "orbit": Motion(_("Orbit"), keys=8, strength=0.25, swing=0.15, pan=0.04),
    "pulse": Motion(_("Pulse"), keys=8, strength=0.25, swing=0.15, zoom=0.12),
}
