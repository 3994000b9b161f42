"""JPEG: segments that begin with a marker; a scan is a segment with its coded pixels (ITU T.81, annex B)."""

import re
from collections.abc import Iterator

from imagine.files.containers.part import BrokenFileError, Part, cut_out, number, whole

START = b"\xff\xd8"
END = b"\xd9"
SCAN = b"\xda"
APP0, APP1 = b"\xe0", b"\xe1"
# Coded pixels hold FF only before 00 or a restart marker, so that any other FF begins the next segment.
MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]", re.DOTALL)
# XMP specification part 3, section 1.1.3.
XMP = b"http://ns.adobe.com/xap/1.0/\x00"
MOST_SEGMENT_BYTES = 65_535


def parts(data: bytes) -> Iterator[Part]:
    """The segments of a file, in their order. Raises BrokenFileError."""
    if not data.startswith(START):
        raise BrokenFileError("no JPEG")
    found = MARKER.search(data, len(START))
    while found:
        part = _segment(data, found.start())
        found = MARKER.search(data, part.end)
        if part.kind == SCAN:
            part = part._replace(end=found.start() if found else len(data))
        yield part
        if part.kind == END:
            return
    raise BrokenFileError("the JPEG has no end")


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file, None without one. Raises BrokenFileError."""
    return next((data[part.body + len(XMP) : part.end] for part in parts(data) if _is_xmp(data, part)), None)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The file with this packet in place of its own. Raises BrokenFileError, and ValueError where it does not fit."""
    data = cut_out(data, [part for part in parts(data) if _is_xmp(data, part)])
    body = XMP + packet
    if len(body) + 2 > MOST_SEGMENT_BYTES:
        raise ValueError(f"an XMP packet of {len(packet)} bytes does not fit into a JPEG segment")
    # JFIF 1.02: its APP0 segment follows right after the start of the image.
    first = next(parts(data))
    place = first.end if first.kind == APP0 else len(START)
    return data[:place] + b"\xff" + APP1 + (len(body) + 2).to_bytes(2, "big") + body + data[place:]


def _segment(data: bytes, start: int) -> Part:
    kind = data[start + 1 : start + 2]
    if kind == END:
        return Part(kind, start, start + 2, start + 2)
    return whole(data, Part(kind, start, start + 4, start + 2 + number(data, start + 2, 2, "big")))


def _is_xmp(data: bytes, part: Part) -> bool:
    return part.kind == APP1 and data.startswith(XMP, part.body)
