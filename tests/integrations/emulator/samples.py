"""Small files of every kind; the MP4 ones are boxes without pictures in them."""

import io
import struct

from PIL import Image


def png(width: int = 4, height: int = 4) -> bytes:
    return _image("PNG", width, height)


def jpeg() -> bytes:
    return _image("JPEG", 4, 4)


def gif() -> bytes:
    return _image("GIF", 4, 4)


def webp(width: int = 512, height: int = 512) -> bytes:
    return _image("WEBP", width, height)


def animated_webp() -> bytes:
    frames = [Image.new("RGB", (512, 512), color) for color in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


def _image(kind: str, width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(buffer, kind)
    return buffer.getvalue()


def padded(data: bytes, size: int) -> bytes:
    """The same file with bytes behind it, `size` in all."""
    return data + b"\0" * (size - len(data))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def track(codec: bytes) -> bytes:
    entry = box(codec, b"\0" * 70)
    description = box(b"stsd", struct.pack(">II", 0, 1) + entry)
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", description))))


def mp4(*codecs: bytes, brand: bytes = b"isom") -> bytes:
    tracks = b"".join(track(codec) for codec in codecs)
    return box(b"ftyp", brand + b"\0\0\0\0") + box(b"moov", tracks) + box(b"mdat", b"\0" * 16)


def video() -> bytes:
    return mp4(b"avc1", b"mp4a")


def ogg(channels: int = 1) -> bytes:
    head = b"OpusHead\x01" + bytes([channels]) + b"\0" * 9
    return b"OggS\0\x02" + b"\0" * 20 + b"\x01\x13" + head + b"\0" * 64


def mp3() -> bytes:
    return b"ID3\x04\0\0\0\0\0\0" + b"\0" * 64


def pdf() -> bytes:
    return b"%PDF-1.4\n%%EOF\n"
