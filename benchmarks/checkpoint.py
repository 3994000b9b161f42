"""Checkpoints with random weights: they draw noise, and cost what trained ones of their size do."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel

from tests.imagine.diffusion.checkpoints import WIDTH, letters_tokenizer, text_config, tiny_autoencoder

SIDE = 256


@dataclass(frozen=True)
class Kind:
    """How large the network that removes the noise is, and how often it runs for one picture."""

    name: str
    channels: tuple[int, int]
    layers: int
    steps: int


def build(kind: Kind, folder: Path) -> Path:
    """A Stable Diffusion of that kind, with the settings for a live picture of SIDE x SIDE pixels beside it."""
    torch.manual_seed(1)
    tokenizer = letters_tokenizer()
    pipeline = StableDiffusionPipeline(
        vae=tiny_autoencoder(),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=64,
            block_out_channels=kind.channels,
            layers_per_block=kind.layers,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=8,
        ),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    recipe = {"steps": kind.steps, "guidance": 0.0, "size": SIDE, "live_size": SIDE}
    (folder / "chaski.json").write_text(json.dumps(recipe))
    return folder
