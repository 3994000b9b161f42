"""The logs of our servers: kept small, and read for trouble."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 10_000_000
TAIL_BYTES = 4_000
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b")


def rotate(log: Path) -> None:
    """Make room for a new log at `log`: what is there becomes its `.1`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(log.suffix + ".1"))


def last_line(log: Path) -> str:
    """The last line in `log` that is not blank, at most 300 characters; empty where there is none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return readable(lines[-1])[:300] if lines else ""


def readable(line: str) -> str:
    """A line of a log as a person likes to read it: out of its JSON, where it is in one."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(record, dict) or "message" not in record:
        return line.strip()
    return f"{record.get('levelname', record.get('level', ''))} {record['message']}".strip()


class Troubles:
    """Follows a log that a server appends to, and tells of warnings and worse. Keeps it small, too."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.position = 0
        self.told = ""
        self._inode = 0

    def new(self) -> Iterator[str]:
        """The troubles written since the last call; the same words in a row are told once."""
        with self.log.open("rb") as file:
            self._notice_another(os.fstat(file.fileno()).st_ino)
            file.seek(self.position)
            data = file.read(MAX_BYTES)
        text, line_end, _rest = data.rpartition(b"\n")
        # The rest of a line comes later, but not of one that is too long to be read.
        self.position += len(text) + len(line_end) if len(data) < MAX_BYTES or line_end else len(data)
        if len(data) < MAX_BYTES:
            self._keep_small()
        for line in text.decode(errors="replace").splitlines():
            if TROUBLE.search(line) and (words := readable(line)) != self.told:
                self.told = words
                yield words

    def _notice_another(self, inode: int) -> None:
        # A server that was started again has a new log in this place.
        if inode != self._inode:
            self._inode, self.position = inode, 0

    def _keep_small(self) -> None:
        # The server holds the file open for appending, so it is copied and emptied, not renamed.
        if self.position > MAX_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(self.log.suffix + ".1"))
            self.log.open("wb").close()
            self.position = 0
