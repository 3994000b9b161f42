"""The logs of embedded servers: rotated, kept small, and watched for warnings."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 10_000_000
TAIL_BYTES = 4_000
WARNING = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b")


def rotate(log: Path) -> None:
    """Rotate `log`: an existing file becomes its `.1`. Raises OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(log.suffix + ".1"))


def last_line(log: Path) -> str:
    """The last line of `log` that is not blank, at most 300 characters; empty where there is none. Raises OSError."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return readable(lines[-1])[:300] if lines else ""


def readable(line: str) -> str:
    """A line of a log as plain text: level and message, where it is JSON."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(record, dict) or "message" not in record:
        return line.strip()
    return f"{record.get('levelname', record.get('level', ''))} {record['message']}".strip()


class LogWatcher:
    """Follows a log that a server appends to, yields warnings and errors, and truncates it."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.position = 0
        self._last = ""
        self._inode = 0

    def new_warnings(self) -> Iterator[str]:
        """Warnings and errors since the last call, without repeats in a row. Raises OSError."""
        with self.log.open("rb") as file:
            self._detect_rotation(os.fstat(file.fileno()).st_ino)
            file.seek(self.position)
            data = file.read(MAX_BYTES)
        text, line_end, _rest = data.rpartition(b"\n")
        # An incomplete line is read again with the next call, unless it is longer than MAX_BYTES.
        self.position += len(text) + len(line_end) if len(data) < MAX_BYTES or line_end else len(data)
        if len(data) < MAX_BYTES:
            self._truncate()
        for line in text.decode(errors="replace").splitlines():
            if WARNING.search(line) and (words := readable(line)) != self._last:
                self._last = words
                yield words

    def _detect_rotation(self, inode: int) -> None:
        # A server that was restarted has a new file at this path.
        if inode != self._inode:
            self._inode, self.position = inode, 0

    def _truncate(self) -> None:
        # The server holds the file open for appending, so it is copied and emptied, not renamed.
        if self.position > MAX_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(self.log.suffix + ".1"))
            self.log.open("wb").close()
            self.position = 0
