"""Recordings as people send them."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio import MOST_BYTES, read_audio
from assistant.errors import LongAudioError, SpeechError, UnreadableAudioError
from tests.recordings import FORMATS, recording

SAMPLES = [recording(kind, 0.1) for kind in FORMATS]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_recording_is_known_by_its_bytes(kind: str) -> None:
    audio = read_audio(recording(kind))
    assert audio.name == f"voice.{kind}"
    assert audio.content_type.startswith("audio/")


@pytest.mark.parametrize("kind", ["ogg", "mp4"])
@pytest.mark.parametrize("seconds", [0.5, 7])
def test_voice_notes_tell_how_long_they_are(kind: str, seconds: float) -> None:
    assert read_audio(recording(kind, seconds)).seconds == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("kind", ["ogg", "mp4"])
def test_a_voice_note_of_more_than_ten_minutes_is_too_long(kind: str) -> None:
    assert read_audio(recording(kind, 599)).seconds == pytest.approx(599, abs=0.1)
    with pytest.raises(LongAudioError):
        read_audio(recording(kind, 601))


def test_a_long_mp4_with_large_numbers_is_too_long_too() -> None:
    header = b"mvhd" + struct.pack(">IQQIQ", 1 << 24, 0, 0, 1000, 601_000) + bytes(80)
    header = struct.pack(">I", len(header) + 4) + header
    data = struct.pack(">I", 16) + b"ftypM4A " + bytes(4) + struct.pack(">I", len(header) + 8) + b"moov" + header
    with pytest.raises(LongAudioError):
        read_audio(data)


def test_a_large_file_is_refused_unseen() -> None:
    with pytest.raises(LongAudioError):
        read_audio(b"OggS" + bytes(MOST_BYTES))


@pytest.mark.parametrize(
    "data", [b"", b"Ogg", b"MZ\x90\x00", b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"RIFF\x00\x00\x00\x00WEBP"]
)
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAudioError):
        read_audio(data)


@given(st.sampled_from(SAMPLES), st.integers(0, 500), st.integers(0, 2000), st.binary(max_size=12))
def test_a_broken_recording_raises_nothing_else(data: bytes, place: int, end: int, junk: bytes) -> None:
    broken = (data[:place] + junk + data[place + len(junk) :])[: end or None]
    try:
        audio = read_audio(broken)
    except SpeechError:
        return
    assert audio.seconds is None or audio.seconds >= 0


def test_a_file_of_many_boxes_costs_no_time() -> None:
    data = struct.pack(">I", 8) + b"ftyp" + (struct.pack(">I", 8) + b"free") * 3_000_000
    began = time.perf_counter()
    assert read_audio(data).seconds is None
    assert time.perf_counter() - began < 1
