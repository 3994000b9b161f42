"""The header of a safetensors file: the names, types and shapes of its tensors. Their values are not read.

https://github.com/huggingface/safetensors#format
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imagine.errors import CheckpointError

# The format's own limit.
LARGEST_HEADER = 100_000_000


class Tensor(NamedTuple):
    """The type, as the format names it ("F16", "I8"), and the shape of a tensor."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """What a file says of itself. `metadata` is what the program that wrote it wanted to say: any text."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())


def read_header(file: Path) -> Header:
    """The header of a file. Raises CheckpointError for a file that is cut off, or none of that format."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = json.loads(opened.read(min(length, LARGEST_HEADER)))
        metadata = header.pop("__metadata__", {})
        tensors = {name: Tensor(str(one["dtype"]), tuple(map(int, one["shape"]))) for name, one in header.items()}
        end = max((one["data_offsets"][1] for one in header.values()), default=0)
        metadata = {str(name): str(value) for name, value in metadata.items()}
    except (OSError, ValueError, RecursionError, AttributeError, LookupError, TypeError) as error:
        raise CheckpointError(f"{file} is no safetensors file. Copy or fetch it again.") from error
    if file.stat().st_size != 8 + length + end:
        raise CheckpointError(f"{file} is cut off or damaged. Copy or fetch it again.")
    return Header(tensors, metadata)
