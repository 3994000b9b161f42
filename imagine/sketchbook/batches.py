"""Endless batches of scenes with their captions, made beside the training."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from imagine.shapes import SHAPES
from imagine.sketchbook import vocabulary
from imagine.sketchbook.canvas import Plan, plan
from imagine.sketchbook.captions import caption
from imagine.sketchbook.model import SIDE
from imagine.sketchbook.scenes import draw, shaken
from imagine.sketchbook.sprites import Sprite

SQUARE = (SIDE, SIDE)
# Width and height of the others in which people draw.
OTHERS = tuple(size for shape in SHAPES.values() if (size := shape.size(SIDE)) != SQUARE)
# So many batches of a hundred are not square.
OTHERS_PERCENT = 6


def still(count: int) -> int:
    """How many scenes of a batch stand as their captions say; the rest, an eighth, is shaken."""
    return count - count // 8


class Batch(NamedTuple):
    """B scenes to be drawn `width` x `height`, and their captions as `tokens` [B, TOKENS]; the last ones are shaken."""

    plans: Plan
    tokens: Tensor
    width: int
    height: int

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.plans.to(device), self.tokens.to(device, non_blocking=True), self.width, self.height)


class Batches(IterableDataset[Batch]):
    """Batches of `count`, other ones for each `seed` and each worker."""

    def __init__(self, sprites: tuple[Sprite, ...], saved: str, count: int, seed: int) -> None:
        self.sprites, self.saved, self.count, self.seed = sprites, saved, count, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        lots = Random(self.seed * 1000 + (worker.id if worker else 0))
        tokenizer = vocabulary.from_json(self.saved)
        while True:
            scenes = [draw(self.sprites, lots) for _ in range(self.count)]
            scenes = scenes[: still(self.count)] + [shaken(scene, lots) for scene in scenes[still(self.count) :]]
            told = [caption(scene, self.sprites, lots) for scene in scenes]
            width, height = lots.choice(OTHERS) if lots.randrange(100) < OTHERS_PERCENT else SQUARE
            yield Batch(plan(scenes), vocabulary.tokens(tokenizer, told), width, height)


def loader(dataset: Batches, workers: int, pinned: bool) -> Iterator[Batch]:
    """The batches, made by so many processes beside this one; 0 makes them here."""
    return iter(
        DataLoader(
            dataset,
            batch_size=None,
            num_workers=workers,
            pin_memory=pinned,
            prefetch_factor=4 if workers else None,
        )
    )
