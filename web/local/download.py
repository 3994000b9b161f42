"""Download a model's file from the hub: once, whole, checked by its hash, and resumed after an interruption."""

import errno
import glob
import hashlib
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from web.local.errors import DownloadError
from web.local.hub import Content, Hub, HubBusyError, HubFile, ask, check_status, unreachable
from web.local.lock import download_lock
from web.local.part import Part

# https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
MAGIC = b"GGUF"
RANGE = re.compile(r"bytes (?:(?P<start>\d+)-\d+|\*)/(?P<total>\d+)")
# The backoff after interruptions that bring nothing new, and how many of any kind one start bears.
RETRY_SECONDS = (1.0, 3.0, 10.0, 30.0)
MAX_INTERRUPTIONS = 100

# A callback: the bytes that are present and the bytes of the whole file.
Progress = Callable[[int, int], None]


def place(remote: HubFile, models: Path) -> Path:
    """Where `remote` is kept under `models`."""
    return models / remote.repo / remote.file


def is_fetched(remote: HubFile, models: Path) -> bool:
    """Whether `remote` is there. Only a whole file that was checked gets its name, so its size is enough."""
    path = place(remote, models)
    return path.is_file() and remote.size in (0, path.stat().st_size)


def bytes_present(remote: HubFile, models: Path) -> int:
    """How much of `remote` an interrupted download left, 0 where its hash is not known."""
    part = part_path(place(remote, models), Content(sha256=remote.sha256))
    return part.stat().st_size if remote.sha256 and part.is_file() else 0


def fetch(
    remote: HubFile, hub: Hub, models: Path, progress: Progress, delays: tuple[float, ...] = RETRY_SECONDS
) -> Path:
    """The path of `remote` under `models`, downloaded unless it is there.

    Another process that downloads the same file is waited for. Raises DownloadError, after which another call resumes
    the download, and OSError.
    """
    path = place(remote, models)
    if is_fetched(remote, models):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with download_lock(path.with_name(f".{path.name}.lock"), lambda: watch(path, remote, progress)):
            if not is_fetched(remote, models):
                download(remote, hub, path, progress, delays)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"The disk of {path.parent} is full. Make room and start again: the download goes on where it stopped."
            ) from error
        raise
    return path


def watch(path: Path, remote: HubFile, progress: Progress) -> int:
    """Show how much of `remote` another process has, and return it."""
    present = sum(part.stat().st_size for part in parts(path) if part.exists())
    if remote.size:
        progress(min(present, remote.size), remote.size)
    return present


def parts(path: Path) -> list[Path]:
    """The partial downloads of `path`."""
    return list(path.parent.glob(f"{glob.escape(path.name)}*.part"))


def part_path(path: Path, content: Content) -> Path:
    """The partial download of `content`. Its name binds it: the rest of one file never lands behind another's start."""
    bound = content.sha256[:16] or (hashlib.sha256(content.etag.encode()).hexdigest()[:16] if content.etag else "")
    return path.with_name(f"{path.name}.{bound}.part" if bound else f"{path.name}.part")


def download(remote: HubFile, hub: Hub, path: Path, progress: Progress, delays: tuple[float, ...]) -> None:
    """Download `remote` to `path`. Raises DownloadError and OSError."""
    with hub.client() as client:
        content = ask(client, remote, hub)
        wanted = part_path(path, content)
        for other in parts(path):
            if other != wanted:
                other.unlink()
        with Part(wanted) as part:
            Transfer(client, remote, hub, content, part, progress, total=content.size).run(delays)
            check(part, remote, hub, content)
            part.become(path)


@dataclass
class Transfer:
    """A download that is under way; `total` is the size of the whole file, 0 until it is known."""

    client: httpx.Client
    remote: HubFile
    hub: Hub
    content: Content
    part: Part
    progress: Progress
    total: int = 0

    def run(self, delays: tuple[float, ...]) -> None:
        """Receive all that is missing. Raises DownloadError and OSError."""
        if self.total:
            if self.part.size > self.total:
                self.part.clear()
            check_disk_space(self.part.path, self.total - self.part.size)
        most, waits = self.part.size, list(delays)
        for _interruption in range(MAX_INTERRUPTIONS):
            if self.total and self.part.size == self.total:
                return
            try:
                self._receive()
            except HubBusyError:
                if self.part.size <= most:
                    if not waits:
                        raise
                    time.sleep(waits.pop(0))
            if self.part.size > most:
                most, waits = self.part.size, list(delays)
        raise DownloadError(f"The download of {self.remote.file} was cut off. Start again to go on where it stopped.")

    def _receive(self) -> None:
        """Append what one request brings. Raises HubBusyError for one that was cut, DownloadError and OSError."""
        try:
            with self.client.stream("GET", self.remote.url(self.hub), headers=self._range()) as response:
                check_status(response, self.remote, self.hub)
                self._measure(response)
                check_disk_space(self.part.path, self.total - self.part.size)
                self.progress(self.part.size, self.total)
                if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    self._append(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(self.hub, error) from error

    def _range(self) -> dict[str, str]:
        """The headers that ask for the rest. The hash binds it, or else the ETag: of another file all is sent."""
        if not self.part.size:
            return {}
        bound = {"If-Range": self.content.etag} if self.content.etag and not self.content.sha256 else {}
        return {"Range": f"bytes={self.part.size}-"} | bound

    def _measure(self, response: httpx.Response) -> None:
        """Find the size of the whole file, and drop what cannot be its start. Raises DownloadError."""
        start, text = 0, response.headers.get("Content-Length", "")
        if response.status_code != httpx.codes.OK:
            match = RANGE.fullmatch(response.headers.get("Content-Range", ""))
            start, text = (int(match["start"] or -1), match["total"]) if match else (-1, "")
        if not text.isdecimal():
            raise DownloadError(f"{self.hub} does not say how large {self.remote.file} is. Name another hub or file.")
        total = int(text)
        if self.total not in (0, total):
            raise DownloadError(f"{self.hub} sent {total} bytes as {self.remote.file}, not {self.total}. Try later.")
        self.total = total
        # All of it is sent again, nothing of it is missing, or what is here is too long.
        if start != self.part.size and not (start < 0 and self.part.size == total):
            self.part.clear()
            if start:
                raise HubBusyError(f"{self.hub} sent another part of {self.remote.file} than was asked for.")

    def _append(self, response: httpx.Response) -> None:
        """Append the body. Raises DownloadError for one that is too long, httpx.HTTPError and OSError."""
        for chunk in response.iter_raw():
            if self.part.size + len(chunk) > self.total:
                self.part.clear()
                raise DownloadError(f"{self.hub} sent more of {self.remote.file} than there is. Try again later.")
            self.part.append(chunk)
            self.progress(self.part.size, self.total)


def check_disk_space(part: Path, missing: int) -> None:
    """Raise DownloadError when the disk has no space for `missing` bytes more."""
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise DownloadError(
            f"The disk of {part.parent} has {free / 1e9:.1f} GB free; {missing / 1e9:.1f} GB are missing. "
            "Make room, or name a smaller model: MODEL=list shows what fits."
        )


def check(part: Part, remote: HubFile, hub: Hub, content: Content) -> None:
    """Raise DownloadError, and delete the part, when it is no GGUF file, or not the one that was published."""
    if part.start(len(MAGIC)) != MAGIC:
        part.remove()
        raise DownloadError(f"What {hub} sent as {remote.file} is not a GGUF file. Look at the name.")
    if content.sha256 and part.sha256() != content.sha256:
        part.remove()
        raise DownloadError(
            f"What {hub} sent as {remote.file} is not what was published: its SHA-256 is another. It was deleted. "
            "Start again to fetch it anew; if that does not help, something on the way changes it."
        )
