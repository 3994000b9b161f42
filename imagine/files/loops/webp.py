"""Animated WebP put together from still ones, so that each frame stays a frame.

libwebp's own animation encoder merges equal frames into one. The container is described in RFC 9649, "WebP Image
Format", section 2: chunks of a four-letter name, a length of four bytes, and data padded to an even length.
"""

import struct
from functools import cache
from io import BytesIO
from itertools import pairwise

from PIL import Image

from imagine.files.containers.webp import ALPHA_FLAG, parts
from imagine.files.loops.reel import Reel

ANIMATED_FLAG = 0x02
FOR_EVER = 0
METHOD = 4
"""How hard libwebp tries, 0 to 6: its own choice. Lower is faster and larger."""


def still(image: Image.Image, quality: int) -> bytes:
    """A lossy WebP of `image` (RGB or RGBA); `quality` 0 to 100."""
    data = BytesIO()
    image.save(data, "WEBP", quality=quality, method=METHOD)
    return data.getvalue()


def encode(reel: Reel, quality: int) -> bytes:
    """It plays for ever; `quality` 0 to 100. No time may reach 2^24 ms."""
    frames, (width, height) = reel.frames, reel.size
    again = [False, *(frame == before for before, frame in pairwise(frames))]
    flags = ANIMATED_FLAG | (ALPHA_FLAG if any(again) or frames[0].mode == "RGBA" else 0)
    shown = (
        _nothing_new(time_ms) if same else _picture(frame, time_ms, quality)
        for frame, time_ms, same in zip(frames, reel.times_ms, again, strict=True)
    )
    head = _chunk(b"VP8X", struct.pack("<I", flags) + _u24(width - 1, height - 1))
    return _chunk(b"RIFF", b"WEBP" + head + _chunk(b"ANIM", struct.pack("<IH", 0, FOR_EVER)) + b"".join(shown))


def _picture(image: Image.Image, time_ms: int, quality: int) -> bytes:
    """A whole new picture, which wipes out what stood before."""
    return _frame(still(image, quality), image.size, time_ms, blend=False)


def _nothing_new(time_ms: int) -> bytes:
    """One transparent pixel over what stands: the same picture once more, in about 60 bytes."""
    return _frame(_blank(), (1, 1), time_ms, blend=True)


@cache
def _blank() -> bytes:
    return still(Image.new("RGBA", (1, 1)), quality=0)


def _frame(picture: bytes, size: tuple[int, int], time_ms: int, blend: bool) -> bytes:
    head = _u24(0, 0, size[0] - 1, size[1] - 1, time_ms) + bytes([0 if blend else 0b10])
    return _chunk(b"ANMF", head + _pixels(picture))


def _pixels(picture: bytes) -> bytes:
    """The chunks of a still WebP that hold its pixels and its transparency."""
    kept = [part for part in parts(picture) if part.kind in (b"ALPH", b"VP8 ", b"VP8L")]
    return b"".join(_chunk(part.kind, picture[part.body : part.end]) for part in kept)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _u24(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(3, "little") for number in numbers)
