"""Pictures and loops as files for browsers and messengers: JPEG, MP4, GIF, animated WebP, stickers.

Every format is encoded in a few tries, from the best quality down, until it keeps the limit of the messengers.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import NamedTuple

from PIL import ImageOps
from PIL.Image import Image, Resampling

from imagine.errors import ImagineError
from imagine.files.loops import Reel, gif, mp4, webp

# What messengers take. They write "MB" and "KB" and do not say of which kind: these are the smaller ones.
# WhatsApp Cloud API, reference of media messages: pictures as JPEG or PNG, never GIF; video as H.264 and AAC in MP4,
# and stickers of exactly 512 x 512.
WHATSAPP_PICTURE_BYTES = 5_000_000
WHATSAPP_VIDEO_BYTES = 16_000_000
WHATSAPP_STICKER_BYTES = 500_000
WHATSAPP_STILL_STICKER_BYTES = 100_000
WHATSAPP_STICKER_SIDE = 512
# Messenger Platform, "Send API": files that are uploaded, and pictures that it fetches from an address.
MESSENGER_FILE_BYTES = 25_000_000
MESSENGER_PICTURE_BYTES = 8_000_000
# A messenger plays a video once: a shorter loop is repeated in it.
LEAST_VIDEO_MS = 3_000

VIDEO_BYTES = min(WHATSAPP_VIDEO_BYTES, MESSENGER_FILE_BYTES)
MARKS_BYTES = 16_000
"""Kept free below each limit for what `imagine.files.marks` writes into the file afterwards."""


class HeavyLoopError(ImagineError):
    """The file is too large for its limit, however low its quality."""

    code = "heavy_loop"
    retry = False


class Try(NamedTuple):
    """The settings of one try: the share of each side, every which frame, and a quality as the format counts it."""

    side: float
    every: int
    quality: int


Encoder = Callable[[Reel, int], bytes]

# The quality is libjpeg's, 1 to 95.
JPEG_TRIES = [*(Try(1, 1, quality) for quality in (90, 80, 65, 45)), Try(0.5, 1, 45), Try(0.25, 1, 25)]
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
STILL_TRIES = [Try(1, 1, quality) for quality in (90, 75, 50, 25, 10, 0)]


def to_jpeg(image: Image, most_bytes: int = WHATSAPP_PICTURE_BYTES) -> bytes:
    """One picture, in 8-bit RGB. Raises HeavyLoopError when `most_bytes` cannot be kept."""

    def encode(reel: Reel, quality: int) -> bytes:
        data = BytesIO()
        reel.frames[0].save(data, "JPEG", quality=quality)
        return data.getvalue()

    return _fit(Reel([image.convert("RGB")], [0]), JPEG_TRIES, encode, most_bytes)


def to_mp4(frames: Sequence[Image], frame_ms: int, most_bytes: int = VIDEO_BYTES) -> bytes:
    """One turn of the loop as H.264 that old phones play too: main profile, yuv420p, no B-frames, even sides.

    For this and all below: `frames` are RGB, of one size, at least one; `frame_ms` is a multiple of 10, and for a GIF
    at least 20, as browsers slow down what is faster. Raises ValueError for other frames, HeavyLoopError when
    `most_bytes` cannot be kept.
    """
    return _fit(_reel(frames, frame_ms), MP4_TRIES, mp4.encode, most_bytes)


def to_messenger_mp4(frames: Sequence[Image], frame_ms: int, most_bytes: int = VIDEO_BYTES) -> bytes:
    """The same with a silent track, its loop repeated in whole turns until LEAST_VIDEO_MS are filled."""
    turns = -(-LEAST_VIDEO_MS // (max(1, len(frames)) * max(1, frame_ms)))
    return _fit(_reel([*frames] * turns, frame_ms), MP4_TRIES, mp4.encode_with_silence, most_bytes)


def to_gif(frames: Sequence[Image], frame_ms: int, most_bytes: int = MESSENGER_PICTURE_BYTES) -> bytes:
    """A GIF that repeats for ever."""
    return _fit(_reel(frames, frame_ms), GIF_TRIES, gif.encode, most_bytes)


def to_webp(frames: Sequence[Image], frame_ms: int, most_bytes: int = MESSENGER_PICTURE_BYTES) -> bytes:
    """An animated WebP that repeats for ever."""
    return _fit(_reel(frames, frame_ms), WEBP_TRIES, webp.encode, most_bytes)


def to_sticker(frames: Sequence[Image], frame_ms: int) -> bytes:
    """A sticker for WhatsApp: WebP of 512 x 512, transparent around the picture; animated when it has several frames.

    Raises HeavyLoopError.
    """
    if len(frames) == 1:
        return still_sticker(frames[0])
    reel = _reel([_on_sticker(frame) for frame in frames], frame_ms)
    return _fit(reel, STICKER_TRIES, webp.encode, WHATSAPP_STICKER_BYTES)


def still_sticker(image: Image) -> bytes:
    """The same for one picture. Raises HeavyLoopError."""

    def encode(reel: Reel, quality: int) -> bytes:
        return webp.still(reel.frames[0], quality)

    return _fit(Reel([_on_sticker(image)], [0]), STILL_TRIES, encode, WHATSAPP_STILL_STICKER_BYTES)


def _reel(frames: Sequence[Image], frame_ms: int) -> Reel:
    if len({frame.size for frame in frames}) != 1 or frame_ms <= 0 or frame_ms % 10:
        raise ValueError("A loop needs frames of one size, each shown for some hundredths of a second.")
    return Reel(list(frames), [frame_ms] * len(frames))


def _fit(reel: Reel, tries: Sequence[Try], encode: Encoder, most_bytes: int) -> bytes:
    """The file of the first try that keeps the limit. Raises HeavyLoopError."""
    for one in tries:
        data = encode(reel.smaller(one.side, one.every), one.quality)
        if len(data) <= most_bytes - MARKS_BYTES:
            return data
    raise HeavyLoopError(f"The smallest has {len(data)} bytes, {most_bytes} with its marks are allowed.")


def _on_sticker(image: Image) -> Image:
    """As large as fits, in the middle of a square that is transparent elsewhere."""
    sides = (WHATSAPP_STICKER_SIDE, WHATSAPP_STICKER_SIDE)
    return ImageOps.pad(image.convert("RGBA"), sides, Resampling.LANCZOS, color=(0, 0, 0, 0))
