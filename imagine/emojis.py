"""Emoji as their names, for what reads letters only: text encoders, and the list of refused words."""

import re

import emoji

# Two of these letters are the flag of a country, whose name alone would be drawn as a place.
REGIONAL = re.compile("[\N{REGIONAL INDICATOR SYMBOL LETTER A}-\N{REGIONAL INDICATOR SYMBOL LETTER Z}]")
BLANK_BEFORE_MARK = re.compile(r" (?=[,.;:!?)])")


def named(text: str) -> str:
    """`text` with each emoji as the English name that Unicode gives it: a fox for its face. Others stay as they are."""
    spoken = emoji.replace_emoji(text, replace=_name)
    return text if spoken == text else BLANK_BEFORE_MARK.sub("", " ".join(spoken.split()))


def _name(signs: str, data: dict[str, str]) -> str:
    name = data["en"].strip(":").replace("_", " ")
    return f" flag of {name} " if REGIONAL.match(signs) else f" {name} "
