"""What a file is, by its bytes. Nothing is decoded: headers and boxes are read, within bounds."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# A hostile file may nest or repeat boxes without end.
BOXES = 2_000
CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
# How many bytes of a sample description come before the boxes inside it.
AUDIO_CODECS = {b"mp4a": "aac", b"samr": "amr"}
VIDEO_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc", b"mp4v": "mpeg4", b"av01": "av1"}


@dataclass(frozen=True)
class Format:
    """`mime` by the bytes; codecs of MP4, size in pixels of PNG and WebP, whether it moves or stands index first."""

    mime: str
    video: str = ""
    audio: str = ""
    width: int = 0
    height: int = 0
    animated: bool = False
    depth: int = 8
    mono: bool = True
    audio_streams: int = 0
    index_first: bool = True


def format_of(data: bytes) -> Format | None:
    """Recognise a file; None where it is none of those that the apps know by their bytes."""
    if data.startswith(b"\xff\xd8\xff"):
        return Format("image/jpeg")
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 26:
        width, height, depth = struct.unpack(">IIB", data[16:25])
        return Format("image/png", width=width, height=height, depth=depth)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Format("image/gif", animated=True)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return Format("audio/wav")
    if data[4:8] == b"ftyp":
        return _mp4(data)
    return _sound(data) or _document(data)


def _webp(data: bytes) -> Format:
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        return Format("image/webp", width=width, height=height, animated=bool(data[20] & 0x02))
    if chunk == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return Format("image/webp", width=1 + (bits & 0x3FFF), height=1 + (bits >> 14 & 0x3FFF))
    if chunk == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack("<HH", data[26:30])
        return Format("image/webp", width=width & 0x3FFF, height=height & 0x3FFF)
    return Format("image/webp")


def _mp4(data: bytes) -> Format:
    brand = data[8:12]
    order: list[bytes] = []
    video, audio, streams = "", "", 0
    for found, (kind, start, end) in enumerate(_boxes(data, 0, len(data), 0)):
        if found > BOXES:
            break
        if kind in (b"moov", b"mdat"):
            order.append(kind)
        if kind == b"stsd" and end - start >= 16:
            codec = data[start + 12 : start + 16]
            if codec in VIDEO_CODECS:
                video = VIDEO_CODECS[codec]
            elif codec in AUDIO_CODECS:
                audio, streams = AUDIO_CODECS[codec], streams + 1
    mime = "video/mp4" if video else "audio/mp4" if audio or brand.startswith(b"M4A") else "video/mp4"
    if brand.startswith(b"3g"):
        mime = "video/3gpp"
    if brand.startswith(b"qt"):
        mime = "video/quicktime"
    return Format(mime, video=video, audio=audio, audio_streams=streams, index_first=order[:1] != [b"mdat"])


def _boxes(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box with where its content begins and ends; those inside containers too."""
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or end - at
        if size < head:
            return
        stop = min(at + size, end)
        yield kind, at + head, stop
        if kind in CONTAINERS and depth < 8:
            yield from _boxes(data, at + head, stop, depth + 1)
        at += size


def _sound(data: bytes) -> Format | None:
    if data.startswith(b"OggS"):
        head = data.find(b"OpusHead", 0, 512)
        if head >= 0 and len(data) > head + 9:
            return Format("audio/ogg", audio="opus", mono=data[head + 9] == 1)
        return Format("audio/ogg", audio="vorbis" if b"\x01vorbis" in data[:512] else "")
    if data.startswith(b"#!AMR"):
        return Format("audio/amr", audio="amr")
    if data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 in (0xE2, 0xE4, 0xE6)):
        return Format("audio/mpeg", audio="mp3")
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        return Format("audio/aac", audio="aac")
    if data.startswith(b"\x1aE\xdf\xa3"):
        return Format("video/webm")
    return None


def _document(data: bytes) -> Format | None:
    if data.startswith(b"%PDF-"):
        return Format("application/pdf")
    if data.startswith(b"PK\x03\x04"):
        return Format("application/zip")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return Format("application/msword")
    return None
