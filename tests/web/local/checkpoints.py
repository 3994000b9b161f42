"""Checkpoints that look right from outside, for what never loads them."""

import json
from pathlib import Path


def make_checkpoint(folder: Path, kind: str = "StableDiffusionPipeline") -> Path:
    """A folder in the layout of diffusers with one number for its weights: good enough for a look, not for drawing."""
    unet = folder / "unet"
    unet.mkdir(parents=True)
    index = {"_class_name": kind, "unet": ["diffusers", "UNet2DConditionModel"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (unet / "config.json").write_text("{}")
    (unet / "diffusion_pytorch_model.safetensors").write_bytes(one_number("weight"))
    return folder


def make_lora(file: Path) -> None:
    """The same for a LoRA."""
    file.write_bytes(one_number("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"))


def one_number(name: str) -> bytes:
    """A safetensors file with one number."""
    header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)
