"""Drafts of pictures: what the things look like without a ground, field by field, each in a few numbers."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from imagine.sketchbook import canvas
from imagine.sketchbook.canvas import Plan
from imagine.sketchbook.sprites import Art
from imagine.sketchbook.vocabulary import ACROSS

# A field is FIELD x FIELD pixels, said in STROKES numbers: the main axes of the fields of EXAMPLES scenes.
FIELD, STROKES, EXAMPLES = 8, 64, 1024


class Drafts:
    """Makes drafts with the drawings of `art`, along axes that `examples` have. `middle` is the mean field, [N], and
    `directions` give a field's numbers along the axes, [N, STROKES], where N = 4 * FIELD * FIELD."""

    def __init__(self, art: Art, examples: Plan) -> None:
        self.art = replace(art, pictures=F.avg_pool2d(art.pictures.float(), 2).byte())
        rows = self.fields(examples).flatten(0, 1)
        self.middle = rows.mean(0)
        directions = torch.linalg.svd(rows - self.middle, full_matrices=False).Vh[:STROKES].T
        self.directions = directions / ((rows - self.middle) @ directions).square().mean().sqrt()

    def fields(self, plans: Plan) -> Tensor:
        """The things of the scenes without a ground: colours times opacity, and opacity, [B, DRAFTED, N]."""
        side = 2 * ACROSS * FIELD
        black, white = (
            F.avg_pool2d(canvas.paint(self.art, on_plain(plans, shade), side, side) / 2 + 0.5, 2) for shade in (0, 1)
        )
        layers = torch.cat((black, 1 - (white - black).mean(1, keepdim=True)), 1)
        return F.unfold(layers, FIELD, stride=FIELD).transpose(1, 2)

    def of(self, plans: Plan) -> Tensor:
        """What each field of the drafts is to say, [B, DRAFTED, STROKES], spread 1 on average."""
        return (self.fields(plans) - self.middle) @ self.directions


def on_plain(plans: Plan, shade: float) -> Plan:
    """The same things on black (0) or white (1)."""
    plain = torch.full_like(plans.above, shade)
    return replace(plans, above=plain, below=plain, stars=torch.zeros_like(plans.stars))
