"""Animated GIF by ffmpeg's filters and encoder."""

from fractions import Fraction
from io import BytesIO

import av
from av.filter import Graph

from imagine.files.loops.reel import Reel, for_ffmpeg

TICK = Fraction(1, 100)
"""GIF counts time in hundredths of a second."""
PALETTE_SIDE = 96
"""The palette is found on thumbnails: as good as on whole frames, and many times faster."""


def encode(reel: Reel, colours: int) -> bytes:
    """It plays for ever, in up to `colours` colours, 4 to 256."""
    data = BytesIO()
    width, height = reel.size
    options = {"loop": "0", "final_delay": str(reel.times_ms[-1] // 10)}
    with av.open(data, "w", format="gif", options=options) as file:
        stream = file.add_stream("gif")
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        stream.codec_context.time_base = TICK
        for frame in _paletted(reel, colours):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return data.getvalue()


def _paletted(reel: Reel, colours: int) -> list[av.VideoFrame]:
    """The frames in one palette for all. The filters are ffmpeg's, described in its documentation of filters.

    Ordered dithering stays where it is from frame to frame: it flickers less, and packs better, than spread errors.
    """
    graph = Graph()
    width, height = reel.size
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=TICK)
    split = graph.add("split")
    thumbnail = graph.add("scale", f"{PALETTE_SIDE}:{PALETTE_SIDE}")
    # In a loop nearly every point moves: a colour for "as before" would seldom be used, and makes files a tenth larger.
    palette = graph.add("palettegen", f"max_colors={colours}:reserve_transparent=0")
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=5:diff_mode=rectangle")
    sink = graph.add("buffersink")
    graph.link_nodes(source, split, thumbnail, palette)
    palette.link_to(use, 0, 1)
    split.link_to(use, 1, 0)
    use.link_to(sink)
    graph.configure()
    begin_ms = 0
    for image, time_ms in zip(reel.frames, reel.times_ms, strict=True):
        frame = for_ffmpeg(image)
        frame.pts, frame.time_base = begin_ms // 10, TICK
        graph.push(frame)
        begin_ms += time_ms
    graph.push(None)  # The palette is made when all frames are in.
    return [graph.vpull() for _ in reel.frames]
