"""Many small pictures on one sheet."""

import torch
from PIL import Image
from torch import Tensor

ACROSS = 8


def sheet(pictures: Tensor, across: int = ACROSS) -> Image.Image:
    """[B, 3, H, W] from -1 to 1, in rows of `across`."""
    count, _, height, width = pictures.shape
    data = ((pictures.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    whole = Image.new("RGB", (across * width, -(-count // across) * height), "white")
    for number, one in enumerate(data):
        image = Image.fromarray(one.permute(1, 2, 0).contiguous().numpy())
        whole.paste(image, (number % across * width, number // across * height))
    return whole
