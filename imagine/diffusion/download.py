"""Download one file of weights: it goes on where an earlier start stopped, and is checked by its SHA-256."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers  # type: ignore[attr-defined]
from huggingface_hub.utils.tqdm import tqdm

from imagine.errors import CheckpointError

# Called with the bytes of a file that are there.
Report = Callable[[int], None]


@dataclass(frozen=True)
class WeightFile:
    """A large file of one commit, as the hub describes it."""

    name: str
    url: str
    size: int
    sha256: str

    def part(self, folder: Path) -> Path:
        """What is there of it so far. Its name binds it to one content."""
        path = folder / self.name
        return path.with_name(f"{path.name}.{self.sha256[:16]}.part")

    def missing(self, folder: Path) -> int:
        """How many bytes of it are not there yet."""
        for path in (folder / self.name, self.part(folder)):
            if path.exists():
                return max(0, self.size - path.stat().st_size)
        return self.size


class Bar(tqdm):
    """What the hub's client takes for a progress bar: it reports how many bytes of a file are downloaded.

    Raises ValueError for more than `size`.
    """

    def __init__(self, report: Report, size: int, initial: int = 0, **_settings: Any) -> None:
        super().__init__(disable=True)  # type: ignore[no-untyped-call]
        self.report = report
        self.size = size
        self.downloaded = initial

    def update(self, n: float | None = 1) -> None:
        self.downloaded += int(n or 0)
        if self.downloaded > self.size:
            raise ValueError(f"more came than the {self.size} bytes that there are")
        self.report(self.downloaded)


def download(file: WeightFile, folder: Path, report: Report) -> None:
    """Have `file` whole in `folder`. Another process that downloads it is waited for.

    Raises CheckpointError for another content than the hub promised, and what its client raises: httpx2.HTTPError,
    OSError, ValueError. Another call then resumes the download.
    """
    path, part = folder / file.name, file.part(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(part.with_suffix(".lock")):
        # An earlier start may have left that of another commit.
        if path.exists() and sha256(path) == file.sha256:
            return
        # The hub's client keeps no part of a file beyond its process.
        with part.open("ab") as opened:
            if opened.tell() > file.size:
                opened.truncate(0)
            http_get(
                file.url,
                opened,
                resume_size=opened.tell(),
                headers=build_hf_headers(),
                expected_size=file.size,
                tqdm_class=functools.partial(Bar, report, file.size),  # type: ignore[arg-type]
            )
        if sha256(part) != file.sha256:
            part.unlink()
            raise CheckpointError(
                f"{file.name} did not come as it is on the hub: its SHA-256 is another. It was deleted. Start again; "
                "if that does not help, something on the way changes it."
            )
        part.replace(path)


def sha256(path: Path) -> str:
    """The hash of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
