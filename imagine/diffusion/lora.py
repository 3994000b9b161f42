"""LoRAs: small files that change a checkpoint, named in IMAGINE_LORA. Found and looked at here, without torch."""

import re
from dataclasses import dataclass
from pathlib import Path

from imagine.diffusion.header import Header, read_header
from imagine.diffusion.hub import fetch_file
from imagine.diffusion.hub_name import HubName
from imagine.diffusion.single_file import kind_of, refuse_formats
from imagine.errors import CheckpointError

SCALED = re.compile(r"(?P<name>.+?)(?::(?P<scale>-?\d+(?:\.\d+)?))?", re.DOTALL)
# user/name, then @revision or /file.safetensors.
ON_HUB = re.compile(r"(?P<repo>[^/]+/[^/]+)(?:/(?P<file>[\w-][\w.-]*\.safetensors))?", re.ASCII)
# What the tools that train one call it, the likeliest first.
USUAL = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
MOST = 8
# Our own bound: a scale is 1 as it was trained, and some people go to 2.
LARGEST_SCALE = 5.0
LARGEST_FILE = 4_000_000_000
# How wide the words are that a network for pictures takes, by which LoRAs of these families are known.
WIDTHS = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "SDXL"}
CONTEXT = re.compile(r"attn2[._]to_[kv][._].*(lora_down|lora_A|lora\.down)")
FLUX = re.compile(r"double_blocks|single_transformer_blocks")


@dataclass(frozen=True)
class Lora:
    """A LoRA that was checked, and how strongly it counts. `family` is what it was made for, empty where not known."""

    name: str
    path: Path
    scale: float
    family: str


def find_loras(setting: str, folder: Path, hub: str | None = None) -> tuple[Lora, ...]:
    """What IMAGINE_LORA names: files, folders, or `user/name` on the hub, parted by commas, each with `:scale`.

    One on the hub is downloaded into `folder` once; `hub` is its address, None for the client's own. Raises
    CheckpointError.
    """
    named = [one.strip() for one in setting.split(",") if one.strip()]
    if len(named) > MOST:
        raise CheckpointError(f"IMAGINE_LORA names {len(named)} LoRAs; {MOST} at most.")
    return tuple(find_lora(one, folder, hub) for one in named)


def find_lora(named: str, folder: Path, hub: str | None) -> Lora:
    """One of them. Raises CheckpointError."""
    match = SCALED.fullmatch(named)
    name, scale = (match["name"], float(match["scale"] or 1)) if match else (named, 1.0)
    if not 0 < abs(scale) <= LARGEST_SCALE:
        raise CheckpointError(
            f"The scale of {name} is {scale:g}; it must be a number up to {LARGEST_SCALE:g}, and not 0."
        )
    title, path = located(name, folder, hub)
    refuse_formats(path)
    header = read_header(path)
    kind = kind_of(header)
    if "LoRA" not in kind:
        raise CheckpointError(f"{path} is no LoRA: it is {kind}")
    return Lora(title, path, scale, family_of(header))


def located(name: str, folder: Path, hub: str | None) -> tuple[str, Path]:
    """What a LoRA is called, and its file. Raises CheckpointError."""
    path = Path(name).expanduser()
    if path.is_file():
        return path.stem, path
    if path.is_dir():
        names = sorted(file.name for file in path.glob("*.safetensors"))
        return path.name, path / chosen(names, str(path))
    match = ON_HUB.fullmatch(name)
    remote = HubName.parse(match["repo"]) if match else None
    if match is None or remote is None or path.parent.is_dir():
        raise CheckpointError(f"IMAGINE_LORA names {name}, which is no file, no folder, and no name on a hub.")
    file = fetch_file(remote, folder, lambda names: match["file"] or chosen(names, remote.repo), LARGEST_FILE, hub)
    return (file.stem if match["file"] else remote.repo), file


def chosen(names: list[str], where: str) -> str:
    """The file with the weights, of those in a folder. Raises CheckpointError where that is not plain."""
    weights = [name for name in names if name.endswith(".safetensors") and "/" not in name]
    usual = [name for name in USUAL if name in weights]
    if usual or len(weights) == 1:
        return (usual or weights)[0]
    if not weights:
        raise CheckpointError(f"{where} holds no LoRA as safetensors.")
    raise CheckpointError(f"{where} holds {len(weights)} files: name one, such as {where}/{min(weights)}.")


def family_of(header: Header) -> str:
    """The family of checkpoints that a LoRA was made for; empty where it cannot be told."""
    widths = {tensor.shape[-1] for name, tensor in header.tensors.items() if CONTEXT.search(name) and tensor.shape}
    known = [WIDTHS[width] for width in sorted(widths) if width in WIDTHS]
    if known:
        return known[0]
    return "FLUX.1" if any(FLUX.search(name) for name in header.tensors) else ""
