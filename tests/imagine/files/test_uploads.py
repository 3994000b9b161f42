"""Whatever is sent, only plain pixels of a bounded size come in, or a kind refusal."""

import random
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from imagine.errors import BadUploadError, LargeUploadError, ManyPixelsError
from imagine.files.containers import heif
from imagine.files.uploads import MOST_PARTS, MOST_SCANS, MOST_SIDE, read_upload
from tests.imagine.drawings import display_p3, encoded, gradient, moving

FORMS = ["jpeg", "png", "webp", "gif", "heif", "avif"]
MODES = [("png", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")] + [
    ("jpeg", "CMYK"),
    ("jpeg", "L"),
    ("webp", "RGBA"),
    ("gif", "L"),
    ("heif", "RGBA"),
    ("avif", "RGBA"),
    ("avif", "L"),
]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG of that size, with these chunks behind its header and pixels for none of it."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\x00" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


def far(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, 0 to 255."""
    return float(np.abs(np.asarray(one, dtype=int) - np.asarray(other)).mean())


def photograph() -> bytes:
    """With a home position, a maker, a note, and held on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Marker camera"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
    return encoded(gradient(), "jpeg", exif=exif, comment=b"Marker note", xmp=b"<x>Marker</x>", quality=95)


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_comes_in_as_it_looks(form: str) -> None:
    image = read_upload(encoded(gradient(), form))
    assert (image.mode, image.size, image.info) == ("RGB", (96, 64), {})
    # GIF has 256 colours, JPEG and WebP lose a little.
    assert far(image, gradient()) < 12


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_every_kind_of_colour_becomes_rgb(form: str, mode: str) -> None:
    image = read_upload(encoded(Image.new("L", (8, 8), 255).convert(mode), form))
    expected = 1 if mode == "I;16" else 255
    assert image.mode == "RGB"
    assert max(abs(value - expected) for value in image.getpixel((4, 4))) <= 2


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    assert read_upload(encoded(Image.new("I;16", (8, 8), 32768), "png")).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("form", ["png", "webp", "gif", "heif", "avif"])
def test_what_is_transparent_becomes_white(form: str) -> None:
    see_through = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert read_upload(encoded(see_through, form)).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["gif", "webp", "png", "avif", "heif"])
def test_of_a_moving_picture_the_first_frame_is_taken(form: str) -> None:
    image = read_upload(moving(form))
    assert far(image, gradient()) < 12


def test_a_photograph_stands_upright_and_forgets_where_it_was_taken() -> None:
    image = read_upload(photograph())
    assert image.size == (64, 96)
    # Turned to the right: what grew to the right grows downwards.
    assert image.getpixel((32, 90))[0] > image.getpixel((32, 5))[0] + 150
    assert not image.info
    assert not image.getexif()
    for form in FORMS:
        data = encoded(image, form)
        assert b"Marker" not in data
        assert b"Exif" not in data


@pytest.mark.parametrize("form", ["png", "heif", "avif"])
@pytest.mark.parametrize("held", range(1, 9))
def test_all_eight_ways_to_hold_a_camera_end_upright(form: str, held: int) -> None:
    """HEIC and AVIF say it twice, in a property of their own and in EXIF: it is done once."""
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = gradient() if held == 1 else gradient().transpose(Image.Transpose(turns[held]))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = held
    upright = read_upload(encoded(image, form, exif=exif.tobytes()))
    assert upright.size == gradient().size
    assert far(upright, gradient()) < (1 if form == "png" else 12)


def test_what_browsers_do_not_turn_is_not_turned() -> None:
    """A HEIC of which EXIF alone says that it was held on its side, and pictures of which XMP does."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encoded(gradient(), "heif", exif=exif)
    assert b"Exif" in data
    assert b"irot" not in data
    assert read_upload(data).size == (96, 64)
    for form in ("avif", "jpeg", "png"):
        data = encoded(gradient(), form, xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>')
        assert read_upload(data).size == (96, 64)


@pytest.mark.parametrize("form", ["heif", "avif"])
def test_a_photograph_in_a_phone_s_colours_looks_the_same_in_ours(form: str) -> None:
    """A red of Display P3 that sRGB has too: as the numbers stand it would be a duller one."""
    picture = encoded(Image.new("RGB", (64, 64), (200, 60, 50)), form, icc_profile=display_p3(), quality=95)
    red, green, blue = read_upload(picture).getpixel((32, 32))
    assert (red, green, blue) == pytest.approx((218, 39, 37), abs=6)


@pytest.mark.parametrize("form", ["heif", "avif"])
def test_nothing_of_what_such_a_photograph_says_beside_its_pixels_comes_along(form: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Marker camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
    data = encoded(gradient(), form, exif=exif, xmp=b"<x>Marker</x>")
    assert data.count(b"Marker") == 2
    image = read_upload(data)
    assert not image.info
    assert not image.getexif()
    assert all(b"Marker" not in encoded(image, kind) for kind in FORMS)


def test_a_photograph_made_of_tiles_is_whole() -> None:
    """As Apple's cameras write them."""
    image = read_upload(encoded(gradient(1200, 900), "heif", tile_size=512))
    assert image.size == (1200, 900)
    assert far(image, gradient(1200, 900)) < 12


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "avif"),
        (b"\0\0\0\x1cftypavis\0\0\0\0avifavismsf1", "avif"),
        # Behind the box nothing is looked at.
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", "heif"),
        (b"\xff\xff\xff\xffftypheic\0\0\0\0", "heif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42avif", None),
        (b"\0\0\0\x18ftypqt  \0\0\0\0heic", None),
        (b"\0\0\0\x18ftyp", None),
        (b"", None),
    ],
    ids=repr,
)
def test_heic_avif_and_videos_are_told_apart(head: bytes, form: str | None) -> None:
    assert heif.form_of(head) == form


def test_a_large_photograph_is_made_smaller() -> None:
    image = read_upload(encoded(gradient(5000, 2500), "jpeg"))
    assert image.size == (MOST_SIDE, MOST_SIDE // 2)


def test_other_colour_spaces_become_srgb_and_odd_profiles_are_left_aside() -> None:
    # A profile for another kind of colour, our own, noise, one that is too large, and one that lies about its size.
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, srgb, b"noise" * 20, srgb + bytes(100_000), b"\x00\x00\x00\x80" + b"\xff" * 124):
        image = read_upload(encoded(gradient(), "png", icc_profile=profile))
        assert image == gradient()


def test_a_wider_colour_space_is_converted() -> None:
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Red and green change places: the same profile with the names of two of its columns swapped.
    red, green = srgb.index(b"rXYZ"), srgb.index(b"gXYZ")
    srgb[red : red + 4], srgb[green : green + 4] = b"gXYZ", b"rXYZ"
    image = read_upload(encoded(Image.new("RGB", (8, 8), (250, 10, 10)), "png", icc_profile=bytes(srgb)))
    red_now, green_now, _ = image.getpixel((0, 0))
    assert green_now > 200 > 100 > red_now


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
        b"%PDF-1.7\n1 0 obj<</S/JavaScript>>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"PK\x03\x04" + b"\x00" * 60,
        b"II*\x00" + b"\x00" * 60,
        b"BM" + b"\x00" * 60,
        b"P6 1 1 255 abc",
        b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40,
        b"\x00\x00\x00\x20ftypavif" + b"\x00" * 60,
        b"\x1f\x8b\x08" + b"\x00" * 60,
        b"GIF89a/*",
        b"GIF89a=1;alert(1)//",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\x00\x00\x00WEBP",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadUploadError):
        read_upload(data)


@pytest.mark.parametrize("form", ["tiff", "bmp", "ppm", "ico", "tga", "pcx"])
def test_pictures_of_other_formats_are_refused(form: str) -> None:
    with pytest.raises(BadUploadError, match="no picture of a known form"):
        read_upload(encoded(gradient(), form))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_short_is_refused(form: str) -> None:
    data = encoded(gradient(), form)
    for length in (len(data) // 4, len(data) // 2, len(data) - 30):
        with pytest.raises(BadUploadError):
            read_upload(data[:length])


@pytest.mark.parametrize("form", FORMS)
def test_a_script_in_a_picture_does_not_come_along(form: str) -> None:
    script = b"<script>alert('Marker')</script>"
    image = read_upload(encoded(gradient(), form) + script)
    assert image.size == (96, 64)
    assert all(b"Marker" not in encoded(image, kind) for kind in FORMS)
    commented = encoded(gradient(), "gif", comment=b"*/=1;" + script)
    assert b"Marker" not in encoded(read_upload(commented), "gif")


def test_a_bomb_of_pixels_is_refused_by_its_header() -> None:
    for width, height in ((60_000, 60_000), (10_000, 10_000), (25_000_001, 1), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(LargeUploadError):
            read_upload(png(width, height))
    gif = bytearray(encoded(gradient(), "gif"))
    frame = gif.index(b"\x2c\x00\x00\x00\x00")
    gif[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(LargeUploadError):
        read_upload(bytes(gif))
    for form in ("heif", "avif"):
        for width, height in ((10_000, 10_000), (30_000, 2_000)):
            boxed = bytearray(encoded(gradient(), form))
            # The property of the picture's size, which its own stream would contradict.
            size = boxed.index(b"ispe") + 8
            boxed[size : size + 8] = struct.pack(">II", width, height)
            with pytest.raises(ManyPixelsError):
                read_upload(bytes(boxed))


def test_a_gif_of_a_hundred_thousand_frames_is_refused() -> None:
    data = encoded(Image.new("L", (1, 1)), "gif")
    frame = data[data.index(b"\x2c\x00\x00\x00\x00") : -1]
    with pytest.raises(LargeUploadError, match="parts"):
        read_upload(data[:-1] + frame * 100_000 + b";")


def test_a_jpeg_with_thousands_of_scans_is_refused() -> None:
    """Each of them costs as much work as the whole picture: this file of 12 MB would take an hour."""
    data = encoded(gradient(), "jpeg", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(LargeUploadError, match="scans"):
        read_upload(data[:-2] + scan * MOST_SCANS + data[-2:])
    assert read_upload(data).size == (96, 64)


def test_floods_of_small_parts_are_refused() -> None:
    with pytest.raises(LargeUploadError, match="parts"):
        read_upload(png(8, 8, png_chunk(b"teSt", b"") * MOST_PARTS))
    jpeg = encoded(gradient(), "jpeg")
    with pytest.raises(LargeUploadError, match="parts"):
        read_upload(jpeg[:2] + b"\xff\xe5\x00\x02" * MOST_PARTS + jpeg[2:])


def test_compressed_texts_and_profiles_do_not_grow_without_bound() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    for chunk in (png_chunk(b"iCCP", b"x\x00\x00" + bomb), png_chunk(b"zTXt", b"x\x00\x00" + bomb)):
        with pytest.raises(BadUploadError):
            read_upload(png(8, 8, chunk))


# Pillow warns of odd EXIF data and goes on, which is what we want.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_thousand_damaged_files_end_in_a_picture_or_a_refusal() -> None:
    chance = random.Random(7)
    whole = [photograph(), *(encoded(gradient(), form) for form in FORMS), *(moving(form) for form in ("gif", "webp"))]
    read = 0
    for _ in range(1000):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(min(len(data), chance.choice((60, 400, 100_000))))] = chance.randrange(256)
        try:
            image = read_upload(bytes(data))
        except BadUploadError:
            continue
        read += 1
        assert image.mode == "RGB"
        assert max(image.size) <= MOST_SIDE
    assert 100 < read < 900


def test_the_operator_reads_what_was_wrong() -> None:
    with pytest.raises(BadUploadError) as error:
        read_upload(b"%PDF-1.7 and more")
    assert str(error.value) == "17 bytes that begin with b'%PDF-1.7 and' are no picture of a known form"
    with pytest.raises(LargeUploadError) as error:
        read_upload(png(8_000, 9_000))
    assert str(error.value) == "png of 8000 x 9000 pixels, 25000000 are allowed"
