"""Titles of conversations that no person has named: the first words, then one from the model."""

import re

TITLE_LENGTH = 60
MARKUP = re.compile(r"[#*`>_\s]+")


def first_words(text: str) -> str:
    """A title of at most `TITLE_LENGTH` characters from the first message, cut between words."""
    line = MARKUP.sub(" ", text).strip()
    if len(line) <= TITLE_LENGTH:
        return line
    head = line[:TITLE_LENGTH]
    words, _, _ = head.rpartition(" ")
    return (words if len(words) > TITLE_LENGTH // 2 else head[:-1]).rstrip(" ,.;:-") + "…"


def clean_title(answer: str) -> str:
    """The title in a model's answer: its first line without quotes; empty where that is too long or blank."""
    lines = [line for line in answer.splitlines() if line.strip()]
    line = MARKUP.sub(" ", lines[0]).strip(" \"'“”«».:") if lines else ""
    line = re.sub(r"^title:\s*", "", line, flags=re.IGNORECASE).strip(" \"'“”«»")
    return line if 0 < len(line) <= TITLE_LENGTH else ""
