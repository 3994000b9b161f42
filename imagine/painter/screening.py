"""The NSFW check of previews while somebody types, which does not look twice at nearly the same pixels."""

from collections import OrderedDict
from uuid import UUID

from PIL import Image, ImageChops

from imagine import safety

# What is compared: the mean colours of so many parts of a picture, a side. In each they may differ by so much of 255.
PARTS = 16
MOST_DIFFERENCE = 6
# One that came nearer to what is refused is looked at every time.
SURE = safety.MOST_NAKEDNESS / 4
MOST_CANVASES = 1_000


class Screening:
    """The last look at each canvas: a look takes a fifth of the time of a small preview."""

    def __init__(self) -> None:
        self._seen: OrderedDict[UUID, Image.Image] = OrderedDict()

    def check(self, canvas: UUID, image: Image.Image) -> None:
        """Raises RefusedPixelsError where the preview shows nakedness.

        One that differs little from the last one of its canvas that was looked at is as harmless as that: many small
        changes are a large one.
        """
        parts = image.convert("RGB").resize((PARTS, PARTS), Image.Resampling.BOX)
        if (before := self._seen.get(canvas)) and _difference(before, parts) <= MOST_DIFFERENCE:
            self._seen.move_to_end(canvas)
            return
        self._seen.pop(canvas, None)
        if safety.check_pixels(image) > SURE:
            return
        self._seen[canvas] = parts
        if len(self._seen) > MOST_CANVASES:
            self._seen.popitem(last=False)


def _difference(before: Image.Image, after: Image.Image) -> int:
    """The largest, in any part and colour, from 0 to 255."""
    # Of an RGB picture: the least and the most of each colour.
    bands: list[tuple[int, int]] = ImageChops.difference(before, after).getextrema()  # type: ignore[assignment]
    return max(most for _, most in bands)
