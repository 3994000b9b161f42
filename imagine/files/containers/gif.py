"""GIF: a header, then blocks; each block's body is cut into pieces of up to 255 bytes (GIF89a specification)."""

from collections.abc import Iterator

from imagine.files.containers.part import BrokenFileError, Part, cut_out, number

SIGNATURES = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, END = b"\x21", b"\x2c", b"\x3b"
APPLICATION = b"\x21\xff"
# XMP specification part 3, section 1.1.2. The packet stands there uncut. A reader that takes its letters for
# lengths of pieces lands somewhere in the tail, which counts down and so leads every such reader to the end.
XMP = b"\x21\xff\x0bXMP DataXMP"
TAIL = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def parts(data: bytes) -> Iterator[Part]:
    """The blocks of a file, in their order. Raises BrokenFileError."""
    if not data.startswith(SIGNATURES):
        raise BrokenFileError("no GIF")
    position = _first_block(data)
    while (kind := data[position : position + 1]) != END:
        if kind == EXTENSION:
            kind, body = data[position : position + 2], position + 2
        elif kind == IMAGE:
            body = position + 10 + _colours(data, position + 9) + 1
        else:
            raise BrokenFileError(f"no block begins with {kind!r} at {position}")
        end = _skip_pieces(data, body)
        yield Part(kind, position, body, end)
        position = end


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file, None without one. Raises BrokenFileError."""
    packets = (data[part.start + len(XMP) : part.end] for part in parts(data) if _is_xmp(data, part))
    return next((packet.removesuffix(TAIL) for packet in packets), None)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The file with this packet in place of its own. Raises BrokenFileError, and ValueError where it does not fit."""
    if b"\x00" in packet:
        raise ValueError("a zero would end the XMP packet of a GIF")
    data = cut_out(data, [part for part in parts(data) if _is_xmp(data, part)])
    place = _first_block(data)
    for part in parts(data):
        # Behind other applications: readers expect the one that says "repeat" near the header.
        if part.kind != APPLICATION:
            break
        place = part.end
    # Only GIF89a has extensions.
    return SIGNATURES[1] + data[6:place] + XMP + packet + TAIL + data[place:]


def _first_block(data: bytes) -> int:
    return 13 + _colours(data, 10)


def _colours(data: bytes, flags_at: int) -> int:
    """The length in bytes of the colour table that the flags at `flags_at` announce."""
    flags = number(data, flags_at, 1, "big")
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_pieces(data: bytes, position: int) -> int:
    while size := number(data, position, 1, "big"):
        position += size + 1
    return position + 1


def _is_xmp(data: bytes, part: Part) -> bool:
    return data.startswith(XMP, part.start)
