"""PNG: chunks of length, name, body and checksum (W3C PNG, third edition, section 5)."""

import zlib
from collections.abc import Iterator

from imagine.files.containers.part import BrokenFileError, Part, cut_out, number, whole

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Keyword, no compression, no language, no translated keyword: XMP specification part 3, section 1.1.5.
XMP = b"XML:com.adobe.xmp\x00\x00\x00\x00\x00"
KEYWORD = XMP[:18]


def parts(data: bytes) -> Iterator[Part]:
    """The chunks of a file, in their order. Raises BrokenFileError."""
    if not data.startswith(SIGNATURE):
        raise BrokenFileError("no PNG")
    position = len(SIGNATURE)
    while position < len(data):
        body = position + 8
        end = body + number(data, position, 4, "big") + 4
        part = whole(data, Part(data[position + 4 : body], position, body, end))
        yield part
        if part.kind == b"IEND":
            return
        position = end


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file, None without one. Raises BrokenFileError."""
    packets = (data[part.body : part.end - 4] for part in parts(data) if _is_xmp(data, part))
    return next((packet[len(XMP) :] for packet in packets if packet.startswith(XMP)), None)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The file with this packet in place of its own. Raises BrokenFileError."""
    data = cut_out(data, [part for part in parts(data) if _is_xmp(data, part)])
    header = next(parts(data))
    return data[: header.end] + _chunk(b"iTXt", XMP + packet) + data[header.end :]


def _is_xmp(data: bytes, part: Part) -> bool:
    return part.kind == b"iTXt" and data.startswith(KEYWORD, part.body)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
