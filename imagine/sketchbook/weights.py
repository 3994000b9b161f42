"""Save weights and read them again."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors so that a stop in the middle leaves the file that was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, fresh)
    fresh.replace(path)


def load_into(module: nn.Module, path: Path, part: str) -> None:
    """Read those weights of a file that belong to `part`. Raises FileNotFoundError when that stage has not run."""
    start = f"{part}."
    found = {name.removeprefix(start): tensor for name, tensor in load_file(path).items() if name.startswith(start)}
    module.load_state_dict(found)


class Average:
    """The moving average of weights, which draws better than they do."""

    def __init__(self, module: nn.Module, keep: float = 0.998) -> None:
        self.keep, self.steps = keep, 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def follow(self, module: nn.Module) -> None:
        """Move towards the weights, fast in the beginning."""
        self.steps += 1
        keep = min(self.keep, self.steps / (self.steps + 9))
        now = module.state_dict()
        floats = [name for name, value in self.values.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.values[name] for name in floats], [now[name] for name in floats], 1 - keep)
