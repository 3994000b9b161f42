"""Measure the finished checkpoint: does it draw what it was told, and how fast?

    python -m imagine.sketchbook.evaluate FOLDER [--sheet contact.png]

Prints a Markdown table. Needs art.zip and the trained eyes (see eyes.py): a picture counts as right when the thing that
was asked for is the nearest (top 1), or among the five nearest (top 5), to it in their features. They were trained on
the same art, for no packaged network knows stickers; and on nothing that the denoiser drew.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imagine.checkpoint import find
from imagine.pipeline import Painter
from imagine.recipes import PainterOptions
from imagine.sketchbook import canvas
from imagine.sketchbook.data import ART
from imagine.sketchbook.eyes import Eyes
from imagine.sketchbook.heldout import NAMES, ON, SYNONYMS, TINTED, TOGETHER
from imagine.sketchbook.materials import PROMPTS, Materials
from imagine.sketchbook.palette import COLOURS, nearest
from imagine.sketchbook.sheets import sheet
from imagine.sketchbook.train import RUN
from imagine.sketchbook.weights import load_into
from imagine.strokes import Stroke

SEEDS = (1, 2, 3, 4)
TOP = 5
EDGE = 4
# How far a pixel is from the ground to belong to a thing: the sum over three colours, each 0 to 1.
APART = 0.35
TIMED = 20
CORES = 2
ON_GPU = 64
MORE_PROMPTS = (
    "dog", "doggy", "a smiling cat", "tiger", "three red apples", "a pink elephant", "moon at night", "pineapple",
    "fire", "a tree on grass", "lion on a green background", "rainbow", "violin", "a white rabbit in the snow",
    "burger", "soccer ball on grass", "a yellow submarine", "castle at sunset", "shark at sea",
    "airplane in the sky", "a huge bee", "key", "heart", "a frog with a crown", "coffee, sticker", "snowman", "hat",
    "a turtle and a snail", "alien in space", "gift", "bicycle", "sad face",
)  # fmt: skip


class Judge:
    """Looks at pictures with the trained eyes."""

    def __init__(self, materials: Materials, run: Path) -> None:
        self.materials = materials
        self.eyes = Eyes(len(materials.art.sprites))
        load_into(self.eyes, run / "eyes" / "average.safetensors", "eyes")
        self.eyes.to(materials.device).eval()
        self.numbers: dict[str, int] = {}
        for number, sprite in enumerate(materials.art.sprites):
            self.numbers |= {sprite.name: number, sprite.char: number}

    @torch.no_grad()
    def ranks(self, pictures: Tensor, wanted: Sequence[str]) -> list[int]:
        """The place of each picture's wanted thing, by name or character, among the nearest: 0 is the nearest."""
        near = self.eyes(pictures.to(self.materials.device)).cpu()
        own = near.gather(1, torch.tensor([[self.numbers[one]] for one in wanted]))
        ranks: list[int] = (near > own).sum(1).tolist()
        return ranks

    def best(self) -> float:
        """How often the eyes themselves name a thing of a real scene rightly: no checkpoint can look better."""
        scenes = self.materials.examples(512)
        pictures = canvas.paint(self.materials.art, scenes.plans, scenes.height, scenes.width)
        with torch.no_grad():
            first = self.eyes(pictures).argmax(1)
        return float((scenes.plans.sprite == first[:, None]).any(1).float().mean())


def draw(painter: Painter, prompts: Sequence[str], seed: int) -> Tensor:
    """One picture for each prompt, [prompts, 3, H, W] from -1 to 1."""
    side = painter.recipe.live_size
    painted = painter.paint([Stroke(prompt, seed + 100 * number, side, side) for number, prompt in enumerate(prompts)])
    return torch.stack([tensor(one.image) for one in painted])


def tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 127.5 - 1


def rows(painter: Painter, judge: Judge, most: int) -> Iterator[tuple[str, str, str]]:
    """What is measured, what came out, what was aimed for; `most` limits the prompts of each kind."""
    names = [(name, name) for name in NAMES[:most]]
    for title, told, aim in (("names", names, "≥ 85 %"), ("synonyms", SYNONYMS[:most], "≥ 60 %")):
        ranks = [
            rank
            for seed in SEEDS
            for rank in judge.ranks(draw(painter, [words for words, _ in told], seed), [wanted for _, wanted in told])
        ]
        yield f"{title}, top 1", share([rank < 1 for rank in ranks]), ""
        yield f"{title}, top {TOP}", share([rank < TOP for rank in ranks]), aim
    right = [*on_grounds(painter, judge, most), *in_colours(painter, judge, most), *in_pairs(painter, judge, most)]
    yield "composed scenes, object and colour", share(right), "≥ 60 %"
    yield "real art, named rightly by the judge itself", f"{judge.best():.0%}", ""


def on_grounds(painter: Painter, judge: Judge, most: int) -> list[bool]:
    pictures = draw(painter, [f"a {thing} on a {colour} background" for thing, colour in ON[:most]], 1)
    ranks = judge.ranks(pictures, [thing for thing, _ in ON[:most]])
    grounds = [closest(edge(picture)) for picture in pictures]
    return [rank < TOP and ground == told[1] for rank, ground, told in zip(ranks, grounds, ON[:most], strict=True)]


def in_colours(painter: Painter, judge: Judge, most: int) -> list[bool]:
    pictures = draw(painter, [f"a {colour} {thing}" for thing, colour in TINTED[:most]], 1)
    ranks = judge.ranks(pictures, [thing for thing, _ in TINTED[:most]])
    seen = [main_colour(picture) for picture in pictures]
    return [rank < TOP and colour == told[1] for rank, colour, told in zip(ranks, seen, TINTED[:most], strict=True)]


def in_pairs(painter: Painter, judge: Judge, most: int) -> list[bool]:
    pairs = TOGETHER[:most]
    pictures = draw(painter, [f"a {first} and a {second}" for first, second in pairs], 1)
    firsts, seconds = (judge.ranks(pictures, [pair[place] for pair in pairs]) for place in (0, 1))
    return [max(both) < TOP for both in zip(firsts, seconds, strict=True)]


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


def milliseconds(painter: Painter) -> tuple[float, float]:
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


def loaded(folder: Path, device: str) -> Painter:
    """The checkpoint as Chaski loads it, in full precision."""
    batch = 1 if device == "cpu" else ON_GPU
    return Painter.load(find(str(folder), folder.parent), PainterOptions(device, "float32", batch=batch))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("--run", type=Path, default=RUN, help="where the eyes are")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--most", type=int, default=200, help="prompts of each kind")
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    parser.add_argument("--time", action="store_true", help="only how long a picture takes, on the CPU")
    told = parser.parse_args()
    painter = loaded(told.folder, "cpu" if told.time else told.device)
    if told.sheet:
        sheet(draw(painter, [*PROMPTS, *MORE_PROMPTS], 1)).save(told.sheet)
    print("| Measured | Reached | Aim |\n| --- | --- | --- |", flush=True)
    if told.time:
        middle, least = milliseconds(painter)
        print(f"| milliseconds for a picture on {CORES} cores | {middle:.0f}, at best {least:.0f} | ≤ 300 |")
        return
    for row in rows(painter, Judge(Materials(told.art, torch.device(told.device)), told.run), told.most):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
