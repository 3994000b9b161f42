"""The checkpoint that comes along, in one process: how fast it draws while somebody types, whether its memory grows.

    python -m benchmarks.sketchbook [--pictures 500] [--loops 20] [--busy 1]

`--busy` cores are kept busy by processes of nothing else. Letters come at KEYS_PER_SECOND; each frame is drawn from the
newest prompt when the one before is done, as the painter does it for one person; the JPEG is made too.
"""

import argparse
import multiprocessing
import time
from contextlib import ExitStack
from itertools import cycle, islice
from statistics import median

import psutil
import torch
from django.conf import settings

import benchmarks.environment  # noqa: F401  Django must be ready before its settings are read
from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.files import animate
from imagine.files.encode import to_gif, to_jpeg
from imagine.sketches import sketcher

KEYS_PER_SECOND, CORES, SIDE = 6, 2, 128
FRAMES, FRAME_MS = 24, 80
SENTENCES = (
    "a happy dog on a red background", "two cats in the snow at night", "an astronaut riding a horse on the moon",
    "a cup of coffee and a croissant", "a house with a red roof in autumn", "three green apples in a bowl",
    "a penguin with a crown", "my car is blue",
)  # fmt: skip


def typed(painter: Renderer, text: str, seed: int) -> tuple[float, float, float]:
    """Milliseconds to the first frame and from the last letter to its frame, and how many frames a letter had."""
    began, frames, shown, first = time.perf_counter(), 0, 0, 0.0
    while shown < len(text):
        due = min(len(text), int((time.perf_counter() - began) * KEYS_PER_SECOND) + 1)
        if due == shown:
            time.sleep(0.002)
            continue
        to_jpeg(painter.paint([Stroke(text[:due], seed, SIDE, SIDE)])[0].image)
        frames, shown = frames + 1, due
        first = first or time.perf_counter() - began
    last = time.perf_counter() - began - (len(text) - 1) / KEYS_PER_SECOND
    return first * 1000, last * 1000, frames / len(text)


def busy() -> None:
    while True:
        pass


def megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def report_memory(painter: Renderer, pictures: int, loops: int) -> None:
    """Print the memory of this process after each fifth of the pictures, and after each fifth of the loops."""
    for number, text in enumerate(islice(cycle(SENTENCES), pictures)):
        if number % max(1, pictures // 5) == 0:
            print(f"| memory after {number} pictures | {megabytes():.0f} MB |", flush=True)
        to_jpeg(painter.paint([Stroke(f"{text} {number}", number, SIDE, SIDE)])[0].image)
    print(f"| memory after {pictures} pictures | {megabytes():.0f} MB |", flush=True)
    for number, text in enumerate(islice(cycle(SENTENCES), loops)):
        start = painter.paint([Stroke(text, number, SIDE, SIDE)])[0].image
        frames = animate.frames(painter, start, text, number, "gentle", FRAMES, lambda *_: None, anew=True)
        to_gif(frames, FRAME_MS)
        if (number + 1) % max(1, loops // 4) == 0:
            print(f"| memory after {number + 1} loops | {megabytes():.0f} MB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--loops", type=int, default=20)
    parser.add_argument("--busy", type=int, default=0)
    told = parser.parse_args()
    torch.set_num_threads(CORES)
    folder = settings.SHIPPED_CHECKPOINT
    painter = sketcher.load(find(str(folder), folder), RenderOptions(device="cpu"))
    painter.warm()
    with ExitStack() as stack:
        for _ in range(told.busy):
            other = multiprocessing.get_context("spawn").Process(target=busy, daemon=True)
            other.start()
            stack.callback(other.terminate)
        times = [typed(painter, text, seed) for seed, text in enumerate(SENTENCES)]
    print("| measured | |\n|---|---|")
    for title, found in zip(("first frame", "last letter to its frame"), zip(*times, strict=True), strict=False):
        print(f"| {title}, median and slowest | {median(found):.0f} ms, {max(found):.0f} ms |")
    print(f"| frames per letter at {KEYS_PER_SECOND} a second | {median(one[2] for one in times):.2f} |", flush=True)
    if told.pictures:
        report_memory(painter, told.pictures, told.loops)


if __name__ == "__main__":
    main()
