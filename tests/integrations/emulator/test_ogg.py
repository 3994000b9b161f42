"""A voice note of a browser as WhatsApp sends it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.emulator import ogg
from tests.integrations.emulator.files import heard, sound


@pytest.mark.parametrize("seconds", [0.1, 1, 3.3])
def test_the_sound_of_webm_is_in_the_ogg(seconds: float) -> None:
    webm = sound("webm", seconds)
    made = ogg.from_webm(webm)
    container, codec, length = heard(made)
    assert (made[:4], container, codec) == (b"OggS", "ogg", "opus")
    assert abs(length - heard(webm)[2]) < 0.05


# In a process of its own: ffmpeg writes what it finds to its standard error.
DECODE = """
import io, sys, av
av.logging.set_level(av.logging.ERROR)
with av.open(io.BytesIO(sys.stdin.buffer.read())) as sound:
    list(sound.decode(audio=0))
"""


@pytest.mark.parametrize(("broken", "words"), [(False, b""), (True, b"CRC mismatch")])
def test_every_page_has_its_checksum(broken: bool, words: bytes) -> None:
    made = bytearray(ogg.from_webm(sound("webm", 3)))
    made[-1] ^= broken
    done = subprocess.run([sys.executable, "-c", DECODE], input=made, capture_output=True, check=False)
    assert (words in done.stderr) if broken else done.stderr == b""


def test_a_long_packet_takes_several_lengths() -> None:
    head = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
    made = ogg._ogg(head, [b"\xfc" + b"x" * 1000] * 60)
    assert heard(made)[0] == "ogg"


@pytest.mark.parametrize("data", [b"", b"RIFF", sound("ogg", 0.1), sound("webm", 0.3)[:300]])
def test_what_is_no_opus_in_webm_is_refused(data: bytes) -> None:
    with pytest.raises(ogg.NotOpusError):
        ogg.from_webm(data)


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(ogg.NotOpusError):
        ogg.from_webm(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + data)
