"""Noise that can be turned in a circle. Part of what pipeline.py needs of torch; imported by nothing else."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

SEEDS = 2**63
# Any odd number with well mixed bits: it leads from a seed to that of the other axis of its circle.
OTHER_AXIS = 0x1E3779B97F4A7C15
DRAWS = (torch.randn, torch.randn_like)


class Turned(torch.Generator):
    """Numbers of cos(turn) * noise(seed) + sin(turn) * noise(another seed), as long as a Turning is on.

    Both noises are normal and independent, so the sum is normal at every angle, and a full circle is a closed loop.
    Lives on the CPU, so that a seed means the same on every device.
    """

    def __new__(cls, seed: int, turn: float) -> "Turned":
        return super().__new__(cls, "cpu")

    def __init__(self, seed: int, turn: float) -> None:
        self.manual_seed(seed % SEEDS)
        self.across = torch.Generator("cpu").manual_seed((seed ^ OTHER_AXIS) % SEEDS)
        self.turn = turn
