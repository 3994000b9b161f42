"""Addresses of the web in what people write."""

import re

# What stands after an address, and is seldom its end.
AFTER = ".,;:!?'\"”’»)]}>*_。，、！？：；」』）"
MOST = 3
ADDRESS_CHARACTERS = 2000

WITH_SCHEME = rf"https?://[^\s<>\"`]{{1,{ADDRESS_CHARACTERS}}}"
HOST = r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?::\d{1,5})?"
PATH = rf"/[^\s<>\"`]{{0,{ADDRESS_CHARACTERS}}}"
# All that may be one: a page whose address was written so is opened where somebody asks for it.
ADDRESS = re.compile(rf"{WITH_SCHEME}|(?<![\w@.-]){HOST}(?:{PATH})?", re.IGNORECASE)
# What is one for sure, with a scheme, with "www.", or with a path: "Node.js" is none.
LINK = re.compile(
    rf"{WITH_SCHEME}|(?<![\w@.-])www\.[^\s<>\"`]{{1,{ADDRESS_CHARACTERS}}}|(?<![\w@./-]){HOST}{PATH}", re.IGNORECASE
)


def addresses_in(text: str) -> list[str]:
    """All that may be an address in a text, as it is written."""
    return [address.rstrip(AFTER) for address in ADDRESS.findall(text)]


def links_in(text: str) -> list[str]:
    """The first addresses in a text, at most `MOST`, each once, as they are written."""
    found = dict.fromkeys(link.rstrip(AFTER) for link in LINK.findall(text))
    return list(found)[:MOST]


def is_bare(text: str) -> bool:
    """Whether a message is nothing but addresses, so that it asks nothing yet."""
    rest, links = LINK.subn("", text)
    return links > 0 and not any(sign.isalnum() for sign in rest)


def without_links(text: str) -> str:
    """The words of a text beside its addresses."""
    return " ".join(LINK.sub(" ", text).split())
