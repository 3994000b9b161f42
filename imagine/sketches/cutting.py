"""Cut a drawn thing out of its plain ground, so that it can be placed anywhere."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.floating[Any]]
# How far a colour is from the ground's, as a distance of three numbers from 0 to 1, to belong to a thing.
BEGINS = 0.14
# A pixel is inside of a thing where it is nearly as far from the ground as any within REACH; at the rim they mix.
REACH, INSIDE = 7, 0.88
EDGE, SPECK = 3, 3


def cut(picture: Image.Image) -> Image.Image:
    """The thing in a picture with a plain ground, RGBA, no larger than it is; one empty pixel where there is none."""
    pixels = np.asarray(picture.convert("RGB"), np.float32) / 255
    alpha = opacity(pixels)
    # Specks of a few pixels are noise: only what is left when all is made thinner counts, with what is next to that.
    thinner = Image.fromarray((alpha > 0.5).astype(np.uint8) * 255, "L").filter(ImageFilter.MinFilter(SPECK))
    kept = np.asarray(thinner.filter(ImageFilter.MaxFilter(SPECK + 4))) > 0
    alpha = alpha * kept
    seen = np.argwhere(alpha > 0.5)
    if not len(seen):
        return Image.new("RGBA", (1, 1))
    # The rim takes the colours of what is inside of it: its own are mixed with the ground's.
    inside = (alpha >= INSIDE).astype(np.float32)[..., None]
    near = blurred(inside)
    own = np.where(inside > 0, pixels, blurred(pixels * inside) / np.maximum(near, 1e-3))
    whole = np.concatenate((own.clip(0, 1), alpha[..., None] * (near > 1e-3)), -1)
    (top, left), (bottom, right) = seen.min(0), seen.max(0) + 1
    return Image.fromarray((whole[top:bottom, left:right] * 255).round().astype(np.uint8), "RGBA")


def opacity(pixels: Pixels) -> Pixels:
    """How opaque each pixel of [H, W, 3] is, [H, W], on a ground of the colour that the edge has."""
    edge = np.concatenate((pixels[:EDGE].reshape(-1, 3), pixels[-EDGE:].reshape(-1, 3)))
    apart = np.sqrt(np.square(pixels - np.median(edge, 0)).sum(-1))
    image = Image.fromarray((apart / np.sqrt(3) * 255).astype(np.uint8), "L")
    most = np.asarray(image.filter(ImageFilter.MaxFilter(REACH)), np.float32) / 255 * np.sqrt(3)
    # Half as far as the inside is half mixed with the ground; a steeper slope keeps the edge crisp.
    share = (apart - BEGINS / 2) / np.maximum(most - BEGINS / 2, 1e-3)
    opaque: Pixels = np.where(most > BEGINS, ((share - 0.25) / 0.5).clip(0, 1), 0).astype(np.float32)
    return opaque


def blurred(pixels: Pixels) -> Pixels:
    """The mean over a few pixels, [H, W, channels]."""
    size = REACH
    padded = np.pad(pixels, ((size // 2, size // 2), (size // 2, size // 2), (0, 0)))
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0), (0, 0)))
    total: Pixels = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return total / size**2
