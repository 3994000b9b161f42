"""Recordings that people send: known by how their bytes begin, never by a name or a type that came along."""

import re
from itertools import islice
from typing import NamedTuple

from assistant.errors import LongAudioError, UnreadableAudioError
from imagine.files.containers import BrokenFileError, mp4
from imagine.files.containers.part import number

# What servers of speech models take at most: OpenAI's, and vLLM where nothing else is set.
MOST_BYTES = 25 * 1024 * 1024
MOST_SECONDS = 600
# The first bytes, and the name and type that servers know the kind by. Voice notes are Ogg in WhatsApp, MP4 in
# Messenger and Instagram, and WebM from a browser.
KINDS = (
    (re.compile(rb"OggS"), "voice.ogg", "audio/ogg"),
    (re.compile(rb"....ftyp", re.DOTALL), "voice.mp4", "audio/mp4"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "voice.webm", "audio/webm"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "voice.wav", "audio/wav"),
    (re.compile(rb"ID3|\xff[\xfb\xfa\xf3\xf2]"), "voice.mp3", "audio/mpeg"),
    (re.compile(rb"fLaC"), "voice.flac", "audio/flac"),
    (re.compile(rb"\xff[\xf1\xf9]"), "voice.aac", "audio/aac"),
    (re.compile(rb"#!AMR"), "voice.amr", "audio/amr"),
)
# Of an MP4, so many boxes are looked at: a recording has about five.
MOST_BOXES = 100
# An Ogg page begins with these letters; RFC 3533, section 6. It has 65,307 bytes at most.
PAGE, PAGE_BYTES = b"OggS", 65_307
# RFC 7845, section 4: positions in Opus count at this rate, whatever was recorded.
OPUS_HEAD, OPUS_RATE = b"OpusHead", 48_000


class Audio(NamedTuple):
    """A recording. `name` and `content_type` are ours; `seconds` is None where the file does not tell."""

    data: bytes
    name: str
    content_type: str
    seconds: float | None


def read_audio(data: bytes) -> Audio:
    """The recording in a file. Raises UnreadableAudioError, LongAudioError; nothing is decoded."""
    if len(data) > MOST_BYTES:
        raise LongAudioError(f"{len(data)} bytes, {MOST_BYTES} are allowed")
    found = next((kind for kind in KINDS if kind[0].match(data)), None)
    if found is None:
        raise UnreadableAudioError(f"{len(data)} bytes that begin with {data[:8]!r} are no recording of a known kind")
    seconds = _seconds(data)
    if seconds is not None and seconds > MOST_SECONDS:
        raise LongAudioError(f"{seconds:.0f} s, {MOST_SECONDS} are allowed")
    return Audio(data, found[1], found[2], seconds)


def _seconds(data: bytes) -> float | None:
    try:
        return _ogg_seconds(data) if data.startswith(PAGE) else _mp4_seconds(data) if data[4:8] == b"ftyp" else None
    except BrokenFileError:
        # Whether it can be played is for the server to say.
        return None


def _ogg_seconds(data: bytes) -> float | None:
    if OPUS_HEAD not in data[:PAGE_BYTES]:
        return None
    last = data.rfind(PAGE, max(0, len(data) - PAGE_BYTES))
    return number(data, last + 6, 8, "little") / OPUS_RATE if last >= 0 else None


def _mp4_seconds(data: bytes) -> float | None:
    """ISO/IEC 14496-12, section 8.2.2: the movie header stands in the movie box, with times in two sizes."""
    for part in islice(mp4.parts(data), MOST_BOXES):
        place = data.find(b"mvhd", part.body, part.end) if part.kind == b"moov" else -1
        if place >= 0:
            long = number(data, place + 4, 1, "big") == 1
            scale = number(data, place + (24 if long else 16), 4, "big")
            return number(data, place + (28 if long else 20), 8 if long else 4, "big") / scale if scale else None
    return None
