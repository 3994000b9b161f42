"""MP4: boxes of length, name and body (ISO/IEC 14496-12, section 4.2)."""

from collections.abc import Iterator

from imagine.files.containers.part import BrokenFileError, Part, cut_out, number, whole

# XMP specification part 3, section 1.2.1: the name is "uuid", the body begins with this one.
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def parts(data: bytes) -> Iterator[Part]:
    """The boxes of a file, in their order. Raises BrokenFileError."""
    if data[4:8] != b"ftyp":
        raise BrokenFileError("no MP4")
    position = 0
    while position < len(data):
        part = whole(data, _box(data, position))
        yield part
        position = part.end


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file, None without one. Raises BrokenFileError."""
    return next((data[part.body + len(XMP) : part.end] for part in parts(data) if _is_xmp(data, part)), None)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The file with this packet in place of its own. Raises BrokenFileError."""
    """At the end, where it moves nothing: the tables of a video hold offsets into the file."""
    if read_xmp(data) is not None:
        data = _without_last(data)
    body = XMP + packet
    return data + (len(body) + 8).to_bytes(4, "big") + b"uuid" + body


def _without_last(data: bytes) -> bytes:
    last = list(parts(data))[-1]
    if not _is_xmp(data, last):
        raise ValueError("the XMP packet of this MP4 is not at its end")
    return cut_out(data, [last])


def _box(data: bytes, start: int) -> Part:
    length, kind = number(data, start, 4, "big"), data[start + 4 : start + 8]
    if length == 1:
        return Part(kind, start, start + 16, start + number(data, start + 8, 8, "big"))
    if length == 0:
        raise BrokenFileError(f"{kind!r} has no length: nothing can follow it")
    return Part(kind, start, start + 8, start + length)


def _is_xmp(data: bytes, part: Part) -> bool:
    return part.kind == b"uuid" and data.startswith(XMP, part.body)
