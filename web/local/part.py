"""A partial download on the disk: it grows, knows the SHA-256 of what it holds, and becomes the file at once."""

import hashlib
import os
from pathlib import Path
from types import TracebackType

CHUNK = 1024 * 1024


class Part:
    """The file at `path`, created unless it is there, open until the end of the block. Methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a+b")
        self.size = os.fstat(self._file.fileno()).st_size
        self._hash = hashlib.sha256()
        # What an earlier start left counts too.
        self._file.seek(0)
        left = self.size
        while left and (chunk := self._file.read(min(CHUNK, left))):
            self._hash.update(chunk)
            left -= len(chunk)

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, chunk: bytes) -> None:
        """Write `chunk` at its end."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def clear(self) -> None:
        """Forget all that it holds."""
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.size = 0

    def sha256(self) -> str:
        """The hash of what it holds, in hexadecimal digits."""
        return self._hash.hexdigest()

    def start(self, count: int) -> bytes:
        """Its first `count` bytes."""
        self._file.flush()
        self._file.seek(0)
        return self._file.read(count)

    def remove(self) -> None:
        """Delete it."""
        self.path.unlink()

    def become(self, path: Path) -> None:
        """Move it to `path`, on the same disk, once all of it is stored: there is a whole file, or none."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.path.replace(path)
