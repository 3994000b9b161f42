"""MP4 that old phones play too: H.264 of main profile, yuv420p, no B-frames, even sides, its index in front."""

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.video.reformatter import ColorRange, Colorspace

from imagine.files.loops.reel import Reel, for_ffmpeg


def encode(reel: Reel, quality: int) -> bytes:
    """One turn, without sound; all frames stand for the same time.

    `quality` is x264's rate factor, 0 to 51: 18 looks like the original, more is smaller.
    """
    # The index goes in front of the pictures in a second pass over the file, so it must be a real one.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "loop.mp4"
        _write(path, reel, quality)
        return path.read_bytes()


def _write(path: Path, reel: Reel, quality: int) -> None:
    # Chroma has half the sides, so yuv420p needs even ones: a picture of odd sides is stretched by one pixel.
    width, height = (length + length % 2 for length in reel.size)
    options = {"crf": str(quality), "profile": "main", "bf": "0"}
    with av.open(path, "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=Fraction(1000, reel.times_ms[0]), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Said in the file, as players guess otherwise, and differently.
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        for image in reel.frames:
            frame = for_ffmpeg(image).reformat(width, height, "yuv420p", dst_colorspace=Colorspace.ITU709)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
