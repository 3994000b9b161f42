"""Find and check a checkpoint: a folder in the layout of diffusers, or one file, local or fetched once. No torch."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from imagine.diffusion import presets
from imagine.diffusion.hub import INDEX, Progress, fetch, variant_of
from imagine.diffusion.hub_name import HubName
from imagine.diffusion.lora import Lora, find_loras
from imagine.diffusion.part import check_part, check_weights, read_json, weights
from imagine.diffusion.single_file import PICKLED, SingleFile, inspect
from imagine.errors import CheckpointError

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
# What the tools that train a LoRA call its files.
LORA = frozenset({"pytorch_lora_weights.safetensors", "adapter_config.json", "adapter_model.safetensors"})
# Of float16 and bfloat16, the smallest that weights are held in here.
LEAST_BYTES_PER_PARAMETER = 2
LONGEST_NAME = 500
CACHED = re.compile(r"models--([^/]+?)--([^/]+)/snapshots/[0-9a-f]{40}")
CLASS_NAME = re.compile(r"[A-Za-z]\w{0,100}", re.ASCII)
PART_NAME = re.compile(r"[a-z]\w{0,60}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """A folder that was checked. `parts` maps each part to its library and class, None where it has none. `origin` is
    what it was loaded from before it was saved, as its index says.

    `parameters` counts those of all weights, `bytes` is their size on disk; `variant` is the part of the weights' file
    names ("fp16") where some part has only such.
    """

    name: str
    path: Path
    class_name: str
    parts: Mapping[str, tuple[str, str] | None]
    bytes: int
    parameters: int
    variant: str | None = None
    origin: str = ""
    file: SingleFile | None = None
    loras: tuple[Lora, ...] = ()

    @property
    def packed(self) -> int:
        """The bytes of weights that stay quantised in memory, beside `parameters`."""
        return self.file.packed if self.file else 0

    @property
    def weights(self) -> Path:
        """Where the weights of the network that draws are: for sentences."""
        return self.file.path if self.file else self.path


def find(
    name: str, folder: Path, progress: Progress | None = None, hub: str | None = None, lora: str = ""
) -> Checkpoint:
    """The checkpoint that `name` means: a folder, a file, a preset's name, or `user/name` (`@revision` too) on the hub.

    One on the hub is downloaded into `folder` once; `progress` is called with the bytes there and in all. `hub` is the
    hub's address, that of HF_ENDPOINT when it is None. `lora` names LoRAs as IMAGINE_LORA does. Raises CheckpointError
    with a sentence for the operator.
    """
    return replace(find_bare(name, folder, progress, hub), loras=find_loras(lora, folder, hub))


def find_bare(name: str, folder: Path, progress: Progress | None, hub: str | None) -> Checkpoint:
    """The same, without LoRAs."""
    path = Path(name).expanduser()
    if path.is_dir():
        return read(path, name_of(path.resolve()))
    if path.is_file():
        file = inspect(path)
        return read_file(file, base_of(file, folder, progress, hub))
    remote = presets.remote_of(name)
    if remote is None:
        raise unknown(name)
    return read(fetch(remote, folder, memory(), progress, hub), remote.repo)


def unknown(name: str) -> CheckpointError:
    """The error for a name of nothing, with those of presets that are near it."""
    near = f"Did you mean {' or '.join(presets.near(name))}?" if presets.near(name) else "PICTURES=list shows some."
    return CheckpointError(
        f"There is no folder {name}, and it is no name on a hub either (those look like user/name). {near}"
    )


def name_of(path: Path) -> str:
    """What a folder is called. In the hub's cache one is named by a commit: there the repository's name stands above.

    https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    """
    cached = CACHED.fullmatch("/".join(path.parts[-3:]))
    return f"{cached[1]}/{cached[2]}" if cached else path.name


def memory() -> int:
    """The bytes of memory that this machine, or the container that we run in, has."""
    total = int(psutil.virtual_memory().total)
    limit = CONTAINER_LIMIT.read_text().strip() if CONTAINER_LIMIT.exists() else ""
    return min(total, int(limit)) if limit.isdecimal() else total


def read(path: Path, name: str) -> Checkpoint:
    """Check a folder. Raises CheckpointError when it is pickled, broken, lacks a part, or is too large."""
    if not (path / INDEX).is_file():
        raise CheckpointError(f"There is no {INDEX} in {path}. {kind_of(path)}")
    index, class_name, parts = indexed(path)
    files = [file for part, origin in parts.items() if origin for file in weights(path / part)]
    parameters = sum(check_weights(file).parameters for file in files)
    check_memory(path, parameters)
    size, origin = sum(file.stat().st_size for file in files), index.get("_name_or_path")
    origin = origin[:LONGEST_NAME] if isinstance(origin, str) else ""
    return Checkpoint(name, path, class_name, parts, size, parameters, common_variant(path, files), origin)


def indexed(path: Path) -> tuple[dict[str, Any], str, dict[str, tuple[str, str] | None]]:
    """The index of a folder, the class that it names, and its parts. Raises CheckpointError, for pickles too."""
    refuse_pickles(path)
    index = read_json(path / INDEX)
    class_name = index.get("_class_name")
    if not isinstance(class_name, str) or not CLASS_NAME.fullmatch(class_name):
        raise CheckpointError(f"{path / INDEX} names no class of diffusers in _class_name.")
    return index, class_name, dict(parts_of(index, path))


def check_memory(path: Path, parameters: int, packed: int = 0) -> None:
    """Raises CheckpointError for weights that this machine has no memory for; `packed` are bytes of quantised ones."""
    if parameters * LEAST_BYTES_PER_PARAMETER + packed > memory():
        needed, have = (parameters * LEAST_BYTES_PER_PARAMETER + packed) / 1e9, memory() / 1e9
        raise CheckpointError(
            f"{path} needs {needed:.0f} GB of memory; this machine has {have:.0f} GB. Choose a smaller one."
        )


def common_variant(path: Path, files: Iterable[Path]) -> str | None:
    """The variant that some of the files are there in only. Raises CheckpointError where there are two."""
    variants = {variant_of(file.name) for file in files} - {"", None}
    if len(variants) > 1:
        raise CheckpointError(f"The parts of {path} are there in {' and '.join(sorted(map(str, variants)))} only.")
    return next(iter(variants), None)


def base_of(file: SingleFile, folder: Path, progress: Progress | None, hub: str | None) -> Path:
    """The folder with the settings of a file, and the parts that it lacks: one of its name beside it, or from the hub.

    Raises CheckpointError.
    """
    check_memory(file.path, file.parameters, file.packed)
    beside = file.path.with_suffix("")
    if (beside / INDEX).is_file():
        return beside
    try:
        return fetch(HubName(file.base), folder, memory(), progress, hub, file.lacking)
    except CheckpointError as error:
        parts = f", and the weights of {' and '.join(sorted(file.lacking))}" if file.lacking else ""
        raise CheckpointError(
            f"{file.path} is {file.family} in one file. Its settings and vocabulary{parts} are fetched once from "
            f"{file.base}, but: {error} Where there is no hub, copy them into {beside}, see docs/checkpoints.md."
        ) from error


def read_file(file: SingleFile, base: Path) -> Checkpoint:
    """Check a file together with the folder of its settings. Raises CheckpointError."""
    _index, class_name, parts = indexed(base)
    if strange := sorted(file.parts - {part for part, origin in parts.items() if origin}):
        raise CheckpointError(f"{base} has no {strange[0]}: it holds no settings for {file.family}, as {file.path} is.")
    # Is never in such a file. Pictures are checked by our own.
    parts["safety_checker"] = None
    files = [one for part in sorted(file.lacking) if parts.get(part) for one in weights(base / part)]
    parameters = file.parameters + sum(check_weights(one).parameters for one in files)
    check_memory(file.path, parameters, file.packed)
    size = sum(one.stat().st_size for one in (file.path, *files))
    return Checkpoint(file.path.stem, base, class_name, parts, size, parameters, common_variant(base, files), file=file)


def kind_of(path: Path) -> str:
    """What a folder is that is no checkpoint, and what to do, in a sentence for the operator."""
    names = {file.name for file in path.iterdir()}
    inner = sorted(folder.parent.name for folder in path.glob(f"*/{INDEX}"))
    if names & LORA:
        return "It is a LoRA, which changes a checkpoint and is none by itself. Name it in IMAGINE_LORA."
    if inner:
        return f"It holds checkpoints: name one of them, such as {path / inner[0]}."
    if any(name.endswith(".onnx") for name in names) or any(path.glob("*/*.onnx")):
        return "It was exported to ONNX. Name the checkpoint that it was made from."
    if "config.json" in names:
        return "It is one part, or another kind of model. Name a folder in the layout of diffusers."
    if weights_in(names):
        return f"It holds files of weights: name one of them, such as {path / min(weights_in(names))}."
    return "Name a folder in the layout of diffusers."


def weights_in(names: Iterable[str]) -> list[str]:
    """Those of a folder's files that can be named by themselves."""
    return [name for name in names if name.endswith(".safetensors")]


def refuse_pickles(path: Path) -> None:
    """Raises CheckpointError for a file that could run a program, whether it would be read or not."""
    for file in path.rglob("*"):
        if file.suffix.lower() in (*PICKLED, ".py") and file.is_file():
            raise CheckpointError(
                f"{file} may hold a program. Only safetensors are loaded: remove it, or convert the checkpoint."
            )


def parts_of(index: Mapping[str, Any], path: Path) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """The parts that the index names, with their folders there. Raises CheckpointError when one is missing."""
    for part, origin in index.items():
        match origin:
            case [str(library), str(class_name)] if PART_NAME.fullmatch(part):
                # Where a config holds anything but an object, diffusers would query the hub.
                if not [read_json(file) for file in (path / part).glob("*config.json")]:
                    raise CheckpointError(
                        f"The part {part} is missing in {path}. Copy or fetch the whole folder again."
                    )
                check_part(path / part, class_name)
                yield part, (library, class_name)
            case [None, None]:
                yield part, None
