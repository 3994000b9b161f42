"""From one picture, or a history of previews, to a seamless loop: all that moves comes back to where it began."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import ImageOps
from PIL.Image import Image, Resampling, blend

from imagine.diffusion.pipeline import Renderer, Stroke, Watch
from imagine.errors import RefusedPixelsError
from imagine.files.motions import MOTIONS, Box

# Called with the frames done and the frames in all; may raise to stop.
WatchFrames = Callable[[int, int], None]

# How growth() moves, in frames: each picture stands, fades into the next; the last stands longer, and fades back.
HOLD, FADE, HOLD_LAST, FADE_BACK = 3, 3, 8, 8


class Path(NamedTuple):
    """The turn of the noise, in radians, for each key frame; and the place of each frame between two of them.

    1.25 is a quarter of the way from key 1 to key 2, and after the last key comes the first.
    """

    turns: list[float]
    places: list[float]


def frames(
    renderer: Renderer,
    picture: Image,
    prompt: str,
    seed: int,
    motion: str,
    count: int,
    watch: WatchFrames,
    anew: bool = False,
) -> list[Image]:
    """A loop of `count` frames in RGB that stays near `picture`, in its size; `motion` is one of MOTIONS.

    A checkpoint that can redraw does so over the picture, with noise that goes once round a circle, or with `anew` from
    the words with the same turns. One that cannot draws the prompt again, with its noise swinging a little to both
    sides. Only key frames are drawn: neighbours are
    much alike, so the frames between them are blended, which costs nothing. Then the camera moves.

    `watch` is called before the first key frame and after each pass of the renderer, never within one. Raises what it
    raises, RefusedPixelsError when the checkpoint's own checker fires, and CheckpointError without memory.
    """
    redraws = renderer.abilities.redraw
    path = _circle(motion, count) if redraws else _swing(motion, count)
    start = picture if redraws and not anew else None
    keys = _painted(renderer, _strokes(picture.size, start, prompt, seed, motion, path), count, watch)
    return [
        _seen(_between(keys, place), MOTIONS[motion].view(math.tau * number / count))
        for number, place in enumerate(path.places)
    ]


def video(renderer: Renderer, picture: Image, prompt: str, seed: int, count: int, watch: Watch) -> list[Image]:
    """A loop of `count` frames, one less when that is odd, by a video checkpoint: its video, forwards and backwards.

    Neither end is shown twice in a row. `watch` is called between steps. Raises what it raises, and UnableError for a
    checkpoint that makes no videos.
    """
    there = renderer.video(picture, prompt, seed, count // 2 + 1, *picture.size, watch)
    return there + there[-2:0:-1]


def growth(images: Sequence[Image], most: int) -> list[Image]:
    """Previews as a loop of at most `most` frames: each of `images` is held, then fades into the next.

    It begins and ends with the last of them, which it grew to. So that is what stands for it where nothing moves, what
    a film that is shown once ends with, and what is drawn from it begins with.

    `images` are RGB, at least one; all take the size of the last. When they are too many, some are left out, never the
    first or the last. Raises ValueError when `most` has no room for two.
    """
    room = (most - HOLD_LAST - FADE_BACK) // (HOLD + FADE) + 1
    if room < 2:
        raise ValueError(f"Growth needs {HOLD + FADE + HOLD_LAST + FADE_BACK} frames, {most} are allowed.")
    chosen = [ImageOps.fit(image, images[-1].size) for image in _evenly(images, room)]
    if len(chosen) == 1:
        return chosen
    last, before = chosen[-1], HOLD_LAST // 2
    shown = [last] * before + list(_faded(last, chosen[0], FADE_BACK))
    for image, following in pairwise(chosen):
        shown += [image] * HOLD + list(_faded(image, following, FADE))
    return shown + [last] * (HOLD_LAST - before)


def _circle(motion: str, count: int) -> Path:
    keys = min(MOTIONS[motion].keys, count)
    return Path([math.tau * key / keys for key in range(keys)], [frame * keys / count for frame in range(count)])


def _swing(motion: str, count: int) -> Path:
    """A whole circle would pass the opposite noise, which is another picture. The middle key is the picture's own.

    The way back is the way there, so half as many keys do.
    """
    last = max(2, min(MOTIONS[motion].keys, count) // 4 * 2)
    turns = [MOTIONS[motion].swing * (2 * key / last - 1) for key in range(last + 1)]
    return Path(turns, [last * (1 + math.sin(math.tau * frame / count)) / 2 for frame in range(count)])


def _strokes(
    size: tuple[int, int], start: Image | None, prompt: str, seed: int, motion: str, path: Path
) -> list[Stroke]:
    strength = MOTIONS[motion].strength
    return [Stroke(prompt, seed, *size, start, strength, turn) for turn in path.turns]


def _painted(renderer: Renderer, strokes: list[Stroke], count: int, watch: WatchFrames) -> list[Image]:
    """The key frames, as many at once as the renderer can. Progress is counted in frames of the loop."""
    keys: list[Image] = []
    watch(0, count)
    for first in range(0, len(strokes), renderer.batch):
        painted = renderer.paint(strokes[first : first + renderer.batch])
        if any(one.unsafe for one in painted):
            raise RefusedPixelsError("The checkpoint's own checker refused a frame of the loop.")
        keys += [one.image for one in painted]
        watch(count * len(keys) // len(strokes), count)
    return keys


def _between(keys: list[Image], place: float) -> Image:
    before = int(place)
    return blend(keys[before], keys[(before + 1) % len(keys)], place - before)


def _seen(image: Image, view: Box) -> Image:
    """That part of it, in the size of the whole. Sides between pixels are fine, so slow moves do not stutter."""
    (width, height), (left, top, right, bottom) = image.size, view
    box = (left * width, top * height, right * width, bottom * height)
    return image.resize(image.size, Resampling.BICUBIC, box)


def _faded(image: Image, following: Image, count: int) -> Iterator[Image]:
    """The `count` frames between two pictures."""
    return (blend(image, following, number / (count + 1)) for number in range(1, count + 1))


def _evenly(images: Sequence[Image], most: int) -> list[Image]:
    """At most `most` of them, at least two, with the first and the last."""
    if len(images) <= most:
        return list(images)
    return [images[round(number * (len(images) - 1) / (most - 1))] for number in range(most)]
