"""What it costs to write a loop, beside the usual ways: python -m benchmarks.encoding

Each round writes the same 24 frames in every way, so that all meet the same machine; times are the median's.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from statistics import mean, median

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from benchmarks.table import Figure, report
from imagine.files.encode import to_gif, to_mp4, to_webp

FRAMES, SIDE, FRAME_MS = 24, 480, 80
TICK = Fraction(1, 100)
LIKE_OURS = "dither=bayer:bayer_scale=5:diff_mode=rectangle"
Frames = list[Image.Image]
Numbers = NDArray[np.float64]

OURS, WHOLE, USUAL, PILLOW, MP4, WEBP = "GIF", "GIF, whole frames", "GIF, ffmpeg's own", "GIF, Pillow", "MP4", "WebP"
WAYS: dict[str, Callable[[Frames], bytes]] = {
    OURS: lambda frames: to_gif(frames, FRAME_MS),
    WHOLE: lambda frames: ffmpeg_gif(frames, LIKE_OURS),
    USUAL: lambda frames: ffmpeg_gif(frames, ""),
    PILLOW: lambda frames: pillow_gif(frames),
    MP4: lambda frames: to_mp4(frames, FRAME_MS),
    WEBP: lambda frames: to_webp(frames, FRAME_MS),
}


@dataclass(frozen=True)
class Written:
    """What one way made of the frames."""

    seconds: float
    bytes: int
    likeness: float


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure how loops are encoded.")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    report("encoding", {"frames": FRAMES, "side": SIDE, "rounds": rounds}, figures(rounds))


def figures(rounds: int = 3) -> list[Figure]:
    """Time, size and likeness (SSIM, 1 is the same picture) of each way, and how ours compare."""
    frames = scene()
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    files: dict[str, bytes] = {}
    for _ in range(rounds):
        for name, encode in WAYS.items():
            begun = time.perf_counter()
            files[name] = encode(frames)
            times[name].append(time.perf_counter() - begun)
    ways = {name: Written(median(times[name]), len(files[name]), likeness(frames, files[name])) for name in WAYS}
    return [*compared(ways), *(row for name, way in ways.items() for row in plain(name, way))]


def compared(ways: dict[str, Written]) -> list[Figure]:
    ours, whole, pillow = ways[OURS], ways[WHOLE], ways[PILLOW]
    return [
        Figure("GIF ÷ palette of whole frames: time", ours.seconds / whole.seconds, aim=0.4),
        Figure("GIF ÷ palette of whole frames: size", ours.bytes / whole.bytes, aim=1.05),
        Figure("GIF ÷ palette of whole frames: SSIM", ours.likeness / whole.likeness, aim=0.99, more_is_better=True),
        Figure("GIF ÷ Pillow: time", ours.seconds / pillow.seconds, aim=1),
        Figure("GIF ÷ Pillow: size", ours.bytes / pillow.bytes, aim=1),
        Figure("GIF ÷ Pillow: SSIM", ours.likeness / pillow.likeness, aim=0.99, more_is_better=True),
        Figure("MP4 ÷ GIF: size", ways[MP4].bytes / ours.bytes, aim=0.35),
        Figure("WebP ÷ GIF: size", ways[WEBP].bytes / ours.bytes, aim=0.5),
    ]


def plain(name: str, way: Written) -> list[Figure]:
    return [
        Figure(f"{name}: time", way.seconds, "s"),
        Figure(f"{name}: size", way.bytes / 1000, "KB"),
        Figure(f"{name}: SSIM", way.likeness),
    ]


def scene() -> Frames:
    """A loop with the texture of photographs, a camera on a circle, and a ball that goes round.

    The strength of a photograph's waves falls with their frequency (Field 1987, "Relations between the statistics of
    natural images and the response properties of cortical cells").
    """
    random = np.random.default_rng(11)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE))
    frequency[0, 0] = 1
    waves = np.fft.rfft2(random.normal(size=(3, SIDE, SIDE))) / frequency**1.4
    ground = np.fft.irfft2(waves, s=(SIDE, SIDE)).transpose(1, 2, 0)
    ground = 120 + 45 * (ground - ground.mean((0, 1))) / ground.std((0, 1))
    return [Image.fromarray(moment(ground, 2 * np.pi * number / FRAMES)) for number in range(FRAMES)]


def moment(ground: Numbers, angle: float) -> NDArray[np.uint8]:
    """The scene at `angle` of its turn, as bytes of SIDE x SIDE x RGB."""
    across, down = np.cos(angle), np.sin(angle)
    moved = np.roll(ground, (round(20 * down), round(20 * across)), (0, 1)) + 8 * across
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    distance = np.hypot(x - 0.5 - 0.25 * across, y - 0.5 - 0.25 * down)[..., None]
    ball = np.array([240, 110, 60]) * (1 - 3 * distance)
    return np.where(distance < 0.14, ball, moved).clip(0, 255).astype(np.uint8)


def ffmpeg_gif(frames: Frames, use: str) -> bytes:
    """The recipe that everybody knows: a palette of all whole frames. `use` is what `paletteuse` is told."""
    graph = Graph()
    source = graph.add_buffer(width=SIDE, height=SIDE, format=av.VideoFormat("rgb24"), time_base=TICK)
    split, palette, shown = graph.add("split"), graph.add("palettegen"), graph.add("paletteuse", use)
    graph.link_nodes(source, split, palette)
    palette.link_to(shown, 0, 1)
    split.link_to(shown, 1, 0)
    shown.link_to(graph.add("buffersink"))
    graph.configure()
    for number, image in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        frame.pts, frame.time_base = number * FRAME_MS // 10, TICK
        graph.push(frame)
    graph.push(None)
    data = BytesIO()
    with av.open(data, "w", format="gif", options={"loop": "0"}) as file:
        stream = file.add_stream("gif")
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "pal8"
        stream.codec_context.time_base = TICK
        for _ in frames:
            file.mux(stream.encode(graph.vpull()))
        file.mux(stream.encode(None))
    return data.getvalue()


def pillow_gif(frames: Frames) -> bytes:
    """As diffusers' own helper writes it."""
    data = BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0, optimize=False)
    return data.getvalue()


def likeness(frames: Frames, data: bytes) -> float:
    """The mean SSIM of the frames and what is shown of them."""
    return mean(ssim(frame, shown) for frame, shown in zip(frames, decoded(data), strict=True))


def decoded(data: bytes) -> Frames:
    if data[4:8] == b"ftyp":
        with av.open(BytesIO(data), "r") as file:
            return [frame.to_image() for frame in file.decode(video=0)]
    return [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open(BytesIO(data)))]


def ssim(one: Image.Image, other: Image.Image, window: int = 7) -> float:
    """The mean structural similarity of two pictures' brightness, 1 when they are the same.

    Wang, Bovik, Sheikh, Simoncelli 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity",
    equation 13, with K1 = 0.01 and K2 = 0.03, in square windows of equal weights.
    """
    x, y = (np.asarray(image.convert("L"), dtype=float) for image in (one, other))
    mean_x, mean_y = windows(x, window), windows(y, window)
    variances = windows(x * x + y * y, window) - mean_x**2 - mean_y**2
    covariance = windows(x * y, window) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((alike / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean())


def windows(values: Numbers, side: int) -> Numbers:
    """The mean of each window of `side` x `side` that lies wholly within `values`."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2


if __name__ == "__main__":
    main()
