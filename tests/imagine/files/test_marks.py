"""Every form a picture leaves in says that it was made by a machine, and nothing about the person."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence

from imagine.files.containers import CONTAINERS, BrokenFileError, Form
from imagine.files.marks import EDITED, MADE, embed, label, read_source
from tests.imagine.drawings import encoded, gradient, moving
from tests.imagine.files.loops import frames_of, video

STILLS: list[tuple[Form, dict[str, object]]] = [
    ("png", {}),
    ("jpeg", {}),
    ("jpeg", {"progressive": True}),
    ("webp", {}),
    ("webp", {"lossless": True}),
    ("gif", {}),
]
MOVING: list[Form] = ["gif", "webp", "png"]


def pixels(data: bytes) -> list[np.ndarray]:
    with Image.open(BytesIO(data)) as image:
        return [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


def inside_of_label(plain: Image.Image, labelled: Image.Image) -> tuple[int, int, int, int]:
    """The middle of the box that the label takes: left, top, right, bottom."""
    left, top, right, bottom = ImageChops.difference(plain, labelled).getbbox()
    high = bottom - top
    return left + high // 4, top + high // 4, right - high // 4, bottom - high // 4


@pytest.mark.parametrize("colour", ["white", "black", "red", "gray", "yellow"])
@pytest.mark.parametrize("size", [(1024, 1024), (512, 288), (288, 512), (128, 128)])
def test_the_label_is_readable_on_any_colour_also_after_a_small_jpeg(colour: str, size: tuple[int, int]) -> None:
    plain = Image.new("RGB", size, colour)
    labelled = label(plain, "Imagined with AI")
    smaller = labelled.resize((size[0] * 3 // 4, size[1] * 3 // 4))
    with Image.open(BytesIO(encoded(smaller, "jpeg", quality=70))) as sent:
        box = [edge * 3 // 4 for edge in inside_of_label(plain, labelled)]
        bright = np.asarray(sent.convert("L").crop(box), dtype=int)
    # The plate and the letters on it, whatever is behind.
    assert np.percentile(bright, 98) - np.percentile(bright, 5) > 80


@pytest.mark.parametrize("size", [(128, 128), (96, 160), (256, 256), (512, 288), (1024, 1024)])
def test_the_label_takes_a_third_of_the_width_at_most(size: tuple[int, int]) -> None:
    plain = Image.new("RGB", size, "white")
    left, _, right, _ = ImageChops.difference(plain, label(plain, "Imagined with AI")).getbbox()
    assert size[0] * 0.1 < right - left <= size[0] / 3 + 1


def test_the_label_grows_with_the_picture_and_leaves_the_rest_alone() -> None:
    changed = {}
    for side in (256, 1024):
        image = gradient(side, side)
        difference = np.abs(np.asarray(label(image, "Imagined with AI"), dtype=int) - np.asarray(image)).sum(axis=2)
        rows, columns = np.nonzero(difference)
        assert rows.min() > side * 0.9
        assert columns.min() > side * 0.5
        changed[side] = np.ptp(rows)
    assert 3.2 < changed[1024] / changed[256] < 4.8


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (40, 400), (400, 40)])
def test_a_picture_too_small_for_words_keeps_its_size(size: tuple[int, int]) -> None:
    assert label(Image.new("RGB", size), "Imagined with AI").size == size


def test_the_label_keeps_what_is_transparent() -> None:
    labelled = label(Image.new("RGBA", (256, 256), (0, 0, 0, 0)), "Imagined with AI")
    assert labelled.getpixel((5, 5)) == (0, 0, 0, 0)
    least, most = labelled.getchannel("A").getextrema()
    # Thin letters are never quite opaque.
    assert (least, most > 250) == (0, True)


def test_a_label_that_the_font_cannot_write_becomes_short_and_readable() -> None:
    image = Image.new("RGB", (256, 256))
    assert label(image, "Нарисовано ИИ") == label(image, "AI") != label(image, "Imagined with AI")
    assert label(image, "Créé avec IA") == label(image, "Cree avec IA")


@pytest.mark.parametrize(("form", "options"), STILLS)
def test_a_still_says_where_it_came_from_and_keeps_its_pixels(form: Form, options: dict[str, object]) -> None:
    data = encoded(gradient(33, 21), form, **options)
    marked = embed(data, form)
    assert read_source(data, form) is None
    assert read_source(marked, form) == MADE
    assert all(map(np.array_equal, pixels(marked), pixels(data)))


@pytest.mark.parametrize("form", MOVING)
def test_a_loop_keeps_its_frames_their_time_and_its_repeats(form: Form) -> None:
    data = moving(form)
    marked = embed(data, form)
    assert read_source(marked, form) == MADE
    before, after = pixels(data), pixels(marked)
    assert len(after) == len(before) == 4
    assert all(map(np.array_equal, after, before))
    with Image.open(BytesIO(marked)) as image:
        image.load()
        assert (image.info["loop"], image.info["duration"]) == (0, 80)


def test_a_video_keeps_its_frames_and_still_plays_before_all_of_it_has_come(tmp_path: Path) -> None:
    data = video(tmp_path)
    marked = embed(data, "mp4")
    assert read_source(data, "mp4") is None
    assert read_source(marked, "mp4") == MADE
    assert marked.startswith(data)
    assert all(map(np.array_equal, frames_of(marked), frames_of(data)))
    kinds = [part.kind for part in CONTAINERS["mp4"].parts(marked)]
    assert kinds.index(b"moov") < kinds.index(b"mdat") < kinds.index(b"uuid")


def test_a_still_with_transparency_keeps_it() -> None:
    data = encoded(Image.new("RGBA", (17, 9), (10, 20, 30, 40)), "webp", lossless=True)
    with Image.open(BytesIO(embed(data, "webp"))) as image:
        assert image.convert("RGBA").getpixel((0, 0)) == (10, 20, 30, 40)


def examples(folder: Path) -> list[tuple[Form, bytes]]:
    stills = [(form, encoded(gradient(), form, **options)) for form, options in STILLS]
    return [*stills, *((form, moving(form)) for form in MOVING), ("mp4", video(folder))]


def test_marking_twice_changes_nothing_and_the_last_word_counts(tmp_path: Path) -> None:
    for form, data in examples(tmp_path):
        once = embed(data, form)
        assert embed(once, form) == once, form
        edited = embed(once, form, edited_photo=True)
        assert read_source(edited, form) == EDITED, form
        assert embed(edited, form) == once, form


def test_programs_that_read_xmp_find_it(tmp_path: Path) -> None:
    """Pillow as a second pair of eyes, for the formats whose XMP it knows."""
    for form, data in examples(tmp_path):
        if form in ("png", "jpeg", "webp"):
            with Image.open(BytesIO(embed(data, form))) as image:
                packet = image.info["xmp"]
            assert MADE in (packet if isinstance(packet, str) else packet.decode()), form


def test_the_packet_holds_the_source_and_the_generator_only(tmp_path: Path) -> None:
    packets = {CONTAINERS[form].read_xmp(embed(data, form)) for form, data in examples(tmp_path)}
    (packet,) = packets
    assert packet is not None
    values = set(packet.decode().split('"')[1::2])
    assert {
        value for value in values if not value.startswith(("http://ns.", "http://www.w3.org", "http://iptc.org"))
    } == {
        "\ufeff",
        "W5M0MpCehiHzreSzNTczkc9d",
        "adobe:ns:meta/",
        "",
        "Chaski",
        MADE,
        "r",
    }


def test_a_text_that_another_program_wrote_is_replaced() -> None:
    other = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>a prompt</secret></x:xmpmeta>'
    for form in ("jpeg", "webp"):
        marked = embed(encoded(gradient(), form, xmp=other), form)
        assert b"a prompt" not in marked
        assert read_source(marked, form) == MADE


def test_the_source_is_found_as_an_element_too() -> None:
    packet = f"<Iptc4xmpExt:DigitalSourceType>{MADE}</Iptc4xmpExt:DigitalSourceType>".encode()
    assert read_source(encoded(gradient(), "jpeg", xmp=packet), "jpeg") == MADE


def test_a_file_of_another_form_or_cut_short_is_no_surprise(tmp_path: Path) -> None:
    for form, data in examples(tmp_path):
        whole = embed(data, form)
        for broken in (b"", b"<svg/>", whole[:4], whole[: len(whole) // 2], whole[:12] + b"\xff" * 40):
            assert read_source(broken, form) in (None, MADE)
        with pytest.raises(BrokenFileError):
            embed(b"<html>", form)
