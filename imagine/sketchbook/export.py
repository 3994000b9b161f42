"""Write the trained parts as a plain folder of diffusers, and what Chaski wants to know of it.

python -m imagine.sketchbook.export FOLDER
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline

from imagine.diffusion.recipes import FILE
from imagine.sketchbook import model
from imagine.sketchbook.data import ART, CREDITS
from imagine.sketchbook.materials import Materials
from imagine.sketchbook.train import RUN
from imagine.sketchbook.weights import load_into

LARGEST = 60_000_000
# How it wants to be used: see imagine.recipes.Recipe.
RECIPE = {"steps": model.STEPS, "guidance": 1.0, "size": model.SIDE, "live_size": model.SIDE, "redraw_steps": 2}


class TooLargeError(Exception):
    """The folder has become larger than what may be shipped."""


def export(materials: Materials, run: Path, folder: Path) -> int:
    """Write the folder, weights in half precision. Gives its size in bytes.

    Raises TooLargeError, and FileNotFoundError where a stage has not run.
    """
    parts = model.Parts(model.autoencoder(), materials.text_encoder(), model.unet())
    load_into(parts.autoencoder, run / "autoencoder" / "average.safetensors", "autoencoder")
    load_into(parts.text_encoder, run / "words" / "average.safetensors", "text_encoder")
    load_into(parts.unet, run / "denoiser" / "average.safetensors", "unet")
    autoencoder: Any = parts.autoencoder.to(materials.device).eval()
    autoencoder.register_to_config(scaling_factor=materials.scale(autoencoder))
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=parts.text_encoder,
        tokenizer=materials.tokenizer,
        unet=parts.unet,
        scheduler=model.scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to("cpu", torch.float16).save_pretrained(folder, safe_serialization=True)
    (folder / FILE).write_text(json.dumps(RECIPE, indent=2) + "\n")
    (folder / CREDITS).write_text(materials.credits + "\n")
    return checked(folder)


def checked(folder: Path) -> int:
    """The size of a folder in bytes. Raises TooLargeError."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LARGEST:
        raise TooLargeError(f"{folder} has {size / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} may be shipped.")
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("--run", type=Path, default=RUN)
    told = parser.parse_args()
    size = export(Materials(told.art, torch.device("cpu")), told.run, told.folder)
    print(f"{told.folder}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
