"""Many small pictures on one sheet."""

import textwrap
from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

ACROSS = 8
# What stands below a picture: two lines, in pixels and letters.
BELOW, LETTERS, FONT_SIZE = 34, 22, 11


def sheet(pictures: Tensor, labels: Sequence[str] = ()) -> Image.Image:
    """[B, 3, H, W] from -1 to 1, in rows of ACROSS; each with its label below, where there are labels."""
    count, _, height, width = pictures.shape
    data = ((pictures.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    down = height + (BELOW if labels else 0)
    whole = Image.new("RGB", (ACROSS * width, -(-count // ACROSS) * down), "white")
    for number, one in enumerate(data):
        image = Image.fromarray(one.permute(1, 2, 0).contiguous().numpy())
        whole.paste(image, (number % ACROSS * width, number // ACROSS * down))
    write(whole, labels, width, down)
    return whole


def write(whole: Image.Image, labels: Sequence[str], width: int, down: int) -> None:
    """Each label below its picture, in two lines at most."""
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(FONT_SIZE)
    for number, label in enumerate(labels):
        lines = "\n".join(textwrap.wrap(label, LETTERS, max_lines=2, placeholder=" ..."))
        place = ((number % ACROSS + 0.5) * width, (number // ACROSS + 1) * down - BELOW + 3)
        pen.multiline_text(place, lines, "#333333", font, anchor="ma", align="center", spacing=2)
