"""Animated WebP put together from still ones, so that each frame stays a frame.

libwebp's own animation encoder merges equal frames into one. The container is described in RFC 9649, "WebP Image
Format", section 2: chunks of a four-letter name, a length of four bytes, and data padded to an even length.
"""

import struct
from collections.abc import Iterator, Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise

from PIL import Image

ANIMATED, ALPHA = 0x02, 0x10
FOR_EVER = 0
METHOD = 4
"""How hard libwebp tries, 0 to 6: its own choice. Lower is faster and larger."""


def still(image: Image.Image, quality: int) -> bytes:
    """A lossy WebP of `image` (RGB or RGBA); `quality` 0 to 100."""
    data = BytesIO()
    image.save(data, "WEBP", quality=quality, method=METHOD)
    return data.getvalue()


def animation(frames: Sequence[Image.Image], times_ms: Sequence[int], quality: int) -> bytes:
    """A loop without end: each of `frames` (all of one size and mode) stands for its time, below 2^24 ms."""
    width, height = frames[0].size
    again = [False, *(frame == before for before, frame in pairwise(frames))]
    flags = ANIMATED | (ALPHA if any(again) or frames[0].mode == "RGBA" else 0)
    shown = (
        _nothing_new(time_ms) if same else _picture(frame, time_ms, quality)
        for frame, time_ms, same in zip(frames, times_ms, again, strict=True)
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
    return _chunk(b"ANMF", head + b"".join(_chunk(name, data) for name, data in _pixels(picture)))


def _pixels(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a still WebP that hold its pixels and its transparency."""
    at = len(b"RIFF....WEBP")
    while at < len(picture):
        name, length = struct.unpack_from("<4sI", picture, at)
        if name in (b"ALPH", b"VP8 ", b"VP8L"):
            yield name, picture[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _u24(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(3, "little") for number in numbers)
