"""The frames of a loop and their durations."""

from typing import NamedTuple

import av
import numpy as np
from PIL.Image import Image, Resampling


class Reel(NamedTuple):
    """Frames in RGB, for WebP also RGBA, all of one size; and for how long each stands, a multiple of 10."""

    frames: list[Image]
    times_ms: list[int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.frames[0].size

    def smaller(self, side: float, every: int) -> "Reel":
        """Each side multiplied by `side`, and only every `every`th frame, which stands for those left out as well."""
        width, height = (max(1, round(length * side)) for length in self.size)
        frames = self.frames[::every]
        if side != 1:
            frames = [frame.resize((width, height), Resampling.LANCZOS) for frame in frames]
        firsts = range(0, len(self.times_ms), every)
        return Reel(frames, [sum(self.times_ms[first : first + every]) for first in firsts])


def for_ffmpeg(image: Image) -> av.VideoFrame:
    """The same picture as ffmpeg's filters and encoders take it."""
    return av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
