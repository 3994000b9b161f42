"""An answer as it is read aloud: what a person would read out of it, in sentences. Code, addresses and marks go."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import get_language, gettext
from markdown_it.token import Token

from assistant import passages
from assistant.markdown.parser import Block
from assistant.markdown.parts import cleaned, next_part, without_thoughts
from assistant.pages.cleaning import clean_line, cut

# Half an hour of an answer.
MOST_CHARACTERS = 24_000
MOST_SENTENCES = 500
# Of answers that were read last: some 5 MB at most.
KEPT = 64
# Shorter ones are read with the next: "Dr." ends no sentence. Longer ones are cut, as the first words wait for them.
LEAST_LENGTH, MOST_LENGTH = 40, 300
ADDRESS = re.compile(r"(?:https?://|www\.)\S*[\w/]", re.IGNORECASE)
# What is left before a mark where the number of a source stood.
LOOSE_MARK = re.compile(r"\s+(?=[.,;:!?…])")
# A formula that is read as it is written.
SIMPLE_FORMULA = re.compile(r"[\w\s+=.,%-]{1,40}")


class Sentence(NamedTuple):
    """What is read in one breath, and the number of the top-level block of the answer that it stands in."""

    block: int
    text: str


def sentences(text: str, sources: int = 0) -> list[Sentence]:
    """The sentences of the Markdown `text`, which may cite so many `sources`; none where there is nothing to read.

    Raises nothing: every text is Markdown. The words are a model's, cleaned of what nobody sees.
    """
    return list(_sentences(cut(without_thoughts(cleaned(text)), MOST_CHARACTERS), sources, get_language() or ""))


@lru_cache(KEPT)
def _sentences(text: str, sources: int, _language: str) -> tuple[Sentence, ...]:
    """The same of a cleaned text. Kept, as each sentence that is read is looked up among all of them."""
    offset, number, found = 0, 0, list[Sentence]()
    while text and len(found) < MOST_SENTENCES:
        part = next_part(text, offset, sources, final=True)
        for block in part.blocks:
            found += _of_lines(number, _lines(block, part.source))
            number += 1
        text, offset = text[part.end :], offset + part.counted
        if part.plain_after:
            found += _of_lines(number, text.split("\n"))
            break
    return tuple(found[:MOST_SENTENCES])


def _of_lines(block: int, lines: Iterator[str] | Sequence[str]) -> list[Sentence]:
    return [Sentence(block, sentence) for line in lines for sentence in _cut(line)]


def _lines(block: Block, source: str) -> Iterator[str]:
    """What stands in lines of its own in a block, found in `source`: paragraphs, items, rows of a table."""
    if block.too_deep:
        yield from source.split("\n")[block.first : block.last]
        return
    row: list[str] | None = None
    for token in block.tokens:
        match token.type:
            case "inline" if row is not None:
                row.append(" ".join(_words(token.children or []).split()))
            case "inline":
                yield from _words(token.children or []).split("\n")
            case "fence" | "code_block":
                yield gettext("Code.")
            case "math_block":
                yield _formula(token)
            case "tr_open":
                row = []
            case "tr_close":
                yield ", ".join(filter(None, row or []))
                row = None


def _words(tokens: Sequence[Token]) -> str:
    """The words of a paragraph; the numbers of sources and footnotes are left out."""
    words = ""
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                words += token.content
            case "softbreak" | "hardbreak":
                words += "\n"
            case "math_inline" | "math_inline_double":
                words += _formula(token)
            case "picture":
                words += token.content or gettext("Picture")
    return words


def _formula(token: Token) -> str:
    return token.content.strip() if SIMPLE_FORMULA.fullmatch(token.content) else gettext("formula")


def _cut(line: str) -> Iterator[str]:
    """The sentences of a line."""
    words = clean_line(ADDRESS.sub(gettext("link"), line), MOST_CHARACTERS)
    piece = ""
    for sentence in _short(LOOSE_MARK.sub("", words)):
        if len(piece.strip()) >= LEAST_LENGTH or len(piece) + len(sentence) > MOST_LENGTH:
            yield from _readable(piece)
            piece = ""
        piece += sentence
    yield from _readable(piece)


def _short(words: str) -> Iterator[str]:
    """Sentences, in pieces where they are long: joined they are the words again."""
    for sentence in passages.sentences(words):
        rest = sentence
        while len(rest) > MOST_LENGTH:
            head = cut(rest, MOST_LENGTH)
            yield head
            rest = rest[len(head) :]
        yield rest


def _readable(piece: str) -> Iterator[str]:
    if any(letter.isalnum() for letter in piece):
        yield piece.strip()
