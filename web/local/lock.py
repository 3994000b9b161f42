"""A lock on the data folder: two starts would write to the same files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web.local.errors import AlreadyRunningError


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
