"""MP4 that old phones play too: H.264 of main profile, yuv420p, no B-frames, even sides, its index in front."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from imagine.files.loops.reel import Reel, for_ffmpeg

# What AAC of the common profile (LC) codes at once, and the rate that every player knows.
SOUND_RATE, SOUND_SAMPLES = 44_100, 1024
# Silence takes next to nothing of it.
SOUND_BITS = 32_000


def encode(reel: Reel, quality: int) -> bytes:
    """One turn, without sound; all frames stand for the same time.

    `quality` is x264's rate factor, 0 to 51: 18 looks like the original, more is smaller.
    """
    return _encoded(reel, quality, silence=False)


def encode_with_silence(reel: Reel, quality: int) -> bytes:
    """The same with a track of silence (AAC), for apps that take a video without sound for something else."""
    return _encoded(reel, quality, silence=True)


def _encoded(reel: Reel, quality: int, silence: bool) -> bytes:
    # The index goes in front of the pictures in a second pass over the file, so it must be a real one.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "loop.mp4"
        _write(path, reel, quality, silence)
        return path.read_bytes()


def _write(path: Path, reel: Reel, quality: int, silence: bool) -> None:
    # Chroma has half the sides, so yuv420p needs even ones: a picture of odd sides is stretched by one pixel.
    width, height = (length + length % 2 for length in reel.size)
    options = {"crf": str(quality), "profile": "main", "bf": "0"}
    with av.open(path, "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=Fraction(1000, reel.times_ms[0]), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Said in the file, as players guess otherwise, and differently.
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        sound = file.add_stream("aac", rate=SOUND_RATE, layout="mono") if silence else None
        if sound is not None:
            sound.bit_rate = SOUND_BITS
        for image in reel.frames:
            frame = for_ffmpeg(image).reformat(width, height, "yuv420p", dst_colorspace=Colorspace.ITU709)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if sound is not None:
            # Behind the pictures: the muxer interleaves them.
            for quiet in _silence(sum(reel.times_ms)):
                file.mux(sound.encode(quiet))
            file.mux(sound.encode(None))


def _silence(time_ms: int) -> Iterator[av.AudioFrame]:
    """Nothing to be heard, not longer than the pictures last."""
    for begin in range(0, time_ms * SOUND_RATE // 1000 - SOUND_SAMPLES + 1, SOUND_SAMPLES):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, SOUND_SAMPLES), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, begin, Fraction(1, SOUND_RATE)
        yield frame
