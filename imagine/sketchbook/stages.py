"""The stages of the training: what each one trains, and what it counts as wrong."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn

from imagine.sketchbook import canvas, model
from imagine.sketchbook.batches import Batch, still
from imagine.sketchbook.canvas import GROUNDS
from imagine.sketchbook.drafts import EXAMPLES, STROKES, Drafts
from imagine.sketchbook.materials import CODES, LOOKS, Materials
from imagine.sketchbook.vocabulary import DRAFTED, SAID, TOKENS
from imagine.sketchbook.weights import load_into

# Noise on the latents while the decoder learns: the denoiser's are never quite right either.
BLUR = 0.1
# How large a part of a picture the autoencoder learns from.
CUT = 64
# How much the latents' spread counts beside the picture's likeness.
SPREAD = 0.01
# How much the names of things count beside their looks while the text encoder learns.
NAMING = 0.3
# How much the draft counts beside the looks.
DRAFTING = 4.0
# The states for words; those that say what was read are behind them.
WORDS = TOKENS - SAID - DRAFTED
# So many scenes tell how far the denoiser is.
EXAMINED = 64
# Below this level of noise what is missed counts no more than here.
LEAST_LEVEL = 0.2


class Stage(ABC):
    """One stage. `trained` are the modules that it changes; their weights are what it saves."""

    name: ClassVar[str]
    rate: ClassVar[float]
    # Scenes in a batch, on a GPU and on a CPU.
    many: ClassVar[int]
    few: ClassVar[int]
    # Whether captions have words that are drawn as something near.
    kin: ClassVar[bool] = True
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
            pictures = canvas.paint(self.materials.art, batch.plans, batch.height, batch.width)
            return pictures.contiguous(memory_format=torch.channels_last)

    def earlier(self, stage: str, module: nn.Module, part: str) -> nn.Module:
        """`module` with the averaged weights of an earlier stage, which does not change them any more."""
        load_into(module, self.folder / stage / "average.safetensors", part)
        return module.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)


class Autoencoder(Stage):
    """Pictures to latents and back. Latents should spread like normal noise, and stand some."""

    name, rate, many, few = "autoencoder", 1.5e-3, 512, 24

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.autoencoder = model.autoencoder().to(self.device, memory_format=torch.channels_last)
        self.trained = nn.ModuleDict({"autoencoder": self.autoencoder})

    def loss(self, batch: Batch) -> Tensor:
        pictures = cut(self.pictures(batch), CUT)
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


def cut(pictures: Tensor, side: int) -> Tensor:
    """A square part of the pictures, the same of each: four times as many for the time, and as good to learn from."""
    top, left = (int(torch.randint(whole - side + 1, ())) for whole in pictures.shape[2:])
    return pictures[:, :, top : top + side, left : left + side]


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
    """The text encoder learns what its words ask for: behind the caption its states say the ground and each thing, and
    in the last ones how the things look in each field of the picture.

    Little is drawn for that, so many more captions are read here than the denoiser could ever see. What a thing looks
    like is said in numbers that are near for things that look alike (materials.looks_of): so what the denoiser learns
    of one thing helps with the others. Four readers ask for it; they are needed only here.
    """

    name, rate, many, few = "words", 2e-3, 1024, 64

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        width = model.WORDS_WIDTH
        self.drafts = Drafts(materials.art, materials.examples(EXAMPLES).plans)
        self.text_encoder = materials.text_encoder()
        if self.device.type == "cpu":
            # Backwards, torch's own attention is slower there than plain products.
            self.text_encoder.set_attn_implementation("eager")
        self.looks, self.grounds = nn.Linear(width, LOOKS).to(self.device), nn.Linear(width, GROUNDS).to(self.device)
        self.names = nn.Linear(width, len(materials.art.sprites)).to(self.device)
        self.draft = nn.Linear(width, STROKES).to(self.device)
        self.trained = nn.ModuleDict(
            {
                "text_encoder": self.text_encoder,
                "looks": self.looks,
                "grounds": self.grounds,
                "names": self.names,
                "draft": self.draft,
            }
        )

    def loss(self, batch: Batch) -> Tensor:
        hidden = self.text_encoder(batch.tokens).last_hidden_state
        there = batch.plans.sprite >= 0
        slots = self.slots(batch.tokens, there[:, 1])
        wanted = F.pad(self.materials.looks(batch.plans), (0, 0, 1, 0))
        scene, state = (slots > 0).nonzero(as_tuple=True)
        slot = slots[scene, state]
        things = hidden[scene, state]
        apart = (self.looks(things).float() - wanted[scene, slot]).square().sum(1).mean() / CODES
        known = there[scene, slot - 1]
        named = F.cross_entropy(self.names(things[known]).float(), batch.plans.sprite[scene[known], slot[known] - 1])
        scene, state = (slots == 0).nonzero(as_tuple=True)
        missed = (self.grounds(hidden[scene, state]).float() - batch.plans.grounds()[scene]).square().sum(1).mean()
        drafted = self.draft(hidden[:, -DRAFTED:]).float() - self.drafts.of(batch.plans)
        return apart + missed + NAMING * named + DRAFTING * drafted.square().mean()

    def slots(self, tokens: Tensor, two: Tensor) -> Tensor:
        """What each state is to say: 0 the ground, 1 the first thing and so on, -1 none of them; [B, TOKENS].

        The states before the draft's say each its own. The others behind the caption say in turns the first thing, the
        second (or the first again, when it stands alone: `two` [B] is false) and the ground: so whoever looks at all of
        them at once, as the U-Net does before it has learned where to look, sees already what matters most.
        """
        place = torch.arange(TOKENS, device=tokens.device)
        turn = torch.stack(
            (torch.ones_like(two, dtype=torch.long), 1 + two.long(), torch.zeros_like(two, dtype=torch.long)), 1
        )
        slots = torch.where(place >= WORDS, place - WORDS, turn[:, place % 3])
        return slots.masked_fill((tokens != self.materials.end) | (place >= WORDS + SAID), -1)

    @torch.no_grad()
    def sample(self) -> Tensor:
        """No pictures, but how often the first thing of a caption is the one that was meant."""
        batch = self.materials.examples(512)
        hidden = self.text_encoder(batch.tokens).last_hidden_state
        first, drafted = hidden[:, WORDS + 1], self.draft(hidden[:, -DRAFTED:]) - self.drafts.of(batch.plans)
        right = self.names(first).argmax(1) == batch.plans.sprite[:, 0]
        apart = self.looks(first) - self.materials.looks(batch.plans)[:, 0]
        print(
            f"  understands {right.float().mean():.1%}, looks miss {apart[:, :CODES].square().mean():.3f} of 1,"
            f" drafts {drafted.square().mean():.3f}"
        )
        return torch.zeros(0)


class Denoiser(Stage):
    """Words and noisy latents to clean ones, on the straight way between both (flow matching, arXiv 2210.02747).

    x_t = (1 - t) picture + t noise. It tells the picture, not the noise or the direction: so small a network has no
    room to carry noise through (arXiv 2511.13720), and the first step sees nothing else.
    """

    name, rate, many, few = "denoiser", 1e-3, 256, 24
    # The text encoder takes some of these words for something else, and then the picture teaches what is wrong.
    kin = False

    def __init__(self, materials: Materials, folder: Path) -> None:
        super().__init__(materials, folder)
        self.autoencoder = self.earlier("autoencoder", model.autoencoder(), "autoencoder")
        self.scale = materials.scale(self.autoencoder)
        self.text_encoder = self.earlier("words", materials.text_encoder(), "text_encoder")
        self.unet = model.unet().to(self.device, memory_format=torch.channels_last)
        if self.device.type == "cpu":
            # Backwards, torch's own attention is slower there than plain products.
            self.unet.set_attn_processor(AttnProcessor())
        self.trained = nn.ModuleDict({"unet": self.unet})

    def compiled(self) -> None:
        self.unet.compile(dynamic=False)

    def loss(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            clean = (self.autoencoder.encoder(self.pictures(batch)) * self.scale).float()
            words = self.text_encoder(batch.tokens).last_hidden_state
        return self.missed(clean, words, batch.plans.chance)

    def missed(self, clean: Tensor, words: Tensor, chance: Tensor) -> Tensor:
        """How far from the pictures the U-Net is.

        Every scene that stands as its caption says is met as the first step meets it, which sees only noise and has to
        make everything of the words. A third of them are then met as a later step does: from what the first one told,
        right or wrong, so that it learns to mend that. The shaken ones are met as pictures that are drawn over: at any
        level, with noise that tells nothing.
        """
        count, (_, _, height, width) = still(len(clean)), clean.shape
        later, drawn_over = count // 3, len(clean) - count
        noise = model.noise_telling(chance[:count], height, width)
        told = cleaned(self.unet, noise, spread(1.0, noise), words[:count]).float()

        starts = torch.cat((told[:later].detach(), clean[count:]))
        noise = torch.cat((noise[:later], torch.randn_like(clean[count:])))
        level = torch.cat((self.later_levels(later), self.any_levels(drawn_over)))
        met = torch.cat((torch.arange(later), torch.arange(count, len(clean)))).to(self.device)
        noisy = torch.lerp(starts, noise, level[:, None, None, None])
        mended = cleaned(self.unet, noisy, level, words[met]).float()

        # With little noise on the picture itself little is missed, but it is what people see last.
        weight = torch.cat((torch.ones(later, device=self.device), 1 / level[later:].clamp(min=LEAST_LEVEL)))
        apart = torch.cat((missing(told, clean[:count]), weight * missing(mended, clean[met])))
        return apart.mean()

    def later_levels(self, count: int) -> Tensor:
        """Where later steps begin, one for each of `count`."""
        steps = torch.tensor(model.noise_levels()[1:-1], device=self.device)
        return steps[torch.randint(len(steps), (count,), device=self.device)]

    def any_levels(self, count: int) -> Tensor:
        """Any level, mostly in the middle (arXiv 2403.03206)."""
        return torch.sigmoid(torch.randn(count, device=self.device))

    @torch.no_grad()
    def sample(self) -> Tensor:
        examples = self.materials.examples(EXAMINED)
        clean = (self.autoencoder.encoder(self.pictures(examples)) * self.scale).float()
        noise = model.noise_telling(examples.plans.chance, *clean.shape[2:])
        steps = self.steps(noise, self.text_encoder(examples.tokens).last_hidden_state)
        print(f"  misses {', '.join(f'{float(missing(step, clean).mean()):.3f}' for step in steps)} of 1, step by step")
        *_, drawn = self.steps(self.materials.noise(), self.text_encoder(self.materials.prompts()).last_hidden_state)
        return shown(self.autoencoder, drawn / self.scale)

    def steps(self, noise: Tensor, words: Tensor) -> Iterator[Tensor]:
        """What the U-Net tells in each of the scheduler's steps: latents, the last ones finished."""
        latents = noise
        for start, end in pairwise(model.noise_levels()):
            told = cleaned(self.unet, latents, spread(start, latents), words)
            latents = torch.lerp(told, latents, end / start)
            yield told


def missing(told: Tensor, clean: Tensor) -> Tensor:
    """How far each of B latents is from the right ones, [B]; 1 is about the spread of all."""
    return (told - clean).square().mean((1, 2, 3))


def cleaned(unet: nn.Module, latents: Tensor, level: Tensor, words: Tensor) -> Tensor:
    """The U-Net's answer for noise levels [B] from 0 to 1: the latents without noise."""
    # Only the usual shape is worth compiling for; `forward` is the way around what was compiled.
    run = unet if latents.shape[2] == latents.shape[3] else unet.forward
    told = latents.contiguous(memory_format=torch.channels_last)
    found: Tensor = run(told, level * model.TIMESTEPS, words, return_dict=False)[0]
    return found


def spread(level: float, latents: Tensor) -> Tensor:
    """The same level for each of a batch."""
    return torch.full((len(latents),), level, device=latents.device)


def shown(autoencoder: nn.Module, latents: Tensor) -> Tensor:
    pictures: Tensor = autoencoder.decoder(latents).float().clamp(-1, 1)
    return pictures
