"""What is text, in whatever bytes it comes, and what a file may be called."""

import pytest

from assistant.errors import EmptyFileError, FileError, NotTextError, PdfFileError, PictureFileError
from assistant.text_files import NAME_LENGTH, clean_name, read_text, shortened

WORDS = "Größe, Weiß und Café: 100 €\nzweite Zeile\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_read_in_many_encodings(encoding: str) -> None:
    assert read_text(WORDS.encode(encoding)) == WORDS


@pytest.mark.parametrize("order", ["le", "be"])
def test_the_mark_says_how_utf_16_is_read(order: str) -> None:
    mark = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[order]
    assert read_text(mark + "Ünï 🦙".encode(f"utf-16-{order}")) == "Ünï 🦙"


@pytest.mark.parametrize("text", ["Größe", "¿Qué?", "naïve", "æøå and so on", "“quoted” – text"])
def test_short_western_text_in_one_byte_a_character_is_guessed(text: str) -> None:
    assert read_text(text.encode("cp1252")) == text


@pytest.mark.parametrize("text", ["日本語", "Привет, мир", "😀", "العربية", "\x1b[31mred\x1b[0m log", "a\tb\fc"])
def test_every_script_is_text(text: str) -> None:
    assert read_text(text.encode()) == text


def test_lines_end_in_one_way() -> None:
    assert read_text(b"one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"


def test_a_page_of_html_or_svg_is_text() -> None:
    assert read_text(b"<script>alert(1)</script>") == "<script>alert(1)</script>"
    assert read_text(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"a\x00b", NotTextError),
        (b"\x00" * 100, NotTextError),
        ("UTF-16 without a mark".encode("utf-16-le"), NotTextError),
        ("Привет, мир".encode("cp1251"), NotTextError),
        ("日本語の文章".encode("shift-jis"), NotTextError),
        (b"\xff\xfe\x00", NotTextError),
        (b"\xff\xfe\x00\xd8", NotTextError),
        (b"\xff\xfea\x00\x00\x00", NotTextError),
        (bytes(range(1, 256)), NotTextError),
        (b"\x7fELF" + bytes(range(1, 128)), NotTextError),
        (b"PK\x03\x04" + b"\x14\x00\x06\x00", NotTextError),
        (b"\x1f\x8b\x08" + bytes(range(128, 255)), NotTextError),
        (b"\x01\x02\x03\x04", NotTextError),
        (b"%PDF-1.7\nplain so far", PdfFileError),
        (b"\x89PNG\r\n\x1a\n\x00\x00", PictureFileError),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", PictureFileError),
        (b"GIF89a\x01\x00", PictureFileError),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", PictureFileError),
        (b"\x00\x00\x00\x18ftypheic", PictureFileError),
        (b"", EmptyFileError),
        (b" \r\n\t", EmptyFileError),
        (b"\xef\xbb\xbf", EmptyFileError),
    ],
    ids=repr,
)
def test_what_is_no_text_is_refused_with_a_sentence(data: bytes, error: type[FileError]) -> None:
    with pytest.raises(error) as refused:
        read_text(data)
    assert refused.type is error
    assert str(error.sentence).endswith(".")


def test_letters_that_begin_like_a_picture_are_text() -> None:
    assert read_text(b"GIF is a format. BMW is none.") == "GIF is a format. BMW is none."
    assert read_text(b"BMW drives.") == "BMW drives."


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\notes.txt", "notes.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        ("a\u200b\u2066b\ufeff.txt", "ab.txt"),
        ("one\ntwo\tthree.txt", "one two three.txt"),
        ("\x00\x1b[31m.txt", "[31m.txt"),
        ("<b>&\"'.txt", "<b>&\"'.txt"),
        ("e\u0301.txt", "é.txt"),
        (".env", ".env"),
        ("..", "file.txt"),
        ("", "file.txt"),
        ("\u202e", "file.txt"),
        ("日本語.md", "日本語.md"),
    ],
    ids=ascii,
)
def test_a_hostile_name_is_made_harmless(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_long_name_is_cut_in_the_middle() -> None:
    cut = clean_name("x" * 500 + "-report.txt")
    assert len(cut) == NAME_LENGTH
    assert cut.startswith("xxx")
    assert cut.endswith("…x-report.txt")
    assert shortened("a-rather-long-name.txt", 20) == "a-rathe…ong-name.txt"
