"""Icons of sites, decoded and encoded anew. Runs in a child process (`reader.py`): what it is given is hostile."""

import warnings
from io import BytesIO

from PIL import Image

SIDE = 32
# No icon has more; checked before anything is decoded.
MOST_SIDE = 1_024
FORMATS = ("PNG", "ICO", "GIF", "JPEG", "WEBP")
# What Pillow raises for broken files, by way of its readers for each format.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, MemoryError)


class NotAnIconError(Exception):
    """No picture, a broken one, or one that is too large."""


def read_icon(data: bytes) -> bytes:
    """A PNG of 32 by 32 pixels without metadata, of the first frame. Raises NotAnIconError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _drawn(data)
    except (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAnIconError(type(error).__name__) from error


def _drawn(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.format == "ICO":
            # It holds several; the smallest that is large enough needs the least work.
            sizes = sorted(image.info.get("sizes", {image.size}))
            size = next((size for size in sizes if min(size) >= SIDE), sizes[-1])
            image.size = size  # type: ignore[misc]
        if not (0 < image.width <= MOST_SIDE and 0 < image.height <= MOST_SIDE):
            raise NotAnIconError("size")
        picture = image.convert("RGBA")
    picture.thumbnail((SIDE, SIDE))
    # A new image, so that no metadata is copied.
    clean = Image.new("RGBA", (SIDE, SIDE))
    clean.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    out = BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()
