"""What all stages share: the art on the device, what it looks like in numbers, the tokenizer, prompts for samples."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from imagine.sketchbook import canvas, data, model, sprites, vocabulary
from imagine.sketchbook.batches import Batch, Batches
from imagine.sketchbook.canvas import Plan

PROMPTS = (
    "cat", "a happy dog on a red background", "automobile", "kitty", "pizza", "a red rose", "two penguins",
    "rocket", "a blue car", "an owl and a crown", "a house in the snow", "sailboat at sea", "grinning face",
    "a tiny mushroom", "robot in space", "strawberry, sticker", "a green dragon", "guitar",
    "bear on a yellow background", "ghost at night", "an apple on a book", "butterfly on grass", "birthday cake",
    "unicorn", "crab on the beach", "three balloons", "octopus, pixel art", "panda to the left of a tree", "teapot",
    "a purple umbrella", "sun", "burger and fries",
)  # fmt: skip
# How many numbers say what a thing looks like, and how wide the pictures are that they are taken from.
CODES, SMALL = 160, 32
# With colour, place and whether it is there at all.
LOOKS = CODES + 8


class Materials:
    """The pack, on a device."""

    def __init__(self, path: Path, device: torch.device) -> None:
        self.device, self.art = device, sprites.load(path).to(device)
        with zipfile.ZipFile(path) as packed:
            self.saved, self.credits = packed.read(data.TOKENIZER).decode(), packed.read(data.CREDITS).decode()
        self.tokenizer = vocabulary.from_json(self.saved)
        self.codes = looks_of(self.art.pictures)
        self.start, self.end = int(self.tokenizer.bos_token_id), int(self.tokenizer.eos_token_id)

    def text_encoder(self) -> Any:
        """A new one, with a word for each token."""
        return model.text_encoder(len(self.tokenizer), self.start, self.end).to(self.device)

    def batches(self, count: int, seed: int, kin: bool = True) -> Batches:
        """Without `kin`, captions have only words that the packages give to a thing."""
        sprites = self.art.sprites if kin else tuple(replace(sprite, kin=()) for sprite in self.art.sprites)
        return Batches(sprites, self.saved, count, seed)

    def examples(self, count: int) -> Batch:
        """Always the same scenes."""
        return next(iter(self.batches(count, 0))).to(self.device)._replace(width=model.SIDE, height=model.SIDE)

    def prompts(self) -> Tensor:
        """Always the same prompts, as tokens."""
        return vocabulary.tokens(self.tokenizer, list(PROMPTS)).to(self.device)

    def looks(self, plans: Plan) -> Tensor:
        """What each thing of the scenes looks like and where it stands, [B, MOST_THINGS, LOOKS]; zeros for none."""
        tint = plans.tint.nan_to_num()
        is_tinted = ~plans.tint[..., :1].isnan()
        place = torch.cat((plans.middle, plans.size[..., None]), -1)
        there = (plans.sprite >= 0)[..., None]
        return torch.cat((self.codes[plans.sprite], tint, is_tinted, place, there), -1) * there

    def noise(self) -> Tensor:
        """Always the same noise for the prompts, [prompts, 8, 16, 16]."""
        side, lots = model.SIDE // model.SCALE, torch.Generator().manual_seed(3)
        return torch.randn(len(PROMPTS), model.CHANNELS, side, side, generator=lots).to(self.device)

    @torch.no_grad()
    def scale(self, autoencoder: nn.Module) -> float:
        """What latents are multiplied with to have a spread of 1: the `scaling_factor` of the finished autoencoder."""
        pictures = canvas.paint(self.art, self.examples(64).plans, model.SIDE, model.SIDE)
        return 1 / float(autoencoder.encoder(pictures).std())


def looks_of(pictures: Tensor) -> Tensor:
    """Drawings [N, 4, H, W] in bytes as CODES numbers each, near for what looks alike: [N, CODES], spread 1 on average.

    They are the main axes of the small pictures. The first axes hold most of the spread; its root keeps the others
    from vanishing beside them.
    """
    small = F.avg_pool2d(pictures.float() / 255, pictures.shape[2] // SMALL)
    small = torch.cat((small[:, :3] * small[:, 3:], small[:, 3:]), 1).flatten(1)
    axes, spread, _ = torch.linalg.svd(small - small.mean(0), full_matrices=False)
    codes = (axes * spread.sqrt())[:, :CODES]
    codes = F.pad(codes, (0, CODES - codes.shape[1]))
    return codes / codes.square().mean().sqrt()
