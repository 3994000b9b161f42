"""The stages of the training: what each one trains, and what it counts as wrong."""

from abc import ABC, abstractmethod
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from imagine.sketchbook import canvas, model
from imagine.sketchbook.batches import Batch
from imagine.sketchbook.materials import Materials
from imagine.sketchbook.weights import load_into

# Noise on the latents while the decoder learns: the denoiser's are never quite right either.
BLUR = 0.1
# How much the latents' spread counts beside the picture's likeness.
SPREAD = 0.01
NEARNESS = 0.3
GUIDANCE = 3.0
# The teacher's small steps within one large one of the student.
SMALL_STEPS = 4


class Stage(ABC):
    """One stage. `trained` are the modules that it changes; their weights are what it saves."""

    name: ClassVar[str]
    rate: ClassVar[float]
    # Scenes in a batch on a GPU; a CPU takes a few.
    together: ClassVar[int] = 512
    trained: nn.ModuleDict

    def __init__(self, materials: Materials, folder: Path) -> None:
        self.materials, self.device, self.folder = materials, materials.device, folder

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """How wrong it is on a batch: one number."""

    @abstractmethod
    def sample(self) -> Tensor:
        """Pictures to look at, [B, 3, H, W] from -1 to 1."""

    def compiled(self) -> None:  # noqa: B027
        """Make it faster, where compiling takes less time than it saves: not here."""

    def pictures(self, batch: Batch) -> Tensor:
        """What the scenes look like, [B, 3, H, W] from -1 to 1."""
        with torch.no_grad():
            return canvas.paint(self.materials.art, batch.plans, batch.height, batch.width)

    def earlier(self, stage: str, module: nn.Module, part: str) -> nn.Module:
        """`module` with the averaged weights of an earlier stage, which does not change them any more."""
        load_into(module, self.folder / stage / "average.safetensors", part)
        return module.to(self.device).eval().requires_grad_(False)


class Autoencoder(Stage):
    """Pictures to latents and back. Latents should spread like normal noise, and stand some."""

    name, rate, together = "autoencoder", 1e-3, 192

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.autoencoder = model.autoencoder().to(self.device)
        self.trained = nn.ModuleDict({"autoencoder": self.autoencoder})

    def loss(self, batch: Batch) -> Tensor:
        pictures = self.pictures(batch)
        latents = self.autoencoder.encoder(pictures)
        back = self.autoencoder.decoder(latents + BLUR * torch.randn_like(latents)).float()
        spread = latents.float().mean((0, 2, 3)).square().mean() + (latents.float().std((0, 2, 3)) - 1).square().mean()
        return unlike(back, pictures) + SPREAD * spread

    @torch.no_grad()
    def sample(self) -> Tensor:
        pictures = self.pictures(self.materials.examples(32))
        back = self.autoencoder.decoder(self.autoencoder.encoder(pictures)).clamp(-1, 1)
        print(f"  likeness {10 * torch.log10(4 / (back - pictures).square().mean()):.1f} dB")
        return torch.stack((pictures, back), 1).flatten(0, 1)


def unlike(back: Tensor, pictures: Tensor) -> Tensor:
    """How far two pictures are apart: each pixel, its edges, and both again at half and quarter size."""
    total = back.new_zeros(())
    for _ in range(3):
        apart = back - pictures
        across, down = apart[..., 1:] - apart[..., :-1], apart[..., 1:, :] - apart[..., :-1, :]
        total = total + apart.abs().mean() + across.abs().mean() + down.abs().mean()
        back, pictures = F.avg_pool2d(back, 2), F.avg_pool2d(pictures, 2)
    return total


class Words(Stage):
    """The text encoder learns which phrases mean nearly the same, from a sentence encoder's numbers."""

    name, rate = "words", 1e-3

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.text_encoder = materials.text_encoder()
        self.reader = nn.Linear(model.WORDS_WIDTH, materials.nearness.shape[1]).to(self.device)
        self.trained = nn.ModuleDict({"text_encoder": self.text_encoder, "reader": self.reader})

    def loss(self, batch: Batch) -> Tensor:
        return misread(self.materials, self.text_encoder, self.reader, len(batch.tokens))

    def sample(self) -> Tensor:
        return torch.zeros(0)


def misread(materials: Materials, text_encoder: nn.Module, reader: nn.Module, count: int) -> Tensor:
    """How far `count` phrases drawn by lot are from the sentence encoder's numbers: 0 the same, 1 unrelated."""
    numbers = torch.randint(len(materials.phrases), (count,), device=materials.device)
    tokens = materials.phrases[numbers].long()
    hidden = model.summary(tokens, text_encoder(tokens).last_hidden_state, materials.end)
    return 1 - F.cosine_similarity(reader(hidden).float(), materials.nearness[numbers].float()).mean()


class Denoiser(Stage):
    """Words and noisy latents to the direction from picture to noise (flow matching, arXiv 2210.02747).

    x_t = (1 - t) picture + t noise; what is asked for is noise - picture, at every t, which is a step's direction.
    """

    name, rate = "denoiser", 4e-4

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.autoencoder = self.earlier("autoencoder", model.autoencoder(), "autoencoder")
        self.scale = materials.scale(self.autoencoder)
        self.unet = model.unet().to(self.device, memory_format=torch.channels_last)
        self.text_encoder = materials.text_encoder()
        self.reader = nn.Linear(model.WORDS_WIDTH, materials.nearness.shape[1]).to(self.device)
        self.trained = nn.ModuleDict({"unet": self.unet, "text_encoder": self.text_encoder, "reader": self.reader})
        for part in ("text_encoder", "reader"):
            load_into(self.trained[part], folder / "words" / "average.safetensors", part)

    def compiled(self) -> None:
        self.unet.compile(dynamic=False)

    def latents(self, batch: Batch) -> Tensor:
        """Pictures as the denoiser knows them, [B, 8, H/8, W/8] with a spread of 1."""
        with torch.no_grad():
            return (self.autoencoder.encoder(self.pictures(batch)) * self.scale).float()

    def loss(self, batch: Batch) -> Tensor:
        clean = self.latents(batch)
        noise = torch.randn_like(clean)
        # Most in the middle, where the most is to decide (arXiv 2403.03206), some everywhere.
        level = torch.sigmoid(torch.randn(len(clean), device=self.device) + 0.3)
        level = torch.where(torch.rand_like(level) < 0.2, torch.rand_like(level), level)
        noisy = torch.lerp(clean, noise, level[:, None, None, None])
        words = self.text_encoder(batch.tokens).last_hidden_state
        wrong = F.mse_loss(direction(self.unet, noisy, level, words).float(), noise - clean)
        return wrong + NEARNESS * misread(self.materials, self.text_encoder, self.reader, len(clean))

    @torch.no_grad()
    def sample(self) -> Tensor:
        batch = self.materials.prompts()
        words, untold = (
            self.text_encoder(batch).last_hidden_state,
            self.text_encoder(self.materials.untold(batch)).last_hidden_state,
        )
        latents = self.materials.noise(len(batch))
        levels = model.noise_levels(16)
        for start, end in pairwise(levels):
            latents = guided_step(self.unet, latents, spread(start, latents), spread(end, latents), words, untold)
        return shown(self.autoencoder, latents / self.scale)


class Distil(Denoiser):
    """Four large steps instead of many small ones, guidance inside (progressive distillation, arXiv 2202.00512).

    The noise levels are cut as the scheduler cuts them. From anywhere within a cut, the student's one step must reach
    the cut's end where the teacher, guided by the words, arrives in several.
    """

    name, rate = "distil", 1e-4

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.teacher = self.earlier("denoiser", model.unet(), "unet").to(memory_format=torch.channels_last)
        self.earlier("denoiser", self.text_encoder, "text_encoder")
        load_into(self.unet, folder / "denoiser" / "average.safetensors", "unet")
        self.trained = nn.ModuleDict({"unet": self.unet})

    def compiled(self) -> None:
        super().compiled()
        self.teacher.compile(dynamic=False)

    def loss(self, batch: Batch) -> Tensor:
        clean = self.latents(batch)
        start, end = self.cuts(len(clean))
        noisy = torch.lerp(clean, torch.randn_like(clean), start[:, None, None, None])
        with torch.no_grad():
            words = self.text_encoder(batch.tokens).last_hidden_state
            untold = self.text_encoder(self.materials.untold(batch.tokens)).last_hidden_state
            there, level = noisy, start
            for left in range(SMALL_STEPS, 0, -1):
                after = level + (end - level) / left
                there = guided_step(self.teacher, there, level, after, words, untold)
                level = after
        wanted = (there - noisy) / (end - start)[:, None, None, None]
        return F.mse_loss(direction(self.unet, noisy, start, words).float(), wanted)

    def cuts(self, count: int) -> tuple[Tensor, Tensor]:
        """Noise levels to step from and to, [B] each: half from a cut's start, half from within it."""
        levels = torch.tensor(model.noise_levels(), device=self.device)
        number = torch.randint(model.STEPS, (count,), device=self.device)
        start, end = levels[number], levels[number + 1]
        within = torch.where(torch.rand(count, device=self.device) < 0.5, 0.0, torch.rand(count, device=self.device))
        # A step of no length has no direction.
        return torch.lerp(start, end, within * 0.95), end

    @torch.no_grad()
    def sample(self) -> Tensor:
        batch = self.materials.prompts()
        words, latents = self.text_encoder(batch).last_hidden_state, self.materials.noise(len(batch))
        levels = model.noise_levels()
        for start, end in pairwise(levels):
            latents = latents + (end - start) * direction(self.unet, latents, spread(start, latents), words)
        return shown(self.autoencoder, latents / self.scale)


def direction(unet: nn.Module, latents: Tensor, level: Tensor, words: Tensor) -> Tensor:
    """The U-Net's answer for noise levels [B] from 0 to 1."""
    # Only the usual shape is worth compiling for; `forward` is the way around what was compiled.
    run = unet if latents.shape[2] == latents.shape[3] else unet.forward
    told = latents.contiguous(memory_format=torch.channels_last)
    found: Tensor = run(told, level * model.TIMESTEPS, words, return_dict=False)[0]
    return found


def guided_step(unet: nn.Module, latents: Tensor, start: Tensor, end: Tensor, words: Tensor, untold: Tensor) -> Tensor:
    """One step from noise levels `start` to `end`, away from what would be drawn without words (arXiv 2207.12598)."""
    both = direction(unet, torch.cat((latents, latents)), torch.cat((start, start)), torch.cat((words, untold)))
    told, free = both.float().chunk(2)
    return latents + (end - start)[:, None, None, None] * torch.lerp(free, told, GUIDANCE)


def spread(level: float, latents: Tensor) -> Tensor:
    """The same level for each of a batch."""
    return torch.full((len(latents),), level, device=latents.device)


def shown(autoencoder: nn.Module, latents: Tensor) -> Tensor:
    pictures: Tensor = autoencoder.decoder(latents).float()
    return pictures
