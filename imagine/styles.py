"""The styles of pictures, each a few words that are appended to the prompt."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Style(NamedTuple):
    """A name for people, and the words for the model."""

    label: "str | Promise"
    words: str


STYLES: dict[str, Style] = {
    "photo": Style(_("Photo"), "natural photograph, soft daylight, fine detail"),
    "watercolor": Style(_("Watercolor"), "loose watercolor painting, wet paper, gentle washes"),
    "oil": Style(_("Oil paint"), "oil painting, thick brush strokes, canvas texture"),
    "pencil": Style(_("Pencil"), "graphite pencil drawing, fine hatching, white paper"),
    "ink": Style(_("Ink"), "black ink drawing, bold brush lines, white background"),
    "anime": Style(_("Anime"), "anime illustration, clean lines, bright flat colors"),
    "clay": Style(_("Clay"), "stop motion clay figure, soft studio light"),
    "pixel": Style(_("Pixels"), "pixel art, small palette, crisp square pixels"),
    "paper": Style(_("Paper cut"), "layered paper cut art, soft shadows"),
    "woven": Style(_("Woven"), "andean woven textile, wool threads, geometric bands"),
    "neon": Style(_("Neon"), "glowing neon lights, dark night, reflections"),
    "toy": Style(_("Toy"), "smooth 3d toy render, round shapes, pastel colors"),
}
