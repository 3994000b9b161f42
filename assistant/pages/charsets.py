"""The encoding of a page, found as browsers do: https://encoding.spec.whatwg.org/#names-and-labels."""

import codecs
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import charset_normalizer

BOMS = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))
# What Python calls them, and nothing else: its codecs also know UTF-7, in which harmless letters spell markup, and some
# that are no text at all.
CODECS = """
utf-8 utf-16-le utf-16-be cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp866 cp874 koi8-r koi8-u
iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15
iso8859-16 mac-roman mac-cyrillic gb18030 big5hkscs euc_jp iso2022_jp cp932 cp949
"""
KNOWN = frozenset(CODECS.split())
# Labels that mean a larger encoding than they say.
LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}
LABELS = {"x-sjis": "shift_jis", "x-gbk": "gbk", "ks_c_5601-1987": "euc_kr", "x-euc-jp": "euc_jp"}
META = re.compile(rb"""<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([a-zA-Z0-9_:.-]{1,40})""", re.IGNORECASE)
XML = re.compile(rb"""\A<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([a-zA-Z0-9_.-]{1,40})""")
META_BYTES = 4_096
# Enough to tell scripts and languages apart.
GUESSED_BYTES = 32_000


def decode(body: bytes, label: str) -> str:
    """The text of a page. `label` is what the response's head says, or empty; its own mark comes before that.

    What stays unclear is decoded with replacement characters, as every browser does.
    """
    for mark, encoding in BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = known(label) or _declared(body)
    if declared:
        # A page that says one and is the other: what decodes as UTF-8 and is not ASCII was meant so.
        encoding = declared if _decodes(body, declared) or not _decodes(body, "utf-8") else "utf-8"
    else:
        encoding = "utf-8" if _decodes(body, "utf-8") else _guessed(body)
    return body.decode(encoding, "replace")


def known(label: str) -> str:
    """Python's name of a text encoding that pages use; empty for any other label."""
    label = label.strip().lower()
    try:
        name = codecs.lookup(LABELS.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    name = LARGER.get(name, name)
    return name if name in KNOWN else ""


def _declared(body: bytes) -> str:
    found = XML.search(body) or META.search(body[:META_BYTES])
    name = known(found[1].decode()) if found else ""
    # A declaration that could be read says that it is not UTF-16.
    return "utf-8" if name.startswith("utf-16") else name


def _decodes(body: bytes, encoding: str) -> bool:
    """Whether it does so without an error. The last character may have been cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(body, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(body: bytes) -> str:
    """The likeliest encoding by the letters that it gives."""
    sample = re.sub(rb"<[^>]*>", b" ", body)[:GUESSED_BYTES]
    best = charset_normalizer.from_bytes(sample, cp_isolation=sorted(KNOWN - {"utf-16-le", "utf-16-be"})).best()
    return (known(best.encoding) if best else "") or "cp1252"
