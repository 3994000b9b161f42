"""A stranger's picture is decoded in a process of its own, which takes nothing along and leaves nothing behind."""

import gc
import os
import re
import time
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from PIL import Image

from imagine import jobs
from imagine.errors import BadUploadError, HeavyUploadError, LargeUploadError, ManyPixelsError
from imagine.files import decoder
from imagine.files.decoder import decode
from tests.imagine.drawings import encoded, gradient
from tests.imagine.files.test_uploads import png


def memory() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    found = re.search(r"VmRSS:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "imagine.files.decoder" in " ".join(child.cmdline())]


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "gif", "heif", "avif"])
def test_a_picture_comes_back_as_jpeg(form: str) -> None:
    decoded = decode(encoded(gradient(), form))
    assert (decoded.width, decoded.height) == (96, 64)
    assert Image.open(BytesIO(decoded.jpeg)).size == (96, 64)


def test_a_file_that_unfolds_to_a_hundred_million_bytes_leaves_no_memory_behind() -> None:
    data = encoded(Image.new("RGB", (5000, 5000), "teal"), "webp", lossless=True)
    assert len(data) < 100_000
    before = memory()
    assert decode(data).width == 2048
    assert memory() - before < 20_000_000


@pytest.mark.parametrize("form", ["png", "webp", "gif"])
def test_more_than_25_million_pixels_are_refused(form: str) -> None:
    data = encoded(Image.new("L", (5001, 5000)), form)
    with pytest.raises(LargeUploadError, match="25000000 are allowed"):
        decode(data)


@pytest.mark.parametrize(
    ("form", "options"),
    [("jpeg", {}), ("heif", {"tile_size": 512, "enc_params": {"preset": "ultrafast"}}), ("avif", {"speed": 10})],
)
def test_a_photograph_of_50_million_pixels_is_taken(form: str, options: dict[str, object]) -> None:
    assert decode(encoded(Image.new("RGB", (8000, 6200), "teal"), form, **options)).width == 2048


@pytest.mark.parametrize("form", ["png", "heif", "avif"])
def test_what_needs_more_memory_is_too_large(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """libheif and libavif find it out before Python does."""
    bounded = "from imagine.files import decoder; decoder.MEMORY_BYTES = 200 * 1024**2; decoder.main()"
    monkeypatch.setattr(decoder, "COMMAND", (decoder.COMMAND[0], "-c", bounded))
    fast = {"heif": {"enc_params": {"preset": "ultrafast"}}, "avif": {"speed": 10}}.get(form, {})
    with pytest.raises(LargeUploadError, match=r"(?i)\bmemory\b"):
        decode(encoded(Image.new("RGBA", (5000, 5000), "teal"), form, **fast))


def test_what_takes_too_long_is_too_large_and_its_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "SECONDS", 0.01)
    with pytest.raises(LargeUploadError, match="within"):
        decode(encoded(gradient(), "png"))
    deadline = time.monotonic() + 10
    while children():
        assert time.monotonic() < deadline


def test_a_decoder_that_dies_is_a_file_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(decoder, "COMMAND", (decoder.COMMAND[0], "-c", killed))
    with pytest.raises(BadUploadError, match="ended with -9"):
        decode(encoded(gradient(), "png"))


def test_it_has_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the site")
    told = "import json, os; print(json.dumps({'error': 'bad_upload', 'detail': ' '.join(os.environ)}))"
    monkeypatch.setattr(decoder, "COMMAND", (decoder.COMMAND[0], "-c", told))
    with pytest.raises(BadUploadError) as error:
        decode(b"")
    assert "PYTHONUTF8" in str(error.value)
    assert not {"SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DATABASE_URL"} & set(str(error.value).split())
    assert "SECRET_KEY" in os.environ


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    data = encoded(gradient(), "png")
    assert jobs.decode_upload(data + bytes(settings.UPLOAD_BYTES - len(data))).jpeg
    with pytest.raises(HeavyUploadError, match="bytes"):
        jobs.decode_upload(data + bytes(settings.UPLOAD_BYTES - len(data) + 1))
    with pytest.raises(ManyPixelsError, match="pixels"):
        jobs.decode_upload(png(8_000, 9_000))
