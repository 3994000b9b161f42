"""The art: what is in the pack, and how it is read."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIDE = 160
INDEX = "sprites.json"


@dataclass(frozen=True)
class Sprite:
    """One thing. `nouns` can stand for its name; `tags` only go with it; `kin` are drawn as it, being nearest to it.

    `file` is its drawing in the pack. `hue` (degrees) is its main colour, None when it has several: then it is never
    painted in another.
    """

    name: str
    char: str
    group: str
    subgroup: str
    nouns: tuple[str, ...]
    tags: tuple[str, ...]
    file: str = ""
    hue: int | None = None
    kin: tuple[str, ...] = ()


@dataclass(frozen=True)
class Art:
    """All sprites. `pictures` is [sprites, 4, SIDE, SIDE] in bytes (RGBA), `hues` is [sprites] in degrees."""

    sprites: tuple[Sprite, ...]
    pictures: torch.Tensor
    hues: torch.Tensor

    def to(self, device: torch.device) -> "Art":
        return Art(self.sprites, self.pictures.to(device), self.hues.to(device))


def pack(path: Path, drawn: list[tuple[Sprite, Image.Image]], others: dict[str, bytes]) -> None:
    """Write one file with all sprites, their drawings, and other files beside them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for sprite, drawing in drawn:
            packed.writestr(sprite.file, webp(drawing))
        packed.writestr(INDEX, json.dumps([asdict(sprite) for sprite, _ in drawn], ensure_ascii=False))
        for name, data in others.items():
            packed.writestr(name, data)


def webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "WEBP", quality=92, alpha_quality=95, method=4)
    return out.getvalue()


def load_sprites(path: Path) -> tuple[Sprite, ...]:
    """What the pack says of its sprites, without their drawings."""
    with zipfile.ZipFile(path) as packed:
        said = json.loads(packed.read(INDEX))
    lists = ("nouns", "tags", "kin")
    return tuple(Sprite(**one | {key: tuple(one.get(key, ())) for key in lists}) for one in said)


def load(path: Path) -> Art:
    """Read the whole pack into memory."""
    sprites = load_sprites(path)
    with zipfile.ZipFile(path) as packed:
        pictures = [pixels(packed.read(sprite.file)) for sprite in sprites]
    hues = torch.tensor([sprite.hue or 0 for sprite in sprites], dtype=torch.float32)
    return Art(sprites, torch.stack(pictures), hues)


def pixels(data: bytes) -> torch.Tensor:
    """[4, SIDE, SIDE] in bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return torch.from_numpy(np.array(image.convert("RGBA"))).permute(2, 0, 1).contiguous()
