"""Small files of every kind, as the apps take them."""

import io

import av
import numpy as np
from PIL import Image, ImageDraw


def picture(kind: str = "JPEG", size: tuple[int, int] = (320, 240)) -> bytes:
    """A disc on a ground."""
    image = Image.new("RGB", size, "#33468f")
    ImageDraw.Draw(image).ellipse((90, 40, 230, 180), fill="#f2b544")
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def sticker() -> bytes:
    """A still WebP of 512 x 512, clear around a disc."""
    image = Image.new("RGBA", (512, 512))
    ImageDraw.Draw(image).ellipse((56, 56, 456, 456), fill="#b3224f")
    buffer = io.BytesIO()
    image.save(buffer, "WEBP")
    return buffer.getvalue()


def video(frames: int = 24) -> bytes:
    """One second of H.264 in MP4."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"bf": "0", "profile": "main"}
        for number in range(frames):
            pixels = np.full((96, 128, 3), number * 10 % 255, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def sound(kind: str = "ogg", seconds: float = 1) -> bytes:
    """A tone as Opus, in Ogg or in WebM."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        count = int(48_000 * seconds)
        wave = (np.sin(np.arange(count) * (2 * np.pi * 440 / 48_000)) * 8000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def heard(data: bytes) -> tuple[str, str, float]:
    """The container, the codec and the seconds of a sound, all of it decoded."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, stream.codec_context.name, samples / stream.codec_context.sample_rate
