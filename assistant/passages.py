"""Passages: pieces of a page, compared with other words by the words that both share."""

import re
from functools import lru_cache
from typing import NamedTuple

from assistant.folding import normalized, words

# What is shown of a passage, in characters.
PASSAGE_CHARACTERS = 300
# Words of so many letters count.
SHORTEST = 4
# Of a long page this much is looked at.
PAGE_CHARACTERS = 50_000

# Pages of the turns that are under way; each takes up to 0.7 MB.
KEPT_PAGES = 32

# A sentence ends at its sign where a space follows, in scripts without spaces at once, and with its line.
SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=[.!?]\[\d\])(?=\s)|(?<=[。！？])(?!\[)|(?<=\n)")


# What begins a line in Markdown: of a list, a quote, a row.
LINE_MARK = re.compile(r"^\s*(?:[-*+>|]|\d{1,3}[.)])\s+")


class Passage(NamedTuple):
    """A piece of a page, and the words in it that count."""

    text: str
    terms: frozenset[str]


def sentences(text: str) -> list[str]:
    """The sentences of `text`, with all that stands between them: joined they are the text again."""
    return SENTENCE_END.split(text)


@lru_cache(maxsize=KEPT_PAGES)
def passages_of(text: str) -> tuple[Passage, ...]:
    """Pieces of a page, at most `PASSAGE_CHARACTERS` long: neighbouring sentences, cut where a paragraph ends.

    Of a long page this takes ten milliseconds; the same turn asks for it again, so it is kept for a short while.
    """
    found = []
    for line in text[:PAGE_CHARACTERS].split("\n"):
        if line.startswith("#"):
            # A heading says what follows, and nothing itself.
            continue
        paragraph, piece = LINE_MARK.sub("", line), ""
        for sentence in sentences(paragraph):
            if piece and len(piece) + len(sentence) > PASSAGE_CHARACTERS:
                found.append(piece)
                piece = ""
            piece += sentence
        found.append(piece)
    cut = (" ".join(piece.split()) for piece in found)
    return tuple(Passage(_shortened(piece), counted(piece)) for piece in cut if piece)


def counted(text: str) -> frozenset[str]:
    """The words of a text that count, folded: without case and accents. Scripts without spaces come in pairs."""
    found = set[str]()
    for word in words(normalized(text)):
        if word.is_run:
            found.update(word.terms)
        elif len(word.text) >= SHORTEST or word.text.isdigit():
            found.add(word.text)
    return frozenset(found)


def relevant(text: str, asked: str, size: int) -> str:
    """At most `size` bytes of a page: its beginning, and the passages that share most words with what is asked."""
    if len(text.encode(errors="replace")) <= size:
        return text
    passages = passages_of(text)
    wanted = counted(asked)
    ranked = sorted(range(len(passages)), key=lambda place: (place > 0, -len(passages[place].terms & wanted), place))
    kept = list[int]()
    for place in ranked:
        length = len(passages[place].text.encode(errors="replace")) + 1
        if length <= size:
            kept.append(place)
            size -= length
    return "\n".join(passages[place].text for place in sorted(kept))


def _shortened(text: str) -> str:
    """`text` cut between words where it is longer than a passage is shown."""
    if len(text) <= PASSAGE_CHARACTERS:
        return text
    return text[:PASSAGE_CHARACTERS].rpartition(" ")[0].rstrip(" ,;:") + "…"
