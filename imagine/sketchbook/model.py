"""The parts of the checkpoint, small enough for two CPU cores. Each is a standard class of diffusers or transformers.

A picture of 128 x 128 pixels goes through these shapes:
    words     52 tokens  -> text encoder -> [52, 256]; the last 22 say what was read: ground, things, a draft of it
    picture   [3, 128, 128] -> encoder -> latents [8, 16, 16] -> decoder -> [3, 128, 128]
    denoising [8, 16, 16] -> U-Net: 16 x 16 at 96 channels, 8 x 8 at 160, 4 x 4 at 288 -> [8, 16, 16]
"""

import time
from typing import NamedTuple

import torch
from diffusers import AutoencoderTiny, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPTextConfig, CLIPTextModel

from imagine.sketchbook.vocabulary import TOKENS

SIDE = 128
# One latent for 8 x 8 pixels: the U-Net's work goes by their number. Eight channels, as four blur what is drawn small.
SCALE, CHANNELS = 8, 8
WIDE = 48
WORDS_WIDTH = 256
# The scheduler counts noise in thousandths.
TIMESTEPS = 1000
STEPS = 2
# Above 1: more of the steps where there is much noise, and the picture's plan is made.
SHIFT = 2.0


class Parts(NamedTuple):
    """What has weights."""

    autoencoder: AutoencoderTiny
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel


def autoencoder() -> AutoencoderTiny:
    """0.9 M parameters. All levels must be equally wide; so few channels, and no block at full size, where one would
    cost as much as all others."""
    return AutoencoderTiny(
        encoder_block_out_channels=(WIDE,) * 4,
        decoder_block_out_channels=(WIDE,) * 4,
        num_encoder_blocks=(0, 1, 2, 2),
        num_decoder_blocks=(3, 3, 2, 0),
        latent_channels=CHANNELS,
    )


def text_encoder(vocabulary: int, start: int, end: int) -> CLIPTextModel:
    """4.7 M parameters: a third is words, the rest 4 layers. 52 tokens, not CLIP's 77, save a third of the time."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=WORDS_WIDTH,
            intermediate_size=4 * WORDS_WIDTH,
            projection_dim=WORDS_WIDTH,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def unet() -> UNet2DConditionModel:
    """24 M parameters, most of them at 4 x 4, where one costs a sixteenth of the time of one at 16 x 16."""
    return UNet2DConditionModel(
        sample_size=SIDE // SCALE,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(96, 160, 288),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WORDS_WIDTH,
        # What was read also scales every channel, as the level of noise does: so words can tell what is to be where,
        # and pure noise can be ignored.
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
        # With this old name diffusers means the number of heads.
        attention_head_dim=(3, 5, 9),
        norm_num_groups=32,
        use_linear_projection=True,
    )


def scheduler() -> DPMSolverMultistepScheduler:
    """Of first order, with the noise levels of flow matching: plain steps towards the predicted picture.

    FlowMatchEulerDiscreteScheduler takes the same steps, but Stable Diffusion's pipelines cannot start it.
    """
    return DPMSolverMultistepScheduler(
        num_train_timesteps=TIMESTEPS,
        solver_order=1,
        prediction_type="sample",
        use_flow_sigmas=True,
        flow_shift=SHIFT,
        final_sigmas_type="zero",
        # Without meaning here; pipelines warn of another.
        steps_offset=1,
    )


def noise_levels(steps: int = STEPS) -> list[float]:
    """Where the scheduler's steps start and end, from 1 (only noise) to 0: `steps` + 1 numbers."""
    even = [1 - step / steps for step in range(steps + 1)]
    return [SHIFT * level / (1 + (SHIFT - 1) * level) for level in even]


def noise_telling(chance: Tensor, height: int, width: int) -> Tensor:
    """Noise for latents [B, 8, height, width] that tells what a scene left to chance, `chance` [B, up to 8].

    One number is the mean over the four latents in the upper left corner, in one channel. Such a mean is normal by
    itself, so this is plain normal noise: a painter who starts from any can read in it which shade the ground shall
    have, instead of painting the mean of all.
    """
    noise = torch.randn(len(chance), CHANNELS, height, width, device=chance.device)
    corner = noise[:, : chance.shape[1], :2, :2]
    corner += chance[:, :, None, None] / 2 - corner.mean((2, 3), keepdim=True)
    return noise


def size(module: nn.Module) -> int:
    """The number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


@torch.inference_mode()
def costs(parts: Parts, end: int = 1, rounds: int = 3) -> dict[str, tuple[int, float, float]]:
    """For each part: parameters, GFLOP of one pass (a multiplication and an addition count as two) and milliseconds.

    The time is that of this process on all its cores, added up, so that others on the machine change it little.
    """
    tokens, latents = torch.full((1, TOKENS), end), torch.randn(1, CHANNELS, SIDE // SCALE, SIDE // SCALE)
    words = torch.randn(1, TOKENS, WORDS_WIDTH)
    passes = {
        "text encoder": (parts.text_encoder, lambda: parts.text_encoder(tokens)),
        "U-Net": (parts.unet, lambda: parts.unet(latents, 500, words)),
        "decoder": (parts.autoencoder.decoder, lambda: parts.autoencoder.decode(latents)),
        "encoder": (parts.autoencoder.encoder, lambda: parts.autoencoder.encode(torch.zeros(1, 3, SIDE, SIDE))),
    }
    found = {}
    for name, (module, run) in passes.items():
        with FlopCounterMode(display=False) as counter:
            run()
        begin = time.process_time()
        for _ in range(rounds):
            run()
        found[name] = (size(module), counter.get_total_flops() / 1e9, (time.process_time() - begin) / rounds * 1000)
    return found


def main() -> None:
    parts = Parts(autoencoder().eval(), text_encoder(6144, 0, 1).eval(), unet().eval())
    for name, (parameters, work, milliseconds) in costs(parts).items():
        print(f"{name:13} {parameters / 1e6:6.2f} M  {work:5.2f} GFLOP  {milliseconds:6.1f} ms of one core")


if __name__ == "__main__":
    main()
