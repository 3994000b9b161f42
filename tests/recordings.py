"""Voice notes as the apps record them: a tone, in the formats of each."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np

RATE = 48_000
# The container and the codec: WhatsApp; Messenger and Instagram; a browser's microphone; others.
FORMATS = {
    "ogg": ("ogg", "libopus"),
    "mp4": ("mp4", "aac"),
    "webm": ("webm", "libopus"),
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
    "aac": ("adts", "aac"),
}


def recording(kind: str, seconds: float = 1.0) -> bytes:
    """A tone of so many seconds, as one of FORMATS."""
    container, codec = FORMATS[kind]
    data = BytesIO()
    with av.open(data, "w", format=container) as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        tone = np.sin(np.arange(round(seconds * RATE)) / 20)
        frame = av.AudioFrame.from_ndarray((tone * 9000).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        resampler = av.AudioResampler(stream.format, "mono", RATE, frame_size=stream.codec_context.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return data.getvalue()
