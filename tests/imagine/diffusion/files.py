"""Checkpoints in one file, as their first authors laid them out: a folder of diffusers, with its weights renamed."""

import re
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

State = dict[str, torch.Tensor]

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
NETWORK = {
    "conv_in.": "input_blocks.0.0.",
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
    "mid_block.resnets.0.": "middle_block.0.",
    "mid_block.attentions.0.": "middle_block.1.",
    "mid_block.resnets.1.": "middle_block.2.",
}
ATTENTION = {"group_norm": "norm", "to_out.0": "proj_out", "to_q": "q", "to_k": "k", "to_v": "v"}
LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def weights_of(part: Path) -> State:
    return {name: tensor for file in part.glob("*.safetensors") for name, tensor in load_file(file).items()}


def network(state: State, layers: int = 1) -> State:
    """A U-Net with so many layers in each block, without its prefix."""
    return {network_name(name, layers): tensor for name, tensor in state.items()}


def network_name(name: str, layers: int) -> str:
    for ours, theirs in NETWORK.items():
        if name.startswith(ours):
            return with_resnets(name.replace(ours, theirs, 1)) if "resnets" in name else name.replace(ours, theirs, 1)
    kind, block, what, layer, rest = name.split(".", 4)
    # A block that goes down ends with a halving of its own; one that goes up has one layer more, its last one doubles.
    first = int(block) * (layers + 1)
    if what == "downsamplers":
        return f"input_blocks.{first + layers + 1}.0.{rest.replace('conv', 'op')}"
    if what == "upsamplers":
        return f"output_blocks.{first + layers}.2.{rest}"
    place = f"input_blocks.{first + int(layer) + 1}" if kind == "down_blocks" else f"output_blocks.{first + int(layer)}"
    return f"{place}.0.{with_resnets(rest)}" if what == "resnets" else f"{place}.1.{rest}"


def with_resnets(name: str) -> str:
    return re.sub(r"\b(" + "|".join(RESNET) + r")\b", lambda found: RESNET[found[1]], name)


def autoencoder(state: State, blocks: int = 2) -> State:
    """An AutoencoderKL with so many blocks each way, without its prefix."""
    renamed: State = {}
    for name, tensor in state.items():
        new = re.sub(r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block.", name)
        new = new.replace(".upsamplers.0.", ".upsample.")
        new = re.sub(r"up_blocks\.(\d+)\.", lambda found: f"up.{blocks - 1 - int(found[1])}.", new)
        new = re.sub(r"(up\.\d+)\.resnets\.", r"\1.block.", new)
        new = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample.", new)
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", new)
        new = new.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        if "mid_block.attentions.0." in new:
            for ours, theirs in ATTENTION.items():
                new = new.replace(f"attentions.0.{ours}.", f"attentions.0.{theirs}.")
            new = new.replace("mid_block.attentions.0", "mid.attn_1")
            tensor = tensor[..., None, None] if tensor.dim() == 2 else tensor
        renamed[new] = tensor
    return renamed


def clip(state: State) -> State:
    """CLIP's text encoder, as transformers named it before."""
    return {name if name.startswith("text_") else f"text_model.{name}": tensor for name, tensor in state.items()}


def open_clip(state: State) -> State:
    """The same as OpenCLIP names it."""
    renamed: State = {}
    for name, tensor in clip(state).items():
        name = name.removeprefix("text_model.").removeprefix("embeddings.").removeprefix("encoder.")
        if found := re.fullmatch(r"layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)", name):
            whole = f"transformer.resblocks.{found[1]}.attn.in_proj_{found[3]}"
            place = "qkv".index(found[2])
            renamed.setdefault(whole, tensor.new_empty(3 * len(tensor), *tensor.shape[1:]))
            renamed[whole][place * len(tensor) : (place + 1) * len(tensor)] = tensor
            continue
        for ours, theirs in LAYER.items():
            name = name.replace(ours, theirs)
        name = name.replace("layers.", "transformer.resblocks.").replace("final_layer_norm", "ln_final")
        name = name.replace("position_embedding.weight", "positional_embedding")
        renamed[name.replace("text_projection.weight", "text_projection")] = (
            tensor.T if "projection" in name else tensor
        )
    return renamed


def prefixed(prefix: str, state: State) -> State:
    return {prefix + name: tensor.contiguous() for name, tensor in state.items()}


def parts_in(folder: Path, words: str) -> Iterator[tuple[str, State]]:
    """The parts of a folder under the names of one file; `words` is "1", "2" or "xl"."""
    yield "unet", prefixed("model.diffusion_model.", network(weights_of(folder / "unet")))
    yield "vae", prefixed("first_stage_model.", autoencoder(weights_of(folder / "vae")))
    first = weights_of(folder / "text_encoder")
    if words == "xl":
        yield "text_encoder", prefixed("conditioner.embedders.0.transformer.", clip(first))
        second = weights_of(folder / "text_encoder_2")
        yield "text_encoder_2", prefixed("conditioner.embedders.1.model.", open_clip(second))
    elif words == "2":
        yield "text_encoder", prefixed("cond_stage_model.model.", open_clip(first))
    else:
        yield "text_encoder", prefixed("cond_stage_model.transformer.", clip(first))


def single_file(
    folder: Path,
    path: Path,
    words: str,
    without: frozenset[str] = frozenset(),
    leave_out: str = "nothing",
    marks: tuple[str, ...] = (),
) -> Path:
    """Write the weights of a folder into one file, but for some parts and a weight; `marks` are empty tensors."""
    state: State = {mark: torch.zeros(0) for mark in marks}
    for part, weights in parts_in(folder, words):
        if part not in without:
            state |= {name: tensor for name, tensor in weights.items() if not name.endswith(leave_out)}
    save_file(state, path)
    return path
