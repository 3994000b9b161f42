"""Opus in WebM, as Chromium records it, put into Ogg, as WhatsApp sends voice notes. The sound stays as it is."""

import struct
from collections.abc import Iterator

# Ids of Matroska. Of those that hold others only these are entered.
SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK = 0x18538067, 0x1F43B675, 0xA0, 0x1654AE6B, 0xAE
SIMPLE_BLOCK, BLOCK, CODEC, PRIVATE = 0xA3, 0xA1, 0x86, 0x63A2
ENTERED = {SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK}
PACKETS_IN_A_PAGE = 50
# Samples of one frame at 48 kHz, by the first five bits of a packet (RFC 6716, table 2).
FRAME_SAMPLES = [480, 960, 1920, 2880] * 3 + [480, 960] * 2 + [120, 240, 480, 960] * 4


class NotOpusError(Exception):
    """The file is no WebM, or has no Opus in it."""


def from_webm(data: bytes) -> bytes:
    """The same recording as Ogg. Raises NotOpusError."""
    head, packets = b"", []
    try:
        for name, value in _elements(data, 0, len(data)):
            if name == CODEC and value != b"A_OPUS":
                raise NotOpusError(value[:40])
            if name == PRIVATE:
                head = value
            elif name in (SIMPLE_BLOCK, BLOCK):
                # Track number, time, flags: chromium puts one packet into a block, without lacing.
                packets.append(value[4:])
    except (IndexError, struct.error) as error:
        raise NotOpusError from error
    packets = [packet for packet in packets if packet]
    if not head.startswith(b"OpusHead") or not packets:
        raise NotOpusError
    return _ogg(head, packets)


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Each element with its bytes; those that hold others are entered, at their level."""
    while at < end:
        width = 9 - data[at].bit_length()
        if width > 4:
            raise NotOpusError
        name = int.from_bytes(data[at : at + width], "big")
        at += width
        width = 9 - data[at].bit_length()
        if width > 8:
            raise NotOpusError
        size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        unknown = size == (1 << 7 * width) - 1
        at += width
        if name in ENTERED:
            # What is inside follows flat. A recording that was streamed does not know the size of its clusters.
            continue
        if unknown:
            raise NotOpusError
        yield name, data[at : min(at + size, end)]
        at += size


def _ogg(head: bytes, packets: list[bytes]) -> bytes:
    vendor = b"chaski"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page([head], 0, 0, 2), _page([tags], 0, 1, 0)]
    samples = 0
    for first in range(0, len(packets), PACKETS_IN_A_PAGE):
        group = packets[first : first + PACKETS_IN_A_PAGE]
        # A page has 255 lengths at most, and long packets take several.
        while len(_lacing(group)) > 255:
            half = len(group) // 2 or 1
            samples += sum(map(_samples, group[:half]))
            pages.append(_page(group[:half], samples, len(pages), 0))
            group = group[half:]
        samples += sum(map(_samples, group))
        last = first + PACKETS_IN_A_PAGE >= len(packets)
        pages.append(_page(group, samples, len(pages), 4 if last else 0))
    return b"".join(pages)


def _samples(packet: bytes) -> int:
    """How many samples a packet plays at 48 kHz."""
    frames = packet[0] & 3
    count = 1 if frames == 0 else 2 if frames < 3 else (packet[1] & 63 if len(packet) > 1 else 0)
    return FRAME_SAMPLES[packet[0] >> 3] * count


def _lacing(packets: list[bytes]) -> bytes:
    return b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)


def _page(packets: list[bytes], samples: int, number: int, flags: int) -> bytes:
    lacing = _lacing(packets)
    header = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, samples, 1, number, 0, len(lacing)) + lacing
    page = header + b"".join(packets)
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return table


CRC = _table()


def _checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ CRC[(value >> 24) ^ byte]
    return value
