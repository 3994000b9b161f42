"""Download a model's file from the Hugging Face hub, and resume an interrupted download."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from web.local.errors import DownloadError

HUB = "https://huggingface.co"
NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*):(?P<file>(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.gguf)", re.ASCII)
# https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
MAGIC = b"GGUF"
TIMEOUT = httpx.Timeout(30)
# Retries after an interrupted connection, as long as each makes progress.
MAX_INTERRUPTIONS = 20

# A callback: the bytes that are present and the bytes of the whole file.
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


def hub_file(wanted: str) -> HubFile | None:
    """The file that `hub-user/repo:file.gguf` names; None where `wanted` has another form."""
    match = NAME.fullmatch(wanted)
    return HubFile(match["repo"], match["file"]) if match else None


def fetch(remote: HubFile, models: Path, progress: Progress) -> Path:
    """The path of `remote` under `models`, downloaded unless it exists.

    Raises DownloadError, after which another call resumes the download, and OSError.
    """
    path = models / remote.repo / remote.file
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        for _interruption in range(MAX_INTERRUPTIONS):
            before = bytes_present(part)
            if resume(client, remote, part, progress):
                part.replace(path)
                return path
            if 0 < bytes_present(part) <= before:
                break
    raise DownloadError(f"The download of {remote.file} was cut off. Start again to go on where it stopped.")


def bytes_present(part: Path) -> int:
    """The size of the partial download, 0 where there is none."""
    return part.stat().st_size if part.exists() else 0


def resume(client: httpx.Client, remote: HubFile, part: Path, progress: Progress) -> bool:
    """Append to `part` what is missing; returns whether it is complete. Raises DownloadError and OSError."""
    have, total = bytes_present(part), 0
    try:
        with client.stream("GET", remote.url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            total = total_size(response, remote)
            check_disk_space(part, total - have)
            append(response, part, lambda done: progress(done, total))
    except httpx.TransportError as error:
        if bytes_present(part) <= have:
            raise DownloadError(f"{remote.hub} cannot be reached ({error or type(error).__name__}).") from error
    if bytes_present(part) > total:
        part.unlink()
        return False
    whole = bytes_present(part) == total
    check_magic(part, remote, whole)
    return whole


def total_size(response: httpx.Response, remote: HubFile) -> int:
    """The size of the whole file. Raises DownloadError for a response without the file."""
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


def check_disk_space(part: Path, missing: int) -> None:
    """Raise DownloadError when the disk has no space for `missing` bytes more."""
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise DownloadError(
            f"The disk of {part.parent} has {free / 1e9:.1f} GB free; {missing / 1e9:.1f} GB are missing."
        )


def append(response: httpx.Response, part: Path, progress: Callable[[int], None]) -> None:
    """Append the response to `part`, or replace it when the server ignores the range. Raises OSError."""
    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return
    with part.open("ab" if response.status_code == httpx.codes.PARTIAL_CONTENT else "wb") as file:
        for chunk in response.iter_raw():
            file.write(chunk)
            progress(file.tell())


def check_magic(part: Path, remote: HubFile, whole: bool) -> None:
    """Raise DownloadError, and delete `part`, when it is not a GGUF file or the start of one."""
    with part.open("rb") as file:
        start = file.read(4)
    if not MAGIC.startswith(start) or (whole and start != MAGIC):
        part.unlink()
        raise DownloadError(f"What {remote.hub} sent as {remote.file} is not a GGUF file.")
