"""A pack with a handful of drawings made here, for the tests of the sketchbook."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from imagine.sketchbook import data, vocabulary
from imagine.sketchbook.sentences import WIDTH
from imagine.sketchbook.sprites import SIDE, Sprite, pack

# Name, colour, hue, other nouns, tags.
THINGS = (
    ("ball", "red", 0, ("sphere",), ("toy",)),
    ("box", "blue", 240, ("crate",), ()),
    ("leaf", "green", 120, (), ("plant",)),
    ("coin", "gold", None, ("money",), ()),
)


def small_pack(path: Path) -> Path:
    """Write the pack: each thing is a disk in its colour, flat in half its size."""
    drawn = []
    for number, (name, colour, hue, nouns, tags) in enumerate(THINGS):
        files = {f"{number}-solid.webp": disk(colour, SIDE), f"{number}-flat.webp": disk(colour, SIDE // 2)}
        solid, flat = files
        drawn.append((Sprite(name, name[0], "object", "tool", nouns, tags, solid, flat, hue), files))
    phrases = [name for name, *_ in THINGS]
    with io.BytesIO() as out:
        np.save(out, np.eye(len(phrases), WIDTH, dtype=np.float16))
        nearness = out.getvalue()
    captions = data.captions_for([sprite for sprite, _ in drawn], 200)
    others = {
        data.PHRASES: json.dumps(phrases).encode(),
        data.NEARNESS: nearness,
        data.TOKENIZER: vocabulary.learn(captions, 500).encode(),
    }
    pack(path, drawn, others)
    return path


def disk(colour: str, side: int) -> Image.Image:
    """A disk of `side` pixels in the middle of a clear picture."""
    image = Image.new("RGBA", (SIDE, SIDE))
    edge = (SIDE - side) // 2
    ImageDraw.Draw(image).ellipse((edge, edge, SIDE - edge - 1, SIDE - edge - 1), fill=colour)
    return image
