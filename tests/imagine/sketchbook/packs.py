"""A pack with a handful of drawings made here, for the tests of the sketchbook."""

from pathlib import Path

from PIL import Image, ImageDraw

from imagine.sketchbook import data, vocabulary
from imagine.sketchbook.sprites import SIDE, Sprite, pack

# Name, colour, hue, other nouns, tags.
THINGS = (
    ("ball", "red", 0, ("sphere",), ("toy",)),
    ("box", "blue", 240, ("crate",), ()),
    ("leaf", "green", 120, (), ("plant",)),
    ("coin", "gold", None, ("money",), ()),
)


def small_pack(path: Path) -> Path:
    """Write the pack: each thing is a disk in its colour."""
    drawn = [
        (Sprite(name, name[0], "object", "tool", nouns, tags, f"{name}.webp", hue), disk(colour))
        for name, colour, hue, nouns, tags in THINGS
    ]
    captions = data.captions_for([sprite for sprite, _ in drawn], 200)
    others = {data.TOKENIZER: vocabulary.learn(captions, 500).encode(), data.CREDITS: b"Drawn here."}
    pack(path, drawn, others)
    return path


def disk(colour: str) -> Image.Image:
    """A disk in a clear picture."""
    image = Image.new("RGBA", (SIDE, SIDE))
    ImageDraw.Draw(image).ellipse((0, 0, SIDE - 1, SIDE - 1), fill=colour)
    return image
