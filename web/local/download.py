"""Fetch a model's file from the Hugging Face hub; one that was cut off is continued."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from web.local.errors import DownloadError

HUB = "https://huggingface.co"
NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*):(?P<file>(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.gguf)", re.ASCII)
MAGIC = b"GGUF"
TIMEOUT = httpx.Timeout(30)
# A cut connection is tried again this often, as long as each try brings something.
CUTS = 20

# Called with the bytes that are there and the bytes of the whole file.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class HubFile:
    """A file of a repository on the hub."""

    repo: str
    file: str
    hub: str = HUB

    @property
    def url(self) -> str:
        return f"{self.hub}/{self.repo}/resolve/main/{self.file}"


def on_hub(wanted: str) -> HubFile | None:
    """The file that `hub-user/repo:file.gguf` means; None when `wanted` is written otherwise."""
    match = NAME.fullmatch(wanted)
    return HubFile(match["repo"], match["file"]) if match else None


def fetch(remote: HubFile, models: Path, progress: Progress) -> Path:
    """The path of `remote` under `models`, fetched unless it is there already.

    Raises DownloadError, after which calling again goes on where it stopped, and OSError.
    """
    path = models / remote.repo / remote.file
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        for _cut in range(CUTS):
            before = size(part)
            if fetch_rest(client, remote, part, progress):
                part.replace(path)
                return path
            if 0 < size(part) <= before:
                break
    raise DownloadError(f"The download of {remote.file} was cut off. Start again to go on where it stopped.")


def size(part: Path) -> int:
    """The bytes that are there already."""
    return part.stat().st_size if part.exists() else 0


def fetch_rest(client: httpx.Client, remote: HubFile, part: Path, progress: Progress) -> bool:
    """Add to `part` what is missing; says whether it is whole now. Raises DownloadError and OSError."""
    have, total = size(part), 0
    try:
        with client.stream("GET", remote.url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            total = whole_size(response, remote)
            check_room(part, total - have)
            write(response, part, lambda done: progress(done, total))
    except httpx.TransportError as error:
        if size(part) <= have:
            raise DownloadError(f"{remote.hub} cannot be reached ({error or type(error).__name__}).") from error
    if size(part) > total:
        part.unlink()
        return False
    whole = size(part) == total
    check_kind(part, remote, whole)
    return whole


def whole_size(response: httpx.Response, remote: HubFile) -> int:
    """How many bytes the whole file has. Raises DownloadError when the answer does not bring it."""
    match response.status_code:
        case httpx.codes.OK:
            text = response.headers.get("Content-Length", "")
        case httpx.codes.PARTIAL_CONTENT | httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            text = response.headers.get("Content-Range", "").rpartition("/")[2]
        case httpx.codes.NOT_FOUND:
            raise DownloadError(f"There is no file {remote.file} in {remote.repo} at {remote.hub}.")
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN:
            raise DownloadError(
                f"{remote.hub} gives {remote.repo} only to some. Download it yourself and name the file."
            )
        case status:
            raise DownloadError(f"{remote.hub} answered {status} instead of sending {remote.file}. Try again later.")
    if not text.isdecimal():
        raise DownloadError(f"{remote.hub} does not say how large {remote.file} is.")
    return int(text)


def check_room(part: Path, missing: int) -> None:
    """Raise DownloadError when the disk has no room for `missing` bytes more."""
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise DownloadError(
            f"The disk of {part.parent} has {free / 1e9:.1f} GB free; {missing / 1e9:.1f} GB are missing."
        )


def write(response: httpx.Response, part: Path, progress: Callable[[int], None]) -> None:
    """Write what arrives to the end of `part`, or to a new one when the server sends all of it again."""
    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return
    with part.open("ab" if response.status_code == httpx.codes.PARTIAL_CONTENT else "wb") as file:
        for chunk in response.iter_raw():
            file.write(chunk)
            progress(file.tell())


def check_kind(part: Path, remote: HubFile, whole: bool) -> None:
    """Raise DownloadError, and forget what came, when it is not a GGUF file or the start of one."""
    with part.open("rb") as file:
        start = file.read(4)
    if not MAGIC.startswith(start) or (whole and start != MAGIC):
        part.unlink()
        raise DownloadError(f"What {remote.hub} sent as {remote.file} is not a GGUF file.")
