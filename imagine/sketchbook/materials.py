"""What all stages share: the art on the device, the tokenizer, phrases with their nearness, prompts for samples."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from imagine.sketchbook import canvas, data, model, sprites, vocabulary
from imagine.sketchbook.batches import Batch, Batches

PROMPTS = (
    "cat", "a happy dog on a red background", "automobile", "kitty", "pizza", "a red rose", "two penguins",
    "rocket", "a blue car", "an owl and a crown", "a house in the snow", "sailboat at sea", "grinning face",
    "a tiny mushroom", "robot in space", "strawberry, sticker", "a green dragon", "guitar",
    "bear on a yellow background", "ghost at night", "an apple on a book", "butterfly on grass", "birthday cake",
    "unicorn", "crab on the beach", "three balloons", "octopus, pixel art", "panda to the left of a tree", "teapot",
    "a purple umbrella", "sun", "burger and fries",
)  # fmt: skip

ON_CPU = 4


class Materials:
    """The pack, on a device. `phrases` [N, TOKENS] and `nearness` [N, width] belong together."""

    def __init__(self, path: Path, device: torch.device) -> None:
        self.device, self.art = device, sprites.load(path).to(device)
        with zipfile.ZipFile(path) as packed:
            self.saved = packed.read(data.TOKENIZER).decode()
            phrases, near = json.loads(packed.read(data.PHRASES)), np.load(io.BytesIO(packed.read(data.NEARNESS)))
        self.tokenizer = vocabulary.from_json(self.saved)
        self.start, self.end = int(self.tokenizer.bos_token_id), int(self.tokenizer.eos_token_id)
        self.phrases = vocabulary.tokens(self.tokenizer, phrases).to(device, torch.int32)
        self.nearness = torch.from_numpy(near).to(device)

    def text_encoder(self) -> Any:
        """A new one, with a word for each token."""
        return model.text_encoder(len(self.tokenizer), self.start, self.end).to(self.device)

    def batches(self, count: int, seed: int) -> Batches:
        return Batches(self.art.sprites, self.saved, count, seed)

    def examples(self, count: int) -> Batch:
        """Always the same scenes."""
        return next(iter(self.batches(count, 0))).to(self.device)._replace(width=model.SIDE, height=model.SIDE)

    def prompts(self) -> Tensor:
        """Always the same prompts, as tokens; few on a CPU, where a sample would take longer than the training."""
        told = PROMPTS if self.device.type == "cuda" else PROMPTS[:ON_CPU]
        return vocabulary.tokens(self.tokenizer, list(told)).to(self.device)

    def untold(self, tokens: Tensor) -> Tensor:
        """As many empty captions."""
        return vocabulary.tokens(self.tokenizer, [""]).to(self.device).expand(len(tokens), -1)

    def noise(self, count: int) -> Tensor:
        """Always the same noise, [count, 8, 16, 16]."""
        side, lots = model.SIDE // model.SCALE, torch.Generator().manual_seed(3)
        return torch.randn(count, model.CHANNELS, side, side, generator=lots).to(self.device)

    @torch.no_grad()
    def scale(self, autoencoder: nn.Module) -> float:
        """What latents are multiplied with to have a spread of 1: the `scaling_factor` of the finished autoencoder."""
        pictures = canvas.paint(self.art, self.examples(64).plans, model.SIDE, model.SIDE)
        return 1 / float(autoencoder.encoder(pictures).std())
