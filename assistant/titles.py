"""What a conversation is called until the person gives it a name."""

import re

TITLE_LENGTH = 60


def first_words(text: str) -> str:
    """A title of at most `TITLE_LENGTH` characters from what was said first, cut between words."""
    line = re.sub(r"[#*`>_\s]+", " ", text).strip()
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH - 1]
    words, _, _ = cut.rpartition(" ")
    return (words if len(words) > TITLE_LENGTH // 2 else cut).rstrip(" ,.;:-") + "…"
