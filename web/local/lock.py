"""Locks on files, as two processes would write to the same ones: the data folder, and a download."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from web.local.errors import AlreadyRunningError, DownloadError

POLL_SECONDS = 0.2
# Longer than a download waits for its server, with all its retries.
STALLED_SECONDS = 300


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`; the system releases it when the process ends, however it ends.

    Raises AlreadyRunningError when another start holds it, OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "start.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                f"Chaski already runs on {folder}. Stop it first, or set DATA_DIR to another folder."
            ) from error
        yield


@contextmanager
def download_lock(path: Path, present: Callable[[], int], stalled_seconds: float = STALLED_SECONDS) -> Iterator[None]:
    """Hold the lock file `path`, once the process that holds it has ended its download, or itself.

    `present` counts the bytes that it has. Raises DownloadError when they do not grow, OSError when nothing can be
    written.
    """
    with path.open("a") as file:
        seen, since = -1, time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if (now := present()) != seen:
                    seen, since = now, time.monotonic()
                if time.monotonic() - since > stalled_seconds:
                    raise DownloadError(
                        f"Another process downloads to {path.parent}, and nothing more comes. End it and start again."
                    ) from error
            time.sleep(POLL_SECONDS)
        yield
