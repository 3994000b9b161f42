"""Download a checkpoint from a hub: only files that are safe to read, all of one commit, once."""

import functools
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_download, hf_hub_url
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoSibling

from imagine.diffusion.download import WeightFile, download
from imagine.diffusion.hub_name import COMPLETE, HubName
from imagine.errors import CheckpointError

PATH = re.compile(r"(?:\w+/)?[\w-][\w.-]*", re.ASCII)
INDEX = "model_index.json"
# As diffusers names them, the best first: without a mark in the usual precision, and last as training left them.
VARIANTS = ("", "fp16", "bf16", "fp32", "non_ema")
WEIGHTS = re.compile(r"[^.]+(?:\.(fp16|bf16|fp32|non_ema))?(?:-\d{5}-of-\d{5})?\.safetensors", re.ASCII)
TOP = (INDEX, "chaski.json")
# .model is the vocabulary of a sentencepiece tokenizer, .jinja the text around a prompt: both are read, neither is run.
READ = (".json", ".txt", ".model", ".jinja")
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_FILES = 500
HUB_SECONDS = 30.0

# Called with the bytes downloaded and the bytes in all.
Progress = Callable[[int, int], None]


def fetch(
    remote: HubName,
    folder: Path,
    memory: int,
    progress: Progress | None,
    hub: str | None,
    parts: Collection[str] | None = None,
) -> Path:
    """The folder with the checkpoint, downloaded unless it is complete already. A partial download is resumed.

    `memory` is how many bytes its weights may need, `hub` the hub's address, None for the client's own. With `parts`
    only the weights of these are wanted, beside all that is small. Raises CheckpointError.
    """
    path = remote.folder(folder)
    mark = path / (COMPLETE if parts is None else "-".join((COMPLETE, "settings", *sorted(parts))))
    if mark.exists() or remote.is_fetched(folder):
        return path
    with told(remote, hub) as address:
        commit = fetch_files(remote, path, memory, progress or (lambda done, total: None), address, parts)
        mark.write_text(commit)
    return path


def fetch_file(
    remote: HubName, folder: Path, choose_one: Callable[[list[str]], str], largest: int, hub: str | None
) -> Path:
    """One file of a repository, downloaded unless it is there; `choose_one` picks it by the names of all.

    `largest` is how many bytes it may have. Raises CheckpointError, also for what `choose_one` raises.
    """
    path = remote.folder(folder)
    mark = path / f"{COMPLETE}-file"
    with told(remote, hub) as address:
        if mark.exists() and (path / (name := choose_one(mark.read_text().splitlines()))).is_file():
            return path / name
        info = HfApi(endpoint=address).model_info(
            remote.repo, revision=remote.revision, files_metadata=True, timeout=HUB_SECONDS
        )
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
        name = choose_one(list(sizes))
        if name not in sizes:
            raise CheckpointError(f"{remote.repo} has no file {name}.")
        free = shutil.disk_usage(existing(path)).free
        if sizes[name] > min(largest, free):
            raise CheckpointError(f"{remote.repo} has a {name} of {sizes[name] / 1e9:.1f} GB, which is too large.")
        file = Path(hf_hub_download(remote.repo, name, revision=str(info.sha), local_dir=path, endpoint=address))
        mark.write_text("\n".join(sizes))
    return file


def existing(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


@contextmanager
def told(remote: HubName, hub: str | None) -> Iterator[str]:
    """The hub's address, for a block whose errors become a CheckpointError with a sentence."""
    hub = (hub or constants.ENDPOINT).rstrip("/")
    try:
        yield hub
    except GatedRepoError as error:
        raise CheckpointError(
            f"{hub} gives {remote.repo} only to those who accepted its licence there. "
            f"Accept it at {hub}/{remote.repo}, and set HF_TOKEN to a token of yours."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise CheckpointError(f"{hub} has no {remote.repo} {remote.revision or ''}, or not for everybody.") from error
    except httpx2.TransportError as error:
        raise CheckpointError(
            f"{hub} cannot be reached ({error or type(error).__name__}). Look at the network and start again: what was "
            "fetched stays."
        ) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise CheckpointError(f"{hub} did not send {remote.repo}: {error}. Start again to go on.") from error


def fetch_files(
    remote: HubName, path: Path, memory: int, progress: Progress, hub: str, parts: Collection[str] | None
) -> str:
    """Download the files into `path`, all of one commit, which is returned.

    Raises CheckpointError, and what the hub's client raises: httpx2.HTTPError, OSError, ValueError.
    """
    info = HfApi(endpoint=hub).model_info(
        remote.repo, revision=remote.revision, files_metadata=True, timeout=HUB_SECONDS
    )
    commit, files = str(info.sha), {file.rfilename: file for file in info.siblings or []}
    get = functools.partial(hf_hub_download, remote.repo, revision=commit, local_dir=path, endpoint=hub)
    if INDEX not in files:
        raise CheckpointError(f"{remote.repo} has no {INDEX}: it is no checkpoint in the layout of diffusers.")
    index = json.loads(Path(get(INDEX)).read_text("utf-8"))
    sizes = {name: file.size or 0 for name, file in files.items()}
    wanted = dict(choose(sizes, index, remote.variant, parts))
    large = {name: weight_file(remote, commit, files[name], hub) for name in wanted if files[name].lfs}
    there = sum(file.size - file.missing(path) for file in large.values())
    check_space(remote, path, wanted, there, memory)
    done, total = 0, sum(wanted.values())
    for name, size in wanted.items():
        if name in large:
            download(large[name], path, functools.partial(report, progress, done, total))
        else:
            get(name)
        done += size
        progress(done, total)
    return commit


def weight_file(remote: HubName, commit: str, file: RepoSibling, hub: str) -> WeightFile:
    """What the hub says of a large file. Raises ValueError where it says no hash."""
    if file.lfs is None or not SHA256.fullmatch(file.lfs.sha256):
        raise ValueError(f"no hash of {file.rfilename}")
    url = hf_hub_url(remote.repo, file.rfilename, revision=commit, endpoint=hub)
    return WeightFile(file.rfilename, url, file.lfs.size, file.lfs.sha256)


def report(progress: Progress, done: int, total: int, downloaded: int) -> None:
    """Report `downloaded` bytes of one file, after `done` bytes of others, as a part of `total`."""
    progress(min(done + downloaded, total), total)


def choose(
    sizes: Mapping[str, int], index: Mapping[str, Any], first: str = "", parts: Collection[str] | None = None
) -> Iterator[tuple[str, int]]:
    """The files to download, with their sizes: those of the parts, their weights in one precision only.

    That is `first` if there. With `parts`, the weights of these alone.
    """
    order = sorted(VARIANTS, key=lambda variant: variant != first)
    variants: dict[PurePosixPath, str] = {}
    for name in sizes:
        if (variant := variant_of(name)) is not None:
            folder = PurePosixPath(name).parent
            variants[folder] = min(variant, variants.get(folder, variant), key=order.index)
    for name, size in sizes.items():
        path = PurePosixPath(name)
        if not PATH.fullmatch(name) or (name not in TOP and path.parent.name not in index):
            continue
        if path.suffix == ".safetensors":
            wanted = parts is None or path.parent.name in parts
            fits = wanted and path.parent in variants and variant_of(name) == variants[path.parent]
        else:
            fits = path.suffix in READ
        if fits:
            yield name, size


def variant_of(name: str) -> str | None:
    """Of which variant of a checkpoint a file holds weights: one of VARIANTS. None where it holds none."""
    found = WEIGHTS.fullmatch(PurePosixPath(name).name)
    return (found[1] or "") if found else None


def check_space(remote: HubName, path: Path, wanted: Mapping[str, int], there: int, memory: int) -> None:
    """Raises CheckpointError for a checkpoint of too many files, or too large for the disk or the memory.

    `there` is how many of its bytes are on the disk already.
    """
    if len(wanted) > MOST_FILES:
        raise CheckpointError(f"{remote.repo} has {len(wanted)} files; that is no checkpoint.")
    total, free = sum(wanted.values()), shutil.disk_usage(path).free
    if total - there > free:
        have, needed = free / 1e9, (total - there) / 1e9
        raise CheckpointError(
            f"The disk of {path} has {have:.1f} GB free; of {remote.repo} {needed:.1f} GB are missing. Make room, or "
            "choose a smaller: PICTURES=list shows what fits."
        )
    # Weights on a hub can be twice as large as they are in memory.
    if total / 2 > memory:
        have, needed = memory / 1e9, total / 2e9
        raise CheckpointError(
            f"{remote.repo} needs {needed:.1f} GB of memory; there are {have:.1f} GB. Choose a smaller: "
            "PICTURES=list shows what fits."
        )
