"""HEIF and AVIF: the boxes of MP4, told from a video, and from each other, by their brands.

ISO/IEC 14496-12, section 4.3 (ftyp); ISO/IEC 23008-12, annex B (HEIC); AV1 Image File Format, section 6 (AVIF).
"""

from typing import Literal

AVIF = frozenset({b"avif", b"avis"})
HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
BRAND = 4
# A camera names five or so.
MOST_BRANDS = 16


def form_of(data: bytes) -> Literal["heif", "avif"] | None:
    """Which of the two a file is by its beginning, some 30 bytes of it; None for any other, a video among them.

    A picture's first brand is one of a picture. The brands of the container alone (mif1) stand in files of both kinds.
    """
    if data[4:8] != b"ftyp" or data[8:12] not in AVIF | HEIF:
        return None
    end = min(int.from_bytes(data[:4], "big"), 8 + BRAND * (MOST_BRANDS + 2))
    # Behind the first one stands its version.
    others = {data[start : start + BRAND] for start in range(16, end - BRAND + 1, BRAND)}
    return "avif" if ({data[8:12]} | others) & AVIF else "heif"
