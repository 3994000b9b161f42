"""One part of a folder: the files with its weights, and what can be said against it before anything is loaded."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from imagine.diffusion.header import Header, read_header
from imagine.diffusion.hub import VARIANTS, variant_of
from imagine.errors import CheckpointError

LARGEST_JSON = 20_000_000
# What tools for one file, and for training, put before the names of weights. Diffusers knows none of these.
WRAPPINGS = (
    "model.diffusion_model.",
    "first_stage_model.",
    "cond_stage_model.",
    "conditioner.embedders.",
    "module.",
    "_orig_mod.",
)
# Whole numbers of 8 bits, as the format names them. They mean something with scales alone.
EIGHT_BITS = ("I8", "U8")
# What reads quantised weights, by what a config.json calls its way: the module, and the package that it comes with.
QUANTISERS = {
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "bitsandbytes_4bit": ("bitsandbytes", "bitsandbytes"),
    "bitsandbytes_8bit": ("bitsandbytes", "bitsandbytes"),
    "quanto": ("optimum", "optimum-quanto"),
    "torchao": ("torchao", "torchao"),
}
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises CheckpointError when it is missing, too large, or something else."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise CheckpointError(f"{path} is too large.")
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no {path.name} in {path.parent}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds no JSON object.")
    return value


def check_part(part: Path, class_name: str) -> None:
    """Raises CheckpointError for a tokenizer without a vocabulary, and for weights that no package here can read."""
    if class_name.endswith(("Tokenizer", "TokenizerFast")):
        check_vocabulary(part, class_name)
    if not (part / "config.json").is_file():
        return
    method = quantised(part)
    if not method:
        return
    if method not in QUANTISERS:
        raise CheckpointError(f"{part} is quantised by {method}, which is not read here. Choose one in 16 bits.")
    module, package = QUANTISERS[method]
    if importlib.util.find_spec(module) is None:
        raise CheckpointError(
            f"{part} is quantised by {method}. Install the package {package} beside Chaski, or choose one in 16 bits."
        )


def quantised(part: Path) -> str:
    """By what the weights of a part are quantised, as its settings say; empty where they are not."""
    settings = read_json(part / "config.json").get("quantization_config")
    return str(settings.get("quant_method") or "something unknown")[:100] if isinstance(settings, dict) else ""


def check_vocabulary(part: Path, class_name: str) -> None:
    """Raises CheckpointError for a tokenizer that would take every word for unknown, and say nothing."""
    names = {file.name for file in part.iterdir()}
    if not names & set(VOCABULARIES) and not any(name.endswith(".model") for name in names):
        raise CheckpointError(f"{part} has no vocabulary ({', '.join(VOCABULARIES)} or a .model). Fetch it again.")
    if class_name.startswith("CLIP") and not names & {"tokenizer.json", "merges.txt"}:
        raise CheckpointError(f"{part} has a vocab.json, and no merges.txt beside it. Fetch that too.")


def weights(part: Path) -> list[Path]:
    """The files with a part's weights, of the best variant that is there.

    Parts without weights (a tokenizer, a scheduler) have no config.json. Raises CheckpointError when files are missing.
    """
    if not (part / "config.json").exists():
        return []
    files = list(part.glob("*.safetensors"))
    there = [variant for variant in VARIANTS if any(variant_of(file.name) == variant for file in files)]
    found = [file for file in files if there and variant_of(file.name) == there[0]]
    if not found:
        raise CheckpointError(f"{part} has no safetensors file. Convert the checkpoint, or choose one that has.")
    for index in part.glob("*.safetensors.index.json"):
        for shard in set(read_json(index).get("weight_map", {}).values()):
            if not (part / str(shard)).is_file():
                raise CheckpointError(f"{part / str(shard)} is missing. Copy or fetch the whole folder again.")
    return found


def check_weights(file: Path) -> Header:
    """The header of a file of a part. Raises CheckpointError for names or numbers that would be misread."""
    header = read_header(file)
    for wrapping in WRAPPINGS:
        if header.tensors and all(name.startswith(wrapping) for name in header.tensors):
            raise CheckpointError(
                f"The names in {file} begin with {wrapping}, as those of one file or of a training do, and not of a "
                f"folder. Name the file that it came from, or convert that to a folder anew."
            )
    eight = next((name for name, one in header.tensors.items() if one.dtype in EIGHT_BITS and len(one.shape) > 1), "")
    if eight and not quantised(file.parent):
        raise CheckpointError(
            f"{file} holds whole numbers of 8 bits ({eight}), and nothing says what they mean. Choose one in 16 bits."
        )
    return header
