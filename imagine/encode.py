"""Loops as files that browsers and messengers play: MP4, GIF, animated WebP, stickers. All but MP4 play for ever.

Every format is made in a few tries, from its best down to a small one, until it is as light as messengers want it.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageOps

from imagine.animated_webp import animation, still
from imagine.errors import ImagineError

# What messengers take. They write "MB" and "KB" and do not say of which kind: these are the smaller ones.
# WhatsApp Cloud API, reference of media messages: video as H.264 in MP4, and stickers of exactly 512 x 512.
WHATSAPP_VIDEO_BYTES = 16_000_000
WHATSAPP_STICKER_BYTES = 500_000
WHATSAPP_STILL_STICKER_BYTES = 100_000
WHATSAPP_STICKER_SIDE = 512
# Messenger Platform, "Send API": files that are uploaded, and pictures that it fetches from an address.
MESSENGER_FILE_BYTES = 25_000_000
MESSENGER_PICTURE_BYTES = 8_000_000

VIDEO_BYTES = min(WHATSAPP_VIDEO_BYTES, MESSENGER_FILE_BYTES)
MARKS_BYTES = 16_000
"""Room kept below each limit for what `imagine.marks` writes into the file afterwards."""

GIF_TICK = Fraction(1, 100)
PALETTE_SIDE = 96
"""The palette is found on thumbnails: as good as on whole frames, and many times faster."""


class HeavyLoopError(ImagineError):
    """It is too heavy for where it shall go, however small it is made."""

    code = "heavy_loop"
    retry = False


class Reel(NamedTuple):
    """Frames in RGB or RGBA, all of one size, and for how long each stands."""

    frames: list[Image.Image]
    times_ms: list[int]


class Try(NamedTuple):
    """How good one try is: the share of each side, every which frame, and a quality as the format counts it."""

    side: float
    every: int
    quality: int


Encoder = Callable[[Reel, int], bytes]

# The quality is x264's rate factor: the lower the better, 18 looks like the original.
MP4_TRIES = [Try(1, 1, 20), Try(1, 1, 26), Try(1, 1, 32), Try(0.7, 1, 32), Try(0.5, 1, 38), Try(0.25, 1, 44)]
# The quality is the number of colours. Sides help most, then fewer frames, colours least.
GIF_TRIES = [
    *(Try(side, 1, 256) for side in (1, 0.85, 0.7, 0.6, 0.5)),
    *(Try(0.5, every, 256) for every in (2, 3)),
    *(Try(0.5, 3, colours) for colours in (128, 64, 32)),
    *(Try(side, 3, 32) for side in (0.35, 0.25)),
]
# The quality is libwebp's, 0 to 100.
WEBP_TRIES = [Try(1, 1, 80), Try(1, 1, 60), Try(0.7, 1, 60), Try(0.5, 1, 60), Try(0.5, 2, 40), Try(0.25, 3, 20)]
# A sticker's sides are fixed.
STICKER_TRIES = [*(Try(1, 1, quality) for quality in (80, 60, 40)), *(Try(1, every, 20) for every in (1, 2, 3, 4, 6))]
STICKER_TRIES += [Try(1, 8, 0), Try(1, 16, 0)]
STILL_TRIES = [Try(1, 1, quality) for quality in (90, 75, 50, 25, 0)]


def to_mp4(frames: Sequence[Image.Image], frame_ms: int, most_bytes: int = VIDEO_BYTES) -> bytes:
    """One turn of the loop as H.264 that old telephones play too: main profile, yuv420p, no B-frames, even sides.

    For this and all below: `frames` are RGB, of one size, at least one; `frame_ms` is a multiple of 10, and for a GIF
    at least 20, as browsers slow down what is faster. Raises HeavyLoopError when `most_bytes` cannot be kept.
    """
    return _fit(_reel(frames, frame_ms), MP4_TRIES, _mp4, most_bytes)


def to_gif(frames: Sequence[Image.Image], frame_ms: int, most_bytes: int = MESSENGER_PICTURE_BYTES) -> bytes:
    """A GIF that plays for ever."""
    return _fit(_reel(frames, frame_ms), GIF_TRIES, _gif, most_bytes)


def to_webp(frames: Sequence[Image.Image], frame_ms: int, most_bytes: int = MESSENGER_PICTURE_BYTES) -> bytes:
    """An animated WebP that plays for ever."""
    return _fit(_reel(frames, frame_ms), WEBP_TRIES, _webp, most_bytes)


def to_sticker(frames: Sequence[Image.Image], frame_ms: int) -> bytes:
    """A sticker as WhatsApp wants it: WebP of 512 x 512, what the picture leaves free is transparent.

    It moves when there are several frames.
    """
    if len(frames) == 1:
        return still_sticker(frames[0])
    reel = _reel([_on_sticker(frame) for frame in frames], frame_ms)
    return _fit(reel, STICKER_TRIES, _webp, WHATSAPP_STICKER_BYTES)


def still_sticker(image: Image.Image) -> bytes:
    """The same for one picture."""
    return _fit(Reel([_on_sticker(image)], [0]), STILL_TRIES, _still, WHATSAPP_STILL_STICKER_BYTES)


def _reel(frames: Sequence[Image.Image], frame_ms: int) -> Reel:
    if len({frame.size for frame in frames}) != 1 or frame_ms <= 0 or frame_ms % 10:
        raise ValueError("A loop needs frames of one size, each shown for some hundredths of a second.")
    return Reel(list(frames), [frame_ms] * len(frames))


def _fit(reel: Reel, tries: Sequence[Try], encode: Encoder, most_bytes: int) -> bytes:
    """The file of the first try that is light enough."""
    for one in tries:
        data = encode(_smaller(reel, one.side, one.every), one.quality)
        if len(data) <= most_bytes - MARKS_BYTES:
            return data
    raise HeavyLoopError(f"The smallest has {len(data)} bytes, {most_bytes} with its marks are allowed.")


def _smaller(reel: Reel, side: float, every: int) -> Reel:
    """Each side multiplied by `side`, and only every `every`th frame, which stands for those left out as well."""
    width, height = (max(1, round(length * side)) for length in reel.frames[0].size)
    frames = [frame if side == 1 else _resized(frame, width, height) for frame in reel.frames[::every]]
    times = [sum(reel.times_ms[first : first + every]) for first in range(0, len(reel.times_ms), every)]
    return Reel(frames, times)


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _on_sticker(image: Image.Image) -> Image.Image:
    """As large as fits, in the middle of a square that is transparent elsewhere."""
    side = (WHATSAPP_STICKER_SIDE, WHATSAPP_STICKER_SIDE)
    return ImageOps.pad(image.convert("RGBA"), side, Image.Resampling.LANCZOS, color=(0, 0, 0, 0))


def _still(reel: Reel, quality: int) -> bytes:
    return still(reel.frames[0], quality)


def _webp(reel: Reel, quality: int) -> bytes:
    return animation(reel.frames, reel.times_ms, quality)


def _frame(image: Image.Image) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")


def _mp4(reel: Reel, quality: int) -> bytes:
    """The index goes in front of the pictures only in a second pass over the file, so it must be a real one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "loop.mp4"
        _write_mp4(path, reel, quality)
        return path.read_bytes()


def _write_mp4(path: Path, reel: Reel, quality: int) -> None:
    # Chroma has half the sides, so yuv420p needs even ones: a picture of odd sides is stretched by one pixel.
    width, height = (length + length % 2 for length in reel.frames[0].size)
    options = {"crf": str(quality), "profile": "main", "bf": "0"}
    with av.open(path, "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=Fraction(1000, reel.times_ms[0]), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Said in the file, as players guess otherwise, and differently.
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        for image in reel.frames:
            frame = _frame(image).reformat(width, height, "yuv420p", dst_colorspace=Colorspace.ITU709)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _gif(reel: Reel, colours: int) -> bytes:
    data = BytesIO()
    width, height = reel.frames[0].size
    options = {"loop": "0", "final_delay": str(reel.times_ms[-1] // 10)}
    with av.open(data, "w", format="gif", options=options) as file:
        stream = file.add_stream("gif")
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        stream.codec_context.time_base = GIF_TICK
        for frame in _paletted(reel, colours):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return data.getvalue()


def _paletted(reel: Reel, colours: int) -> list[av.VideoFrame]:
    """The frames in one palette for all. The filters are ffmpeg's, described in its documentation of filters.

    Ordered dithering stays where it is from frame to frame: it flickers less, and packs better, than spread errors.
    """
    graph = Graph()
    width, height = reel.frames[0].size
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=GIF_TICK)
    split = graph.add("split")
    thumbnail = graph.add("scale", f"{PALETTE_SIDE}:{PALETTE_SIDE}")
    palette = graph.add("palettegen", f"max_colors={colours}")
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=5:diff_mode=rectangle")
    sink = graph.add("buffersink")
    graph.link_nodes(source, split, thumbnail, palette)
    palette.link_to(use, 0, 1)
    split.link_to(use, 1, 0)
    use.link_to(sink)
    graph.configure()
    begin_ms = 0
    for image, time_ms in zip(reel.frames, reel.times_ms, strict=True):
        frame = _frame(image)
        frame.pts, frame.time_base = begin_ms // 10, GIF_TICK
        graph.push(frame)
        begin_ms += time_ms
    graph.push(None)  # The palette is made when all frames are in.
    return [graph.vpull() for _ in reel.frames]
