"""Files that people attach: bytes of unknown kind made plain text, and hostile names made harmless."""

import codecs
import re
import unicodedata

from assistant.errors import EmptyFileError, NotTextError, PdfFileError, PictureFileError
from imagine.files.containers import heif

NAME_LENGTH = 100
# Where a name stands in a line, beside other words.
SHORT_NAME = 32
ENDING_LENGTH = 12
ELLIPSIS = "…"
# Kept where nothing of a name is left.
UNNAMED = "file.txt"

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose mark begins the one of UTF-32.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
# RIFF names its kind after the first bytes.
WEBP = re.compile(rb"RIFF....WEBP", re.DOTALL)
# Those of text: tab, line feed, vertical tab, form feed, return; backspace and escape stand in logs of terminals.
CONTROL = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
# A DOS file may end in one.
END_OF_FILE = "\x1a"
MOST_CONTROLS = 0.005
# Western texts in one byte a character are mostly ASCII; other scripts and binary data are not.
MOST_HIGH_BYTES = 0.5


def read_text(data: bytes) -> str:
    """The text in `data`, whatever its name says: UTF-8, UTF-16 or UTF-32 with a mark, Windows-1252; lines end in \\n.

    Raises EmptyFileError, NotTextError, PdfFileError, PictureFileError.
    """
    text = _decoded(data).removesuffix(END_OF_FILE)
    if len(CONTROL.findall(text)) > len(text) * MOST_CONTROLS or "\x00" in text:
        raise NotTextError(f"{len(data)} bytes hold characters that no text has")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise EmptyFileError("a file without text")
    return text


def is_picture(data: bytes) -> bool:
    """Whether a file begins as pictures do."""
    return data.startswith(PICTURES) or bool(WEBP.match(data)) or heif.form_of(data) is not None


def clean_name(name: str) -> str:
    """A file's name in one line without folders, controls and marks of direction; the middle of a long one is cut."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    shown = "".join(" " if letter.isspace() else letter for letter in name if not _is_invisible(letter))
    clean = " ".join(shown.split())
    return shortened(clean, NAME_LENGTH) if clean.strip(". ") else UNNAMED


def shortened(name: str, length: int) -> str:
    """The name with at most `length` characters: its middle is cut, its ending stays."""
    if len(name) <= length:
        return name
    return f"{name[: length - ENDING_LENGTH - 1].rstrip()}{ELLIPSIS}{name[-ENDING_LENGTH:].lstrip()}"


def _decoded(data: bytes) -> str:
    if data.startswith(b"%PDF-"):
        raise PdfFileError("a PDF")
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    if is_picture(data):
        raise PictureFileError("a picture")
    if b"\x00" in data:
        raise NotTextError(f"{len(data)} bytes, one of them zero")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _western(data)


def _western(data: bytes) -> str:
    """Text in Windows-1252, which Latin-1 is a part of. Raises NotTextError."""
    letters = len(data) - sum(map(data.count, (b" ", b"\n", b"\r", b"\t")))
    high = sum(byte >= 0x80 for byte in data)
    if high > letters * MOST_HIGH_BYTES or CONTROL.search(data.decode("latin-1").removesuffix(END_OF_FILE)):
        raise NotTextError(f"{len(data)} bytes, {high} of them beyond ASCII")
    return _strictly(data, "cp1252")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotTextError(f"{len(data)} bytes are no {encoding}: {error.reason}") from error


def _is_invisible(letter: str) -> bool:
    """Controls, marks of direction, joiners, lone surrogates, private and unassigned characters."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") and not letter.isspace()
