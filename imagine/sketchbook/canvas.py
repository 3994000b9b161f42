"""Turn scenes into pixels, many at once, on whatever device the art is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor

from imagine.sketchbook.palette import COLOURS, LANDS, Ground
from imagine.sketchbook.scenes import EFFECTS, MOST_THINGS, Scene
from imagine.sketchbook.sprites import Art

OUTLINE = 9
BLOCK = 4
# How far a hue may be from a drawing's main one to be painted over with it, in degrees.
SAME_HUE = 45
WEIGHTS = (0.299, 0.587, 0.114)
# How far below white the colours of a pale ground may be.
PALE, NORMAL = 0.16, NormalDist()


GROUNDS = 9 + len(EFFECTS)


@dataclass(frozen=True)
class Plan:
    """Scenes as tensors, B scenes of up to K things: `sprite` [B, K] is -1 where there is none, `middle` [B, K, 2],
    `size`, `angle` [B, K], `tint` [B, K, 3] with NaN for none; `above` and `below` [B, 3], `horizon`, `soft`, `stars`
    and `effect` [B]; `chance` [B, CHANCES]."""

    sprite: Tensor
    middle: Tensor
    size: Tensor
    angle: Tensor
    tint: Tensor
    above: Tensor
    below: Tensor
    horizon: Tensor
    soft: Tensor
    stars: Tensor
    effect: Tensor
    chance: Tensor

    def grounds(self) -> Tensor:
        """What is behind the things, and the effect, as numbers: [B, GROUNDS]."""
        effects = F.one_hot(self.effect, len(EFFECTS)).float()
        rest = torch.stack((self.horizon, self.soft, self.stars / 10), 1)
        return torch.cat((self.above, self.below, rest, effects), 1)

    def to(self, device: torch.device) -> "Plan":
        return Plan(*(getattr(self, one.name).to(device, non_blocking=True) for one in fields(self)))


def plan(scenes: Sequence[Scene]) -> Plan:
    """Scenes as tensors."""
    none = (float("nan"),) * 3
    pad = [[thing for thing in scene.things] + [None] * (MOST_THINGS - len(scene.things)) for scene in scenes]
    grounds = [ground(scene) for scene in scenes]
    return Plan(
        torch.tensor([[thing.sprite if thing else -1 for thing in row] for row in pad]),
        torch.tensor([[(thing.x, thing.y) if thing else (0.0, 0.0) for thing in row] for row in pad]),
        torch.tensor([[thing.size if thing else 1.0 for thing in row] for row in pad]),
        torch.tensor([[thing.angle if thing else 0.0 for thing in row] for row in pad]),
        torch.tensor([[COLOURS[thing.tint] if thing and thing.tint else none for thing in row] for row in pad]),
        torch.tensor([one.above for one in grounds]),
        torch.tensor([one.below for one in grounds]),
        torch.tensor([one.horizon for one in grounds]),
        torch.tensor([one.soft for one in grounds]),
        torch.tensor([one.stars for one in grounds], dtype=torch.float32),
        torch.tensor([EFFECTS.index(scene.effect) for scene in scenes]),
        torch.tensor([scene.chance for scene in scenes]),
    )


def ground(scene: Scene) -> Ground:
    """What is behind the things of a scene."""
    if scene.ground in LANDS:
        return LANDS[scene.ground]
    if not scene.ground:
        red, green, blue = (1 - PALE * NORMAL.cdf(one) for one in scene.chance)
        return Ground((), (red, green, blue), (red, green, blue))
    return Ground((), COLOURS[scene.ground], COLOURS[scene.ground])


def paint(art: Art, plans: Plan, height: int, width: int) -> Tensor:
    """The pictures, [B, 3, height, width] from -1 to 1. Art and plans are on one device."""
    pictures = behind(plans, height, width)
    for slot in range(MOST_THINGS):
        there = (plans.sprite[:, slot] >= 0).nonzero()[:, 0]
        if len(there):
            pictures[there] = with_thing(art, plans, there, slot, pictures[there])
    for effect, change in (("gray", gray), ("pixel", blocks)):
        there = with_effect(plans, effect)
        if len(there):
            pictures[there] = change(pictures[there])
    return pictures * 2 - 1


def behind(plans: Plan, height: int, width: int) -> Tensor:
    """The grounds, [B, 3, height, width] from 0 to 1."""
    down = torch.linspace(0, 1, height, device=plans.above.device)[None, None, :, None]
    horizon, soft, stars = (one[:, None, None, None] for one in (plans.horizon, plans.soft, plans.stars))
    part = ((down - horizon) / soft + 0.5).clamp(0, 1)
    colours = torch.lerp(plans.above[:, :, None, None], plans.below[:, :, None, None], part)
    # Always the same sky: where a star stands is not worth learning.
    lots = torch.Generator(colours.device).manual_seed(height)
    sky = torch.rand(1, 1, height, width, device=colours.device, generator=lots) * 1000 < stars
    return colours.expand(-1, -1, -1, width).masked_fill(sky, 1.0)


def with_thing(art: Art, plans: Plan, there: Tensor, slot: int, pictures: Tensor) -> Tensor:
    """`pictures` of the scenes `there` with one thing more."""
    sprite = plans.sprite[there, slot]
    drawing = art.pictures[sprite].float() / 255
    # Colours of clear pixels would bleed into the edges.
    drawing = torch.cat((drawing[:, :3] * drawing[:, 3:], drawing[:, 3:]), 1)
    where = grid(plans, there, slot, pictures.shape[2], pictures.shape[3])
    placed = F.grid_sample(drawing, where, mode="bilinear", padding_mode="zeros", align_corners=False)
    alpha = placed[:, 3:]
    colour = (placed[:, :3] / alpha.clamp(min=1e-3)).clamp(0, 1)
    tint = plans.tint[there, slot]
    other = (~tint[:, 0].isnan()).nonzero()[:, 0]
    if len(other):
        colour[other] = tinted(colour[other], art.hues[sprite[other]], tint[other])
    stuck = (plans.effect[there] == EFFECTS.index("sticker")).nonzero()[:, 0]
    if len(stuck):
        outline = F.max_pool2d(alpha[stuck], OUTLINE, 1, OUTLINE // 2)
        pictures[stuck] = pictures[stuck] * (1 - outline) + outline
    return torch.lerp(pictures, colour, alpha)


def grid(plans: Plan, there: Tensor, slot: int, height: int, width: int) -> Tensor:
    """Which place of a drawing each pixel shows, [B, height, width, 2] from -1 to 1."""
    middle, half = plans.middle[there, slot], plans.size[there, slot] * min(height, width) / 2
    across = torch.arange(width, device=half.device) + 0.5 - width / 2
    down = torch.arange(height, device=half.device) + 0.5 - height / 2
    x = (across - middle[:, 0, None] * width / 2)[:, None, :] / half[:, None, None]
    y = (down - middle[:, 1, None] * height / 2)[:, :, None] / half[:, None, None]
    cosine, sine = (turn(plans.angle[there, slot])[:, None, None] for turn in (torch.cos, torch.sin))
    return torch.stack((cosine * x + sine * y, cosine * y - sine * x), -1)


def tinted(colour: Tensor, hue: Tensor, tint: Tensor) -> Tensor:
    """`colour` [B, 3, H, W] with its main hue [B] painted in `tint` [B, 3], lights and shadows kept."""
    light = luminance(colour)
    wanted = tint[:, :, None, None]
    middle = 0.62
    shaded = torch.where(light < middle, wanted * light / middle, 1 - (1 - wanted) * (1 - light) / (1 - middle))
    high, low = colour.max(1, keepdim=True).values, colour.min(1, keepdim=True).values
    saturation = (high - low) / high.clamp(min=1e-3)
    apart = ((hue_of(colour) - hue[:, None, None, None] + 180) % 360 - 180).abs()
    painted = (saturation * 4).clamp(0, 1) * ((SAME_HUE + 15 - apart) / 15).clamp(0, 1)
    return torch.lerp(colour, shaded, painted)


def hue_of(colour: Tensor) -> Tensor:
    """The hue in degrees of [B, 3, H, W], as an angle in the plane across the gray axis."""
    red, green, blue = colour.split(1, 1)
    return torch.rad2deg(torch.atan2(3**0.5 * (green - blue), 2 * red - green - blue)) % 360


def luminance(colour: Tensor) -> Tensor:
    weights = torch.tensor(WEIGHTS, device=colour.device)[None, :, None, None]
    return (colour * weights).sum(1, keepdim=True)


def with_effect(plans: Plan, effect: str) -> Tensor:
    """The numbers of the scenes that have it."""
    return (plans.effect == EFFECTS.index(effect)).nonzero()[:, 0]


def gray(pictures: Tensor) -> Tensor:
    return luminance(pictures).expand_as(pictures)


def blocks(pictures: Tensor) -> Tensor:
    """In squares of one colour each."""
    return F.interpolate(F.avg_pool2d(pictures, BLOCK), scale_factor=BLOCK, mode="nearest")
