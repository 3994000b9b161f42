"""Write what the checkpoint has words for, so that prompts can be read before it draws: things.json beside its weights.

    python -m imagine.sketchbook.lexicon FOLDER

A thing's `key` is the ground on which it is cut out best: of several, the one where the cut has most in common with the
real drawing. `everyday.txt` is written by hand: what people say, also in other languages. `near` are the words that
keywords and kin give to a thing, of which about one in four is given to the wrong one.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from imagine.sketchbook.data import ART
from imagine.sketchbook.evaluate import draw, loaded
from imagine.sketchbook.heldout import WITHHELD
from imagine.sketchbook.sources import USUAL
from imagine.sketchbook.sprites import Art, Sprite, load
from imagine.sketches.cutting import opacity
from imagine.sketches.lexicon import FILE

KEYS = ("green", "blue", "purple", "black", "red")
EVERYDAY = Path(__file__).with_name("everyday.txt")
# Of the words that are only near: verbs and rare names of several words would be taken for things.
PLAIN = re.compile("[a-z]{4,14}")
# The share of the picture that a thing is wide.
SHARE = 0.8
SIDE = 128


def words(sprites: tuple[Sprite, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """The thing of each word: of those that are sure, and of those that are near. Emoji are words too."""
    by_char = {sprite.char: sprite.name for sprite in sprites}
    lines = (line.partition(": ") for line in EVERYDAY.read_text("utf-8").splitlines())
    everyday = {word: name for name, _, said in lines for word in said.split(", ")}
    sure = {sprite.name: sprite.name for sprite in sprites}
    for found in (everyday, {word: by_char[char] for char, word in WITHHELD.items() if char in by_char}, by_char):
        sure = {**found, **sure}
    sure = {**{word: by_char[char] for word, char in USUAL.items() if char in by_char}, **sure}
    near: dict[str, str] = {}
    for said in ("nouns", "kin"):
        for sprite in sprites:
            for word in getattr(sprite, said):
                if word not in sure and PLAIN.fullmatch(word) and not word.endswith("ing"):
                    near.setdefault(word, sprite.name)
    return sure, near


def keys(folder: Path, art: Art) -> list[str]:
    """For each thing the ground on which it is cut out best."""
    painter = loaded(folder, "cpu")
    painter.batch = 16
    real = F.interpolate(art.pictures[:, 3:].float() / 255, round(SIDE * SHARE), mode="area")[:, 0]
    real = F.pad(real, [(SIDE - real.shape[-1]) // 2, SIDE - real.shape[-1] - (SIDE - real.shape[-1]) // 2] * 2)
    shared = [
        alike(draw(painter, [f"{one.name} on a {key} background" for one in art.sprites], 1), real) for key in KEYS
    ]
    return [KEYS[number] for number in torch.stack(shared).argmax(0).tolist()]


def alike(pictures: Tensor, real: Tensor) -> Tensor:
    """How much of what is opaque in a cut or in the drawing is so in both, [N]."""
    pixels = ((pictures + 1) / 2).permute(0, 2, 3, 1).numpy()
    seen = torch.from_numpy(np.stack([opacity(one) for one in pixels]))
    return torch.minimum(seen, real).sum((1, 2)) / torch.maximum(seen, real).sum((1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--art", type=Path, default=ART)
    told = parser.parse_args()
    art = load(told.art)
    sure, near = words(art.sprites)
    things = {
        one.name: {"key": key, "tinted": one.hue is not None}
        for one, key in zip(art.sprites, keys(told.folder, art), strict=True)
    }
    said = json.dumps({"things": things, "words": sure, "near": near}, ensure_ascii=False, separators=(",", ":"))
    (told.folder / FILE).write_text(said + "\n", "utf-8")
    print(f"{len(things)} things, {len(sure)} sure words, {len(near)} near ones")


if __name__ == "__main__":
    main()
