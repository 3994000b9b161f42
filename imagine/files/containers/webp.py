"""WebP, still and moving: RIFF chunks of name, length and body, padded to even lengths (RFC 9649)."""

from collections.abc import Iterator

from imagine.files.containers.part import BrokenFileError, Part, number, whole

HEAD_BYTES = 12
XMP_FLAG = 0x04
ALPHA_FLAG = 0x10


def parts(data: bytes) -> Iterator[Part]:
    """The chunks of a file, in their order. Raises BrokenFileError."""
    if data[:4] != b"RIFF" or data[8:HEAD_BYTES] != b"WEBP":
        raise BrokenFileError("no WebP")
    position, last = HEAD_BYTES, 8 + number(data, 4, 4, "little")
    while position < last:
        body = position + 8
        length = number(data, position + 4, 4, "little")
        part = whole(data, Part(data[position : position + 4], position, body, body + length))
        yield part
        position = part.end + length % 2


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file, None without one. Raises BrokenFileError."""
    return next((data[part.body : part.end] for part in parts(data) if part.kind == b"XMP "), None)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The file with this packet in place of its own. Raises BrokenFileError."""
    chunks = [(part.kind, data[part.body : part.end]) for part in parts(data) if part.kind != b"XMP "]
    if not chunks:
        raise BrokenFileError("an empty WebP")
    if chunks[0][0] != b"VP8X":
        chunks.insert(0, (b"VP8X", _extended_header(*chunks[0])))
    header = chunks[0][1]
    chunks[0] = (b"VP8X", bytes([header[0] | XMP_FLAG]) + header[1:])
    body = b"WEBP" + b"".join(_chunk(*chunk) for chunk in [*chunks, (b"XMP ", packet)])
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _extended_header(kind: bytes, body: bytes) -> bytes:
    """The body of VP8X for a picture that is one plain chunk: flags, three bytes free, width - 1, height - 1."""
    if kind == b"VP8L":
        # RFC 9649, section 3.4: one byte of signature, then 14 bits, 14 bits and one bit.
        bits = number(body, 1, 4, "little")
        wide, high, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, ALPHA_FLAG * (bits >> 28 & 1)
    elif kind == b"VP8 ":
        # RFC 6386, section 9.1: three bytes of tag, three of start code, then 14 bits of size and 2 of scale, twice.
        wide, high, flags = (number(body, 6, 2, "little") & 0x3FFF) - 1, (number(body, 8, 2, "little") & 0x3FFF) - 1, 0
    else:
        raise BrokenFileError(f"a WebP that begins with {kind!r}")
    return bytes([flags, 0, 0, 0]) + wide.to_bytes(3, "little") + high.to_bytes(3, "little")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\x00" * (len(body) % 2)
