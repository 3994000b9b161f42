"""The marks of a generated picture: a visible label, and a packet of XMP that programs read."""

import re
import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from imagine.files.containers import CONTAINERS, BrokenFileError, Form

GENERATOR = "Chaski"
# IPTC NewsCodes, "digital source type": made by a trained model; the same with a photograph as its beginning.
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE = SOURCES + "trainedAlgorithmicMedia"
EDITED = SOURCES + "compositeWithTrainedAlgorithmicMedia"

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmp:CreatorTool="{generator}"
    Iptc4xmpExt:DigitalSourceType="{source}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
# XMP may write a property as an attribute or as an element.
SOURCE_TYPE = re.compile(rb"""DigitalSourceType(?:\s*=\s*["']|[^<>"']*>\s*)([^"'<>\s]{1,200})""")

# Of the shorter side: small enough not to spoil a picture, large enough to be read on a phone.
LETTER_SHARE = 1 / 28
LEAST_LETTER_PIXELS = 10
# Where the width is short: no smaller than this, and two letters may be larger.
SMALLEST_LETTER_PIXELS, SHORT_LETTER_PIXELS = 9, 13
# Of the width: a label must not be what is seen first.
WIDEST = 1 / 3
# White letters on this keep a contrast above 4.5 to 1, which WCAG 2.2 wants (1.4.3), even before a white picture.
PLATE = (0, 0, 0, 150)
LETTERS = (255, 255, 255, 255)
# Instead of a text that the font cannot write, or that is too long for a small picture.
SHORT_LABEL = "AI"


def label(image: Image.Image, text: str) -> Image.Image:
    """A copy of the picture with the text on a dim plate in the lower right corner; RGBA stays RGBA, else RGB.

    Pillow's own font knows plain Latin letters only: accents are dropped, other scripts become "AI".
    """
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    marked = image.convert("RGBA")
    plate = _plate(_writable(text), *image.size)
    gap = plate.height // 3
    place = max(0, image.width - plate.width - gap), max(0, image.height - plate.height - gap)
    marked.alpha_composite(plate.crop((0, 0, min(plate.width, image.width), min(plate.height, image.height))), place)
    return marked.convert(mode)


def embed(data: bytes, form: Form, edited_photo: bool = False) -> bytes:
    """The file with an XMP packet that names how it was made, without its person or its prompt.

    Pixels are not encoded again; embedding is idempotent. Raises BrokenFileError (a ValueError) when `data`
    is not of this form.
    """
    packet = PACKET.format(generator=GENERATOR, source=EDITED if edited_photo else MADE)
    return CONTAINERS[form].with_xmp(data, packet.encode())


def sign(data: bytes, form: Form, certificate: Path, key: Path, edited_photo: bool = False) -> bytes:
    """The file with content credentials (C2PA), see signing.py: the last change to it. Raises SigningError."""
    # Imported late: only sites with a certificate need its libraries.
    from imagine.files import signing

    return signing.sign(data, form, certificate, key, edited_photo)


def read_source(data: bytes, form: Form) -> str | None:
    """The IPTC digital source type that the file's XMP names, or None, also for a broken file."""
    try:
        packet = CONTAINERS[form].read_xmp(data)
    except BrokenFileError:
        return None
    found = SOURCE_TYPE.search(packet or b"")
    return found[1].decode(errors="replace") if found else None


def _writable(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()
    letters = [letter for letter in text if letter.isalpha()]
    return plain if letters and sum(map(str.isalpha, plain)) >= len(letters) else SHORT_LABEL


def _plate(text: str, width: int, height: int) -> Image.Image:
    """The text on its plate, RGBA: at most WIDEST of the picture, or "AI" where letters of the least size are wider."""
    size = max(LEAST_LETTER_PIXELS, min(width, height) * LETTER_SHARE)
    size = int(min(size, size * width * WIDEST / (_width(text, size) + size)))
    if size < SMALLEST_LETTER_PIXELS:
        text, size = SHORT_LABEL, SHORT_LETTER_PIXELS
    font = ImageFont.load_default(size)
    plate = Image.new("RGBA", (round(_width(text, size) + size), round(size * 1.7)))
    draw = ImageDraw.Draw(plate)
    draw.rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), radius=plate.height // 3, fill=PLATE)
    draw.text((plate.width / 2, plate.height / 2), text, fill=LETTERS, font=font, anchor="mm")
    return plate


def _width(text: str, size: float) -> float:
    return ImageFont.load_default(size).getlength(text)
