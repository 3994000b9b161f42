"""Measure the finished checkpoint: does it draw what it was told, and how fast?

    python -m imagine.sketchbook.evaluate FOLDER [--sheet contact.png]

Prints a Markdown table. Needs art.zip: a picture counts as right when the thing that was asked for is the nearest to it
(top 1), or among the five nearest (top 5), of all things of the art. By chance that is less than 1 in 100.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.diffusion.strokes import Stroke
from imagine.sketchbook import canvas
from imagine.sketchbook.captions import plural, with_article
from imagine.sketchbook.data import ART
from imagine.sketchbook.heldout import NAMES, ON, SYNONYMS, TINTED, TOGETHER
from imagine.sketchbook.materials import Materials
from imagine.sketchbook.model import SIDE
from imagine.sketchbook.palette import COLOURS, nearest
from imagine.sketchbook.scenes import LAYOUTS, Scene, Thing, shaken
from imagine.sketchbook.sheets import sheet
from imagine.sketchbook.sprites import Sprite
from imagine.sketches import sketcher

SEEDS = (1, 2, 3, 4)
TOP = 5
SMALL = 16
# So many real drawings are painted at once, and so many are judged.
AT_ONCE, REAL = 128, 400
EDGE = 4
# How far a pixel is from the ground to belong to a thing: the sum over three colours, each 0 to 1.
APART = 0.35
TIMED = 20
CORES = 2
ON_GPU = 64
# Everyday prompts with the grade that a person gave to each picture: 3 as asked, 2 the thing, 1 hardly, 0 not.
GRADED = Path(__file__).with_name("graded.json")


class Judge:
    """Tells which thing a picture shows: the one whose real drawing, in the same scene, has the nearest colours.

    Compared are the colours of SMALL x SMALL fields: they need no training, so nobody has to ask what they learned;
    they are blind to a shift of a few pixels; and they tell nearly all of the art apart. They do not see whether a
    picture is sharp.
    """

    def __init__(self, materials: Materials) -> None:
        self.materials = materials
        self.numbers: dict[str, int] = {}
        for number, sprite in enumerate(materials.art.sprites):
            self.numbers |= {sprite.name: number, sprite.char: number}

    def ranks(self, pictures: Tensor, wanted: Sequence[str], thing: Thing, ground: str = "") -> list[int]:
        """The place of each picture's wanted thing, by name or character, among the nearest: 0 is the nearest.

        `thing` says where and in which colour it is to be. Left or right of the middle, only that half is looked at.
        """
        seen, real = fields(pictures, thing.x), fields(self.drawn(thing, ground), thing.x)
        apart = torch.cdist(seen, real)
        own = apart.gather(1, torch.tensor([[self.numbers[one]] for one in wanted]))
        ranks: list[int] = (apart < own).sum(1).tolist()
        return ranks

    # The judge lives as long as the program.
    @cache  # noqa: B019
    def drawn(self, thing: Thing, ground: str) -> Tensor:
        """Every thing in that place, colour and scene, [things, 3, SIDE, SIDE]."""
        sprites = self.materials.art.sprites
        scenes = [
            Scene((replace(thing, sprite=number, tint=thing.tint if sprite.hue is not None else ""),), ground=ground)
            for number, sprite in enumerate(sprites)
        ]
        parts = [scenes[first : first + AT_ONCE] for first in range(0, len(scenes), AT_ONCE)]
        return torch.cat([canvas.paint(self.materials.art, canvas.plan(part), SIDE, SIDE).cpu() for part in parts])

    def real(self) -> list[bool]:
        """How often real drawings, shaken a little, are told rightly."""
        sprites, lots = self.materials.art.sprites, Random(1)
        scenes = [shaken(Scene((Thing(lots.randrange(len(sprites))),)), lots) for _ in range(REAL)]
        pictures = canvas.paint(self.materials.art, canvas.plan(scenes), SIDE, SIDE).cpu()
        ranks = self.ranks(pictures, [sprites[scene.things[0].sprite].name for scene in scenes], Thing(0))
        return [rank < 1 for rank in ranks]


def fields(pictures: Tensor, x: float) -> Tensor:
    """The mean colours of SMALL x SMALL fields, [B, numbers]; only those of the half in which `x` is."""
    small = F.avg_pool2d(pictures, pictures.shape[-1] // SMALL)
    halves = {-1: small[..., : SMALL // 2], 0: small, 1: small[..., SMALL // 2 :]}
    return halves[(x > 0) - (x < 0)].flatten(1)


def draw(painter: Renderer, prompts: Sequence[str], seed: int) -> Tensor:
    """One picture for each prompt, [prompts, 3, H, W] from -1 to 1."""
    side = painter.recipe.live_size
    painted = painter.paint([Stroke(prompt, seed + 100 * number, side, side) for number, prompt in enumerate(prompts)])
    return torch.stack([tensor(one.image) for one in painted])


def tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 127.5 - 1


def rows(painter: Renderer, judge: Judge, most: int) -> Iterator[tuple[str, str, str]]:
    """What is measured, what came out, what was aimed for; `most` limits the prompts of each kind."""
    names, synonyms = [(name, name) for name in NAMES[:most]], SYNONYMS[:most]
    yield from told_rightly("names", names, nearest_of(painter, judge, names), "≥ 85 %")
    ranks, met = nearest_of(painter, judge, synonyms), words_of(judge.materials.art.sprites)
    yield from told_rightly("synonyms", synonyms, ranks, "≥ 60 %")
    new = [number for number, (word, _) in enumerate(synonyms) if word not in met]
    yield from told_rightly(
        "synonyms that no caption had", [synonyms[number] for number in new], [ranks[number] for number in new], ""
    )
    kinds = {
        "a thing on a coloured ground": list(on_grounds(painter, judge, most)),
        "a thing in another colour": list(in_colours(painter, judge, most)),
        "two things": list(in_pairs(painter, judge, most)),
    }
    for title, right in kinds.items():
        yield f"{title}, top {TOP}", share(right), ""
    yield "composed scenes, all three", share([one for right in kinds.values() for one in right]), "≥ 60 %"
    yield "real drawings, told rightly by the judge", share(judge.real()), ""


def nearest_of(painter: Renderer, judge: Judge, told: Sequence[tuple[str, str]]) -> list[list[int]]:
    """For each word and its thing the thing's place among the nearest, with each seed."""
    words, wanted = [word for word, _ in told], [thing for _, thing in told]
    by_seed = [judge.ranks(draw(painter, words, seed), wanted, Thing(0)) for seed in SEEDS]
    return [list(ranks) for ranks in zip(*by_seed, strict=True)]


def told_rightly(
    title: str, told: Sequence[tuple[str, str]], ranks: Sequence[Sequence[int]], aim: str
) -> Iterator[tuple[str, str, str]]:
    """The rows for words: how often their thing is the nearest, and among the nearest."""
    for most, wanted in ((1, ""), (TOP, aim)):
        right = [rank < most for each in ranks for rank in each]
        yield f"{title}, top {most}", f"{share(right)} pictures, {len(told)} words", wanted


def words_of(sprites: Sequence[Sprite]) -> set[str]:
    """All that captions can call things."""
    said = {word for one in sprites for word in (one.name, *one.nouns, *one.tags, *one.kin)}
    return said | {plural(word) for word in said}


def on_grounds(painter: Renderer, judge: Judge, most: int) -> Iterator[bool]:
    for thing, colour in ON[:most]:
        picture = draw(painter, [f"{with_article(thing)} on a {colour} background"], 1)
        [rank] = judge.ranks(picture, [thing], Thing(0), colour)
        yield rank < TOP and closest(edge(picture[0])) == colour


def in_colours(painter: Renderer, judge: Judge, most: int) -> Iterator[bool]:
    for thing, colour in TINTED[:most]:
        picture = draw(painter, [with_article(f"{colour} {thing}")], 1)
        [rank] = judge.ranks(picture, [thing], Thing(0, tint=colour))
        yield rank < TOP and main_colour(picture[0]) == colour


def in_pairs(painter: Renderer, judge: Judge, most: int) -> Iterator[bool]:
    left, right, size = LAYOUTS["and"]
    for pair in TOGETHER[:most]:
        picture = draw(painter, [" and ".join(with_article(name) for name in pair)], 1)
        places = [Thing(0, x, y, size) for x, y in (left, right)]
        yield all(judge.ranks(picture, [name], thing)[0] < TOP for name, thing in zip(pair, places, strict=True))


def edge(picture: Tensor) -> Tensor:
    """The usual colour along a picture's upper corners, [3] from 0 to 1."""
    corners = torch.cat((picture[:, :EDGE, :16].flatten(1), picture[:, :EDGE, -16:].flatten(1)), 1)
    return (corners.median(1).values + 1) / 2


def closest(colour: Tensor) -> str:
    """The colour word nearest to [3] from 0 to 1."""
    return min(COLOURS, key=lambda word: float((colour - torch.tensor(COLOURS[word])).square().sum()))


def main_colour(picture: Tensor) -> str:
    """The colour word that most coloured pixels of the things in a picture have."""
    colours = (picture + 1) / 2
    thing = (colours - edge(picture)[:, None, None]).abs().sum(0) > APART
    coloured = thing & (colours.amax(0) - colours.amin(0) > 0.2)
    if not coloured.any():
        return ""
    words = [nearest(float(hue)) for hue in canvas.hue_of(colours[None])[0, 0][coloured]]
    return max(set(words), key=words.count)


def milliseconds(painter: Renderer) -> tuple[float, float]:
    """For one picture on CORES cores, words in, pixels out: the middle of TIMED, and the least, when others rest."""
    before = torch.get_num_threads()
    torch.set_num_threads(CORES)
    times = []
    for seed in range(TIMED + 1):
        begin = time.perf_counter()
        draw(painter, ["a happy dog on a red background"], seed)
        times.append((time.perf_counter() - begin) * 1000)
    torch.set_num_threads(before)
    return float(np.median(times[1:])), min(times[1:])


def share(right: Sequence[bool]) -> str:
    return f"{sum(right) / max(len(right), 1):.0%} of {len(right)}"


def loaded(folder: Path, device: str) -> Renderer:
    """The checkpoint as Chaski loads it, in full precision."""
    batch = 1 if device == "cpu" else ON_GPU
    return Renderer.load(find(str(folder), folder.parent), RenderOptions(device, "float32", batch=batch))


def reader(folder: Path) -> Renderer:
    """The checkpoint as people meet it: their prompts are read first."""
    return sketcher.load(find(str(folder), folder.parent), RenderOptions("cpu", "float32"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--most", type=int, default=200, help="prompts of each kind")
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    parser.add_argument("--time", action="store_true", help="only how long a picture takes, on the CPU")
    told = parser.parse_args()
    painter = loaded(told.folder, "cpu" if told.time else told.device)
    if told.sheet:
        graded = json.loads(GRADED.read_text("utf-8"))
        labels = [f"{prompt} ({grade})" for prompt, grade in graded.items()]
        sheet(draw(reader(told.folder), list(graded), 0), labels).save(told.sheet)
        print(f"mean grade {sum(graded.values()) / len(graded):.2f}")
        return
    print("| Measured | Reached | Aim |\n| --- | --- | --- |", flush=True)
    if told.time:
        middle, least = milliseconds(painter)
        print(f"| milliseconds for a picture on {CORES} cores | {middle:.0f}, at best {least:.0f} | ≤ 300 |")
        return
    for row in rows(painter, Judge(Materials(told.art, torch.device("cpu"))), told.most):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
