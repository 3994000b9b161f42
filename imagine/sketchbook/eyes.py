"""Eyes that name what a picture shows: the judge of evaluate.py. They learn from the art alone and never see what the
denoiser draws, so that their mistakes have nothing to do with its own."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from imagine.sketchbook import canvas
from imagine.sketchbook.batches import Batch
from imagine.sketchbook.materials import Materials
from imagine.sketchbook.stages import Stage

WIDTHS = (32, 64, 128, 256)
FEATURES = 128
# Cosines are so far apart at most; softmax needs more.
SHARPNESS = 24.0


class Eyes(nn.Module):
    """[B, 3, H, W] from -1 to 1 -> the cosine between the picture's features and those of each thing, [B, things]."""

    def __init__(self, things: int) -> None:
        super().__init__()
        levels: list[nn.Module] = []
        for before, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            levels += [nn.Conv2d(before, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            levels += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.levels = nn.Sequential(*levels)
        self.features = nn.Linear(WIDTHS[-1], FEATURES)
        self.things = nn.Parameter(torch.randn(things, FEATURES))

    def forward(self, pictures: Tensor) -> Tensor:
        # Over the whole picture, so that it can show several things.
        seen = self.features(self.levels(pictures).mean((2, 3)))
        return F.normalize(seen.float(), dim=-1) @ F.normalize(self.things, dim=-1).T


class Looking(Stage):
    """Which things a scene holds, whatever their size, place, colour and ground. Pictures are blurred at times, and
    noisy, as drawn ones are."""

    name, rate = "eyes", 2e-3

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.eyes = Eyes(len(materials.art.sprites)).to(self.device)
        self.trained = nn.ModuleDict({"eyes": self.eyes})

    def loss(self, batch: Batch) -> Tensor:
        pictures = self.pictures(batch)
        soft = F.interpolate(F.avg_pool2d(pictures, 2), scale_factor=2, mode="bilinear")
        pictures = torch.where(torch.rand(len(pictures), 1, 1, 1, device=self.device) < 0.4, soft, pictures)
        pictures = pictures + 0.05 * torch.randn_like(pictures)
        return F.cross_entropy(self.eyes(pictures) * SHARPNESS, self.materials.shares(batch))

    @torch.no_grad()
    def sample(self) -> Tensor:
        """No pictures, but how often one of a scene's things is named first."""
        self.eyes.eval()
        batch = self.materials.examples(256)
        first = self.eyes(canvas.paint(self.materials.art, batch.plans, 128, 128)).argmax(1)
        print(f"  names {(batch.plans.sprite == first[:, None]).any(1).float().mean():.1%} of real scenes rightly")
        return torch.zeros(0)
