"""Which links of an answer ask before they lead away: a rule on plain strings.

A model that obeys a hostile page can write any link. One asks first where

- its words name a host, and it leads to another: neither that one, nor one above or below it (docs.example.org for
  example.org), `www.` aside. Names of files and functions, README.md and Array.map(), are no hosts;
- its address has user:password@, an odd port, a number in place of a name, signs that names do not have, or a name
  whose letters mix scripts or all look Latin without being so;
- its address carries data: more than 100 characters of query and fragment, 200 with the usual marks of campaigns; a
  part of a path over 100, a path over 150; a long run of letters and digits without a word in it; letters written as
  %41 without need; or a host of such a length. Characters are counted as they are read, so that a title in any script
  is as long as it looks.

The address of a source is of the search's making, not of the model's, so it may carry what it likes. Its host counts
for nothing else, as the hostile page itself may be the source. A development server on the reader's own machine does
not ask where its address is written out. E-mail addresses never ask: their program shows them.
"""

import re
import unicodedata
from collections.abc import Container, Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from linkify_it.tlds import TLDS

QUERY_CHARACTERS = 100
QUERY_CHARACTERS_WITH_MARKS = 200
SEGMENT_CHARACTERS = 100
PATH_CHARACTERS = 150
LABEL_CHARACTERS = 40
HOST_CHARACTERS = 80
ESCAPES = 8
WORDS_CHARACTERS = 2_000

CAMPAIGN = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|igshid|si|ref|ref_src|source")
# A hash in a path has 64 signs, in a query the short ones have 32.
RUN_CHARACTERS_IN_PATH = 64
RUN_CHARACTERS_IN_QUERY = 32
RUN_IN_PATH = re.compile(rf"[A-Za-z0-9]{{{RUN_CHARACTERS_IN_PATH + 1}}}")
RUN_IN_QUERY = re.compile(rf"[A-Za-z0-9]{{{RUN_CHARACTERS_IN_QUERY + 1}}}")
CODED = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")

HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
NAMED = re.compile(
    r"(?P<sure>https?:/{1,3}|www\.)?(?<![\w-])(?P<host>(?:[\w-]{1,63}\.){1,8}(?:[^\W\d_]{2,24}|xn--[\w-]{1,59}|\d{1,3}))"
    r"(?!\.?[\w-]|\()",
    re.IGNORECASE,
)
PATH_BEGINS = re.compile(r"(?::\d{1,5})?[/?#]")
TOP_LEVELS = frozenset({*(name.lower() for name in TLDS), "example", "test", "invalid", "onion", "internal", "local"})
# Ends of names that are top levels too, and more often of files and functions.
OF_FILES = {"md", "py", "sh", "rs", "ps", "so", "cc", "pm", "mm", "zip", "mov"}
OF_CODE = {*OF_FILES, "java", "run", "map", "call", "next", "select", "style", "search", "show", "date"}
OF_PRODUCTS = frozenset({"asp.net", "vb.net", "ado.net", "ml.net"})
SECOND_LEVELS = frozenset({"com", "co", "org", "net", "gov", "gob", "gouv", "edu", "ac", "mil"})

LOOKALIKES = {
    **dict(zip("асԁеһіјӏорԛѕԝхуѵ", "acdehijlopqswxyv", strict=True)),
    **dict(zip("αικνορτυχ", "aiknoptux", strict=True)),
    **dict(zip("ıɡɑ", "iga", strict=True)),
}
LATIN = str.maketrans(LOOKALIKES)


def asks_first(words: str, address: str, sources: Container[str] = ()) -> bool:
    """Whether a link with these words to this address asks before it leads there.

    `sources` are the addresses of what the answer cites. Raises nothing: what cannot be read as an address asks.
    """
    if address.startswith("mailto:"):
        return False
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return True
    written_out = host in words and words.strip().rstrip("/") in address
    if written_out and LOOPBACK.fullmatch(host) and "@" not in parts.netloc:
        return carries_data(parts)
    if names_another(words, host) or disguised(parts, host, port):
        return True
    return address not in sources and carries_data(parts)


def names_another(words: str, host: str) -> bool:
    """Whether there is a host in the words of a link, and none of the same owner as `host`."""
    if "." not in words and "。" not in words and "．" not in words:
        return False
    target = readable(host).removeprefix("www.").rstrip(".")
    return any(not _related(name, target) for name in _named(words[:WORDS_CHARACTERS]))


def disguised(parts: SplitResult, host: str, port: int | None) -> bool:
    """Whether an address is written so that its host is easily taken for another, or has no name at all."""
    if "@" in parts.netloc or port not in (None, 80, 443) or not HOST.fullmatch(host):
        return True
    return bool(NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])) or looks_otherwise(host)


def looks_otherwise(host: str) -> bool:
    """Whether a part of a host mixes scripts, or has nothing but letters that look Latin before an ending that is."""
    if "xn--" not in host:
        return False
    *labels, top = host.rstrip(".").split(".")
    latin_top = not top.startswith("xn--")
    return any(_mixes_scripts(label) or (latin_top and _looks_latin(label)) for label in labels)


def carries_data(parts: SplitResult) -> bool:
    """Whether an address has room for what somebody said."""
    host, whole = parts.hostname or "", f"{parts.path}?{parts.query}#{parts.fragment}"
    if len(host) > HOST_CHARACTERS or any(len(label) > LABEL_CHARACTERS for label in host.split(".")):
        return True
    if "%" in whole and len(NEEDLESS.findall(whole)) > ESCAPES:
        return True
    # No part can be too long where the whole is short: decoding only shortens.
    if len(parts.path) > RUN_CHARACTERS_IN_PATH:
        segments = [unquote(segment) for segment in parts.path.split("/")]
        if sum(map(len, segments)) > PATH_CHARACTERS or any(map(_is_data, segments)):
            return True
    if len(parts.query) + len(parts.fragment) <= RUN_CHARACTERS_IN_QUERY:
        return False
    pairs = [(pair, bool(CAMPAIGN.fullmatch(pair.partition("=")[0].lower()))) for pair in parts.query.split("&")]
    counted = unquote("&".join(pair for pair, marks in pairs if not marks)) + unquote(parts.fragment)
    if len(counted) > QUERY_CHARACTERS or RUN_IN_QUERY.search(counted) or _is_coded(counted, 40):
        return True
    return len(unquote(parts.query)) + len(unquote(parts.fragment)) > QUERY_CHARACTERS_WITH_MARKS


def readable(host: str) -> str:
    """A host in the letters that its owner chose: xn-- taken apart, where it can be."""
    return ".".join(map(_readable, host.split("."))) if "xn--" in host else host


def _readable(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _named(words: str) -> Iterator[str]:
    """The hosts in the words of a link, as they are read: signs that nobody sees left out, and look-alikes as Latin."""
    if not words.isascii():
        shown = unicodedata.normalize("NFKC", words).replace("。", ".")
        words = "".join(sign for sign in shown if unicodedata.category(sign) != "Cf")
    for chunk in words.split():
        for found in NAMED.finditer(chunk):
            name = found["host"].lower().removeprefix("www.")
            latin = name if name.isascii() else name.translate(LATIN)
            if found["sure"] or _is_host(name):
                yield name
            elif latin.isascii() and _is_host(latin):
                yield latin
            else:
                continue
            # What follows is a path, as in github.com/a/socket.io.
            if PATH_BEGINS.match(chunk, found.end()):
                break


def _is_host(name: str) -> bool:
    """Whether a name with dots is that of a host, and not of a file, a function or a product."""
    *before, top = name.split(".")
    if top in OF_CODE:
        return len(before) > 1 and before[-1] in SECOND_LEVELS
    if top.isdigit():
        return len(before) == 3 and all(label.isdigit() for label in before)
    known = top if top.isascii() else "xn--" + top.encode("punycode").decode("ascii")
    return known in TOP_LEVELS and name not in OF_PRODUCTS


def _related(name: str, target: str) -> bool:
    """Whether a host that was named and the one that a link leads to are of one owner, as far as names tell."""
    name = readable(name).rstrip(".")
    if name == target or target.endswith("." + name) or name.endswith("." + target):
        return True
    # Scripts without spaces: "打开example.org".
    before = name.removesuffix(target)
    return before != name and unicodedata.category(before[-1]) == "Lo"


def _mixes_scripts(label: str) -> bool:
    # Japanese, Korean and Chinese are written in several, and with Latin letters among them.
    scripts = {_script(sign) for sign in readable(label) if sign.isalpha()}
    return len(scripts - {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"}) > 1


def _looks_latin(label: str) -> bool:
    return label.startswith("xn--") and readable(label).translate(LATIN).isascii()


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0].partition("-")[0]


def _is_data(segment: str) -> bool:
    return (
        len(segment) > SEGMENT_CHARACTERS
        or bool(RUN_IN_PATH.search(segment))
        or _is_coded(segment, RUN_CHARACTERS_IN_PATH + 1)
    )


def _is_coded(text: str, least: int) -> bool:
    """Whether a part of a text, at least so long, is in no words: base64 has hardly six small letters in a row."""
    for found in CODED.finditer(text) if len(text) >= least else ():
        run = found[0]
        if len(run) >= least and re.search("[A-Z]", run) and re.search(r"\d", run) and not re.search("[a-z]{6}", run):
            return True
    return False
