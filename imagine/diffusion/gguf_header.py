"""The header of a GGUF file: the names, types and shapes of its tensors. Their values are not read.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from pathlib import Path

from imagine.diffusion.header import Header, Tensor
from imagine.errors import CheckpointError

MAGIC = b"GGUF"
# Our own bound: the vocabularies of language models, the largest headers there are, take some 10 MB.
LARGEST_HEADER = 50_000_000
MOST_DIMENSIONS = 8
# The formats of values by their numbers; 8 is a text, 9 an array.
FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, ARRAY = 8, 9


class Cursor:
    """A place in the header. Reading raises struct.error at its end, and ValueError for what is not in the format."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, form: str) -> int:
        value = struct.unpack_from(f"<{form}", self.data, self.at)[0]
        self.at += struct.calcsize(f"<{form}")
        return int(value)

    def text(self) -> str:
        length = self.number("Q")
        found = self.data[self.at : self.at + length]
        if len(found) != length:
            raise ValueError("a text is cut off")
        self.at += length
        return found.decode()

    def value(self, kind: int) -> str:
        """A text; empty for all else, which is skipped."""
        if kind == TEXT:
            return self.text()
        if kind == ARRAY:
            inner, count = self.number("I"), self.number("Q")
            if inner in FORMATS:
                self.at += struct.calcsize(f"<{FORMATS[inner]}") * count
            elif inner == TEXT:
                for _ in range(count):
                    self.text()
            else:
                raise ValueError("an array of arrays")
            return ""
        self.at += struct.calcsize(f"<{FORMATS[kind]}")
        return ""

    def tensor(self) -> tuple[str, Tensor]:
        name, dimensions = self.text(), self.number("I")
        if dimensions > MOST_DIMENSIONS:
            raise ValueError("a tensor of too many dimensions")
        # The innermost comes first.
        shape = tuple(self.number("Q") for _ in range(dimensions))[::-1]
        kind, _offset = self.number("I"), self.number("Q")
        return name, Tensor(str(kind), shape)


def read_gguf(file: Path) -> Header:
    """The header of a file, with the texts of its metadata. Raises CheckpointError for one that is damaged."""
    with file.open("rb") as opened:
        cursor = Cursor(opened.read(LARGEST_HEADER))
    try:
        cursor.at = len(MAGIC) + 4
        tensors, entries = cursor.number("Q"), cursor.number("Q")
        metadata = {cursor.text(): cursor.value(cursor.number("I")) for _ in range(entries)}
        return Header(dict(cursor.tensor() for _ in range(tensors)), metadata)
    except (struct.error, ValueError, LookupError, OverflowError) as error:
        raise CheckpointError(f"{file} is a GGUF file that is cut off or damaged. Copy or fetch it again.") from error
