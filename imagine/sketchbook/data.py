"""Fetch the art, pack it into one file, and look at what is made of it.

python -m imagine.sketchbook.data fetch      the packages, from npm and pip
python -m imagine.sketchbook.data pack       art.zip: sprites, names and other words for them, tokenizer
python -m imagine.sketchbook.data look       scenes.png: 64 scenes, their captions printed
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import torch
from PIL import Image

from imagine.sketchbook import canvas, kin, sentences, sources, sprites, vocabulary, wordnet
from imagine.sketchbook.captions import caption
from imagine.sketchbook.packages import ALL, fetch, place
from imagine.sketchbook.scenes import draw
from imagine.sketchbook.sheets import sheet
from imagine.sketchbook.sprites import Sprite

FOLDER = Path("var/sketchbook")
PACKAGES, ART = FOLDER / "packages", FOLDER / "art.zip"
TOKENIZER, CREDITS = "tokenizer.json", "CREDITS.txt"
CAPTIONS = 60_000
MOST_USED_NOUNS = 6_000

Drawn = tuple[Sprite, Image.Image]


def pack() -> None:
    """Write the one file that the training needs. Needs the packages, a few minutes, and no network."""
    drawn = with_kin(list(sources.drawn(PACKAGES)))
    things = [sprite for sprite, _ in drawn]
    others = {
        TOKENIZER: vocabulary.learn(texts(things)).encode(),
        CREDITS: "\n".join(package.credit for package in ALL if package.credit).encode(),
    }
    # A training may read the old one at this moment.
    new = ART.with_suffix(".new")
    sprites.pack(new, drawn, others)
    new.replace(ART)
    print(f"{ART}: {len(things)} things, {ART.stat().st_size / 1e6:.1f} MB")


def with_kin(drawn: list[Drawn]) -> list[Drawn]:
    """The same things, each with the words that are drawn as it."""
    known = wordnet.read(place(PACKAGES, wordnet.PACKAGE) / "package" / "dict")
    encode = partial(sentences.encode, place(PACKAGES, sentences.PACKAGE))
    found = kin.kin([sprite for sprite, _ in drawn], known, encode)
    return [(replace(sprite, kin=words), drawing) for (sprite, drawing), words in zip(drawn, found, strict=True)]


def texts(things: list[Sprite]) -> list[str]:
    """What the tokenizer is learned from: captions, all words for things, and usual nouns with what they mean."""
    said = [word for thing in things for word in (thing.name, *thing.nouns, *thing.tags, *thing.kin)]
    nouns = wordnet.read(place(PACKAGES, wordnet.PACKAGE) / "package" / "dict").explained(MOST_USED_NOUNS)
    return [*captions_for(things, CAPTIONS), *dict.fromkeys([*said, *nouns])]


def captions_for(things: list[Sprite], count: int) -> list[str]:
    lots = Random(5)
    return [caption(draw(things, lots), things, lots) for _ in range(count)]


def look(path: Path = FOLDER / "scenes.png", seed: int = 1) -> None:
    """Draw 64 scenes onto one sheet, and print their captions."""
    art, lots = sprites.load(ART), Random(seed)
    scenes = [draw(art.sprites, lots) for _ in range(64)]
    for scene in scenes:
        print(caption(scene, art.sprites, lots))
    torch.set_num_threads(1)
    sheet(canvas.paint(art, canvas.plan(scenes), 128, 128)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fetch", "pack", "look"))
    match parser.parse_args().what:
        case "fetch":
            fetch(PACKAGES)
        case "pack":
            pack()
        case _:
            look()


if __name__ == "__main__":
    main()
