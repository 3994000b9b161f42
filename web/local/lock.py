"""One start for each data folder: two would write to the same files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web.local.errors import AlreadyRunningError


@contextmanager
def only_start(folder: Path) -> Iterator[None]:
    """Hold `folder` for us; the system lets go when we end, however we end.

    Raises AlreadyRunningError when another start holds it, OSError when it cannot be written.
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
