"""Content credentials, read back by the library of those who specify them."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from c2pa import Reader

from imagine.files.containers import CONTAINERS, Form
from imagine.files.marks import EDITED, MADE, embed, read_source, sign
from imagine.files.signing import MIME_TYPES, SigningError
from tests.imagine.drawings import encoded, gradient, moving
from tests.imagine.files.certificates import Files, write_chain
from tests.imagine.files.loops import frames_of, video


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_chain(tmp_path)


def credentials(data: bytes, form: Form) -> tuple[str, dict[str, object]]:
    """What the reader says of the signature, and the one action in the manifest."""
    with Reader(MIME_TYPES[form], BytesIO(data)) as reader:
        found = json.loads(reader.json())
    manifest = found["manifests"][found["active_manifest"]]
    (actions,) = [one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions")]
    (action,) = actions["data"]["actions"]
    return found["validation_state"], action


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "gif"])
def test_a_signed_picture_says_how_it_was_made(form: Form, files: Files) -> None:
    signed = sign(embed(encoded(gradient(), form), form), form, files.certificate, files.key)
    assert credentials(signed, form) == ("Valid", {"action": "c2pa.created", "digitalSourceType": MADE})
    assert read_source(signed, form) == MADE


def test_a_changed_photograph_is_signed_as_such(files: Files) -> None:
    signed = sign(encoded(gradient(), "png"), "png", files.certificate, files.key, edited_photo=True)
    assert credentials(signed, "png")[1]["digitalSourceType"] == EDITED


def test_a_signed_video_and_a_signed_loop_still_play(files: Files, tmp_path: Path) -> None:
    signed = sign(embed(video(tmp_path), "mp4"), "mp4", files.certificate, files.key)
    assert credentials(signed, "mp4")[0] == "Valid"
    assert len(frames_of(signed)) == 5
    kinds = [part.kind for part in CONTAINERS["mp4"].parts(signed)]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    loop = sign(embed(moving("webp"), "webp"), "webp", files.certificate, files.key)
    assert len(frames_of_loop(loop)) == 4


def frames_of_loop(data: bytes) -> list[bytes]:
    return [data[part.start : part.end] for part in CONTAINERS["webp"].parts(data) if part.kind == b"ANMF"]


def test_a_change_after_signing_shows(files: Files) -> None:
    signed = bytearray(sign(encoded(gradient(), "gif"), "gif", files.certificate, files.key))
    signed[20] ^= 0xFF
    assert credentials(bytes(signed), "gif")[0] == "Invalid"


def test_files_that_are_no_certificate_are_named(files: Files, tmp_path: Path) -> None:
    data = encoded(gradient(), "png")
    text = tmp_path / "notes.pem"
    text.write_text("nothing")
    for certificate, key in ((text, files.key), (files.certificate, text), (tmp_path / "none.pem", files.key)):
        with pytest.raises(SigningError, match=certificate.name):
            sign(data, "png", certificate, key)
