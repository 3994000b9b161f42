"""Noise that turns in a circle, for seamless loops. Imported by pipeline.py only, as it needs torch."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

SEEDS = 2**63
# Leads from a seed to that of the other axis of its circle. The bits of the golden ratio, as SplitMix64 has them
# (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014), without the highest.
OTHER_AXIS = 0x1E3779B97F4A7C15


class Turned(torch.Generator):
    """Draws cos(turn) * noise(seed) + sin(turn) * noise(another seed) while a Turning is on, else noise(seed).

    Both are normal and independent, so their sum is normal at every angle, and a full circle is a closed loop.
    It draws on the CPU, so that a seed means the same on every device.
    """

    def __new__(cls, seed: int, turn: float = 0.0) -> "Turned":
        # The seed is set in __init__; torch would take the arguments for a device.
        made: Turned = super().__new__(cls, "cpu")
        return made

    def __init__(self, seed: int, turn: float = 0.0) -> None:
        self.manual_seed(seed % SEEDS)
        self.across = torch.Generator("cpu").manual_seed((seed ^ OTHER_AXIS) % SEEDS)
        self.turn = turn


class Turning(TorchFunctionMode):
    """While it is on, this thread's `torch.randn` applies the turn of a Turned generator.

    Pipelines, autoencoders and schedulers draw from the generator that they are given, wherever they need noise: for
    the first latents, for a start picture, between steps. So one hook in torch turns all of it, in every pipeline.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        arguments = dict(kwargs or {})
        generator = arguments.get("generator")
        if func not in (torch.randn, torch.randn_like) or not isinstance(generator, Turned):
            return func(*args, **arguments)
        along = func(*args, **arguments)
        across = func(*args, **arguments | {"generator": generator.across})
        return math.cos(generator.turn) * along + math.sin(generator.turn) * across
