"""Pictures for the tests, drawn from numbers."""

from io import BytesIO

from PIL import Image, ImageCms, ImageDraw
from pillow_heif import register_heif_opener

# Pillow writes HEIC from here on.
register_heif_opener()

GROUND = (170, 101, 69)
# Middle, half width and height, colour. Found by trying at random; it shows nothing at all.
ELLIPSES = [
    (138, 113, 51, 139, (78, 85, 175)),
    (253, 53, 55, 125, (162, 98, 164)),
    (69, 72, 89, 47, (56, 14, 157)),
    (216, 255, 65, 101, (151, 121, 155)),
    (31, 77, 21, 58, (252, 80, 97)),
    (73, 244, 3, 47, (174, 56, 127)),
    (46, 24, 66, 95, (127, 233, 188)),
    (132, 134, 66, 65, (193, 140, 114)),
    (247, 145, 88, 162, (123, 60, 65)),
    (145, 0, 3, 61, (255, 200, 71)),
]


def mistaken() -> Image.Image:
    """A few ellipses that the picture checker takes for nakedness, with a score of 0.98."""
    image = Image.new("RGB", (256, 256), GROUND)
    draw = ImageDraw.Draw(image)
    for x, y, wide, high, colour in ELLIPSES:
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
    return image


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Red grows to the right, green downwards."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 90)))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """The file that Pillow writes."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def display_p3() -> bytes:
    """A profile with the columns of Display P3 (D65 adapted to D50) in place of those of sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for name, numbers in columns.items():
        # ICC.1:2022, section 7.3: a tag is its name, its offset and its size; section 10.31: XYZ behind eight bytes.
        tag = profile.index(name, 128)
        start = int.from_bytes(profile[tag + 4 : tag + 8], "big") + 8
        for number in numbers:
            profile[start : start + 4] = round(number * 65536).to_bytes(4, "big", signed=True)
            start += 4
    return bytes(profile)


def moving(form: str, count: int = 4) -> bytes:
    """A GIF, WebP or PNG of several frames, 80 ms each, repeated for ever."""
    frames = [gradient().rotate(360 * step / count) for step in range(count)]
    return encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=80, loop=0)
