"""A part of a file: a chunk, a segment, a block or a box."""

from typing import NamedTuple


class BrokenFileError(ValueError):
    """The file is cut off, or of another format than its name says."""


class Part(NamedTuple):
    """`data[start:end]` is the whole part, with its header; `data[body:end]` begins behind the header."""

    kind: bytes
    start: int
    body: int
    end: int


def number(data: bytes, start: int, count: int, order: str) -> int:
    """The unsigned number in `count` bytes from `start`; `order` is "big" or "little". Raises BrokenFileError."""
    if start + count > len(data):
        raise BrokenFileError(f"ends at {len(data)}, a number was due at {start}")
    return int.from_bytes(data[start : start + count], "big" if order == "big" else "little")


def whole(data: bytes, part: Part) -> Part:
    """The same part, checked to lie within the file. Raises BrokenFileError."""
    if part.end > len(data) or part.end < part.body:
        raise BrokenFileError(f"{part.kind!r} should end at {part.end} of {len(data)} bytes")
    return part


def cut_out(data: bytes, parts: list[Part]) -> bytes:
    """The file without these parts, which are in the order of the file."""
    edges = [0, *(edge for part in parts for edge in (part.start, part.end)), len(data)]
    return b"".join(data[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
