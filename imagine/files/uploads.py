"""Decode an uploaded picture into plain pixels: nothing of the file itself is kept."""

from collections.abc import Mapping
from io import BytesIO
from itertools import islice
from typing import Literal

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms

from imagine.errors import BadUploadError, LargeUploadError, ManyPixelsError
from imagine.files.containers import CONTAINERS, BrokenFileError, heif, jpeg

# As Pillow names them.
Boxed = Literal["heif", "avif"]
Plain = Literal["jpeg", "png", "webp", "gif"]

SIGNATURES: Mapping[Plain, tuple[bytes, ...]] = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "webp": (b"RIFF",),
    "gif": (b"GIF87a", b"GIF89a"),
}
# A phone's camera at its usual setting has 12 to 24 million, at its finest 48. A JPEG is decoded smaller at once, the
# others whole: for a PNG with all its transparency there would be no memory.
MOST_PIXELS: Mapping[Boxed | Plain, int] = {
    "jpeg": 50_000_000,
    "heif": 50_000_000,
    "avif": 50_000_000,
    "png": 25_000_000,
    "webp": 25_000_000,
    "gif": 25_000_000,
}
# Chunks, segments, frames: a photograph of 12 MB has a few thousand at most. Each costs Pillow some work to read.
MOST_PARTS = 8_000
# A progressive JPEG has about ten. One of 60 bytes costs as much work as the whole picture.
MOST_SCANS = 100
MOST_SIDE = 2048
# A camera's colour profile is a matrix of about 600 bytes; the large ones hold tables, for printing.
MOST_PROFILE_BYTES = 16_000
# What Pillow raises for broken files, by way of its readers for each format.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, RuntimeError)

# EXIF 2.32, section 4.6.4.A, Orientation: what puts the picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_upload(data: bytes, side: int = MOST_SIDE) -> Image.Image:
    """The picture in a JPEG, PNG, WebP, GIF, HEIC or AVIF (of several the first), whatever the file's name says.

    RGB, upright, in sRGB, on white where it was transparent, longest side `side` at most, without metadata. Raises
    BadUploadError, or LargeUploadError before anything is decoded. The bytes are a stranger's: see decoder.py.
    """
    form = _form(data)
    try:
        if form == "heif" or form == "avif":
            _set_up(form)
        else:
            _check_parts(data, form)
        with Image.open(BytesIO(data), formats=[form]) as image:
            _check_pixels(form, *image.size)
            return _pixels(image, side)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ManyPixelsError(f"{form}: {error}") from error
    except BROKEN as error:
        # So libheif and libavif say that there is not enough of it, by way of Pillow.
        if isinstance(error, RuntimeError) and "memory" in str(error).lower():
            raise LargeUploadError(f"{form}: {error}") from error
        raise BadUploadError(f"{form} of {len(data)} bytes does not decode: {error}") from error


def _form(data: bytes) -> Boxed | Plain:
    for form, beginnings in SIGNATURES.items():
        if data.startswith(beginnings):
            return form
    if boxed := heif.form_of(data):
        return boxed
    raise BadUploadError(f"{len(data)} bytes that begin with {data[:12]!r} are no picture of a known form")


def _set_up(form: Boxed) -> None:
    """Have Pillow read it in one thread, as each more takes memory, and nothing but the picture itself.

    How many parts such a file may have libheif and libavif bound themselves.
    """
    if form == "avif":
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        return
    # 25 MB of libraries that no other form needs.
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _check_parts(data: bytes, form: Plain) -> None:
    try:
        parts = list(islice(CONTAINERS[form].parts(data), MOST_PARTS + 1))
    except BrokenFileError as error:
        raise BadUploadError(f"{form}: {error}") from error
    scans = sum(part.kind == jpeg.SCAN for part in parts) if form == "jpeg" else 0
    if len(parts) > MOST_PARTS or scans > MOST_SCANS:
        raise LargeUploadError(f"{form} of {len(parts)} parts, {scans} scans; {MOST_PARTS}, {MOST_SCANS} are allowed")


def _check_pixels(form: Boxed | Plain, width: int, height: int) -> None:
    if width * height > MOST_PIXELS[form]:
        raise ManyPixelsError(f"{form} of {width} x {height} pixels, {MOST_PIXELS[form]} are allowed")


def _pixels(image: Image.Image, side: int) -> Image.Image:
    # Pillow would turn a picture as its XMP says, where EXIF says nothing; browsers do not.
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)
    # JPEG can be decoded smaller at once, which saves most of the work for a large photograph.
    image.draft(None, (side, side))
    picture = _in_colour(image)
    picture.thumbnail((side, side))
    picture = _in_srgb(picture, image.info.get("icc_profile"))
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    return _on_white(picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture)


def _in_colour(image: Image.Image) -> Image.Image:
    """The same in RGB or RGBA."""
    if image.mode.startswith("I"):
        # 16 bits of grey, which Pillow would cut off at 255.
        return image.convert("I").point(lambda grey: grey * (1 / 257)).convert("L").convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    # A copy of a large picture would take as much memory again.
    return image if image.mode == mode else image.convert(mode)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Other colour spaces converted to sRGB; a profile that is broken or too large is ignored."""
    if not profile or len(profile) > MOST_PROFILE_BYTES or picture.mode != "RGB":
        return picture
    try:
        return ImageCms.profileToProfile(picture, BytesIO(profile), ImageCms.createProfile("sRGB")) or picture
    except ImageCms.PyCMSError:
        return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """A new image, so that no metadata is copied."""
    clean = Image.new("RGB", picture.size, "white")
    clean.paste(picture, mask=picture if picture.mode == "RGBA" else None)
    return clean
