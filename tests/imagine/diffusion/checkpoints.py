"""Tiny checkpoints with random weights, one function per kind: a few hundred KB, for pictures of 32 to 64 pixels."""

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLTemporalDecoder,
    AutoencoderTiny,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    StableVideoDiffusionPipeline,
    UNet2DConditionModel,
    UNetSpatioTemporalConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

# Two cores and many tests: more threads only wait for each other.
torch.set_num_threads(1)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.!'-"
TOKENS = 77
WIDTH = 32


def letters_tokenizer() -> CLIPTokenizer:
    """A tokenizer that takes each letter for a word."""
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS)


def text_config(tokenizer: CLIPTokenizer, width: int = WIDTH) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def tiny_autoencoder() -> AutoencoderTiny:
    """Two halvings, three would be like the real ones."""
    return AutoencoderTiny(
        encoder_block_out_channels=(16, 16, 16),
        decoder_block_out_channels=(16, 16, 16),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
        latent_channels=4,
    )


def usual_autoencoder(latent_channels: int = 4) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 32),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=latent_channels,
        norm_num_groups=8,
        sample_size=64,
        shift_factor=0.0,
    )


def small_network(**settings: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
        **settings,
    )


def stable_diffusion(folder: Path, checked: bool = False, usual: bool = False) -> Path:
    """Stable Diffusion 1.5's layout; `checked` adds a safety checker, which finds fault with every picture.

    `usual` gives it the autoencoder that the large ones have.
    """
    torch.manual_seed(1)
    tokenizer = letters_tokenizer()
    pipeline = StableDiffusionPipeline(
        vae=usual_autoencoder() if usual else tiny_autoencoder(),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        unet=small_network(),
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=fault_finder() if checked else None,
        feature_extractor=small_eyes() if checked else None,
        requires_safety_checker=checked,
    )
    pipeline.save_pretrained(folder)
    return folder


def latent_consistency(folder: Path) -> Path:
    """LCM's layout: Stable Diffusion's, with its guidance inside the network."""
    torch.manual_seed(6)
    tokenizer = letters_tokenizer()
    pipeline = LatentConsistencyModelPipeline(
        vae=tiny_autoencoder(),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        unet=small_network(time_cond_proj_dim=WIDTH),
        scheduler=LCMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def vision_config(side: int = 32) -> CLIPVisionConfig:
    return CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=4,
        image_size=side,
        patch_size=side // 4,
    )


def small_eyes() -> CLIPImageProcessorPil:
    return CLIPImageProcessorPil(crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32})


def fault_finder() -> StableDiffusionSafetyChecker:
    """A safety checker whose limits are so low that every picture is above them."""
    sizes = {"hidden_size": WIDTH, "projection_dim": WIDTH}
    checker = StableDiffusionSafetyChecker(
        CLIPConfig(text_config=sizes, vision_config=vision_config().to_dict(), projection_dim=WIDTH)
    )
    checker.concept_embeds_weights.data.fill_(-1.0)
    return checker


def stable_diffusion_xl(folder: Path) -> Path:
    """Its two text encoders differ in width, by which those of one file are told apart."""
    torch.manual_seed(2)
    tokenizer = letters_tokenizer()
    pipeline = StableDiffusionXLPipeline(
        vae=usual_autoencoder(),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        text_encoder_2=CLIPTextModelWithProjection(text_config(tokenizer, 2 * WIDTH)),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=32,
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 2 * WIDTH,
            cross_attention_dim=3 * WIDTH,
            norm_num_groups=8,
        ),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def flow_matching(folder: Path) -> Path:
    """Stable Diffusion 3, without its optional third text encoder."""
    torch.manual_seed(3)
    tokenizer = letters_tokenizer()
    pipeline = StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=2 * WIDTH,
            pooled_projection_dim=2 * WIDTH,
            out_channels=4,
            pos_embed_max_size=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=usual_autoencoder(),
        text_encoder=CLIPTextModelWithProjection(text_config(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(text_config(tokenizer)),
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipeline.save_pretrained(folder)
    return folder


def flux(folder: Path) -> Path:
    """FLUX.1 schnell, with sides that can be quantised in blocks of 32."""
    torch.manual_seed(7)
    tokenizer = letters_tokenizer()
    pieces = letters_pieces()
    pipeline = FluxPipeline(
        transformer=FluxTransformer2DModel(
            in_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=False,
            axes_dims_rope=(4, 4, 8),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=usual_autoencoder(16),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=pieces_encoder(pieces),
        tokenizer_2=pieces,
    )
    pipeline.save_pretrained(folder)
    return folder


def letters_pieces() -> T5Tokenizer:
    """The same for T5."""
    letters = ((letter, -3.0) for letter in LETTERS)
    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0), *letters], extra_ids=0)


def pieces_encoder(tokenizer: T5Tokenizer) -> T5EncoderModel:
    return T5EncoderModel(
        T5Config(vocab_size=len(tokenizer), d_model=WIDTH, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=4)
    )


def words_only(folder: Path) -> Path:
    """PixArt Sigma: no image-to-image, no callback."""
    torch.manual_seed(4)
    tokenizer = letters_pieces()
    pipeline = PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=pieces_encoder(tokenizer),
        vae=usual_autoencoder(),
        transformer=PixArtTransformer2DModel(
            sample_size=32,
            num_layers=1,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_channels=WIDTH,
            cross_attention_dim=32,
            in_channels=4,
            out_channels=8,
            use_additional_conditions=False,
        ),
        scheduler=DPMSolverMultistepScheduler(),
    )
    pipeline.save_pretrained(folder)
    return folder


def video(folder: Path) -> Path:
    """Stable Video Diffusion: a film from a picture, without words."""
    torch.manual_seed(5)
    pipeline = StableVideoDiffusionPipeline(
        vae=AutoencoderKLTemporalDecoder(
            block_out_channels=(32, 32),
            down_block_types=("DownEncoderBlock2D",) * 2,
            latent_channels=4,
            layers_per_block=1,
        ),
        image_encoder=CLIPVisionModelWithProjection(vision_config(224)),
        unet=UNetSpatioTemporalConditionModel(
            sample_size=32,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            in_channels=8,
            out_channels=4,
            cross_attention_dim=WIDTH,
            num_attention_heads=8,
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=3 * 8,
        ),
        scheduler=EulerDiscreteScheduler(
            prediction_type="v_prediction",
            use_karras_sigmas=True,
            timestep_type="continuous",
            beta_schedule="scaled_linear",
            sigma_min=0.002,
            sigma_max=700.0,
            interpolation_type="linear",
        ),
        feature_extractor=small_eyes(),
    )
    pipeline.save_pretrained(folder)
    return folder
