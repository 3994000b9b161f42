"""A small video, and what is in one."""

from io import BytesIO
from pathlib import Path

import av
import numpy as np

from tests.imagine.drawings import gradient


def video(folder: Path, count: int = 5) -> bytes:
    """An MP4 that can play before all of it has come: its tables stand in front."""
    path = folder / "video.mp4"
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for step in range(count):
            frame = av.VideoFrame.from_image(gradient().rotate(360 * step / count))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def frames_of(data: bytes) -> list[np.ndarray]:
    with av.open(BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
